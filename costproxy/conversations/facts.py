"""What is kept of a message once it was read: digests and sizes."""

import msgspec

from costproxy.conversations.canonical import Kind
from costproxy.model import Part

PARTS = tuple(Part)
PLACE = {part: place for place, part in enumerate(PARTS)}
TELLING = 24  # characters that tell a thread
MOST_TEXT = 255  # characters that are told; what is longer is told as this


class Facts(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A message's digest and sizes: numbers and tuples of numbers alone, so the collector need not look at it."""

    size: int  # bytes of its JSON
    kind: Kind
    digest: int
    part: int  # its own place in `PARTS`
    tokens: int  # estimated, of that part
    more: tuple[tuple[int, int], ...] = ()  # parts and tokens of pictures and the like
    length: int = 0  # characters that tell it from others, at most `MOST_TEXT`
    makes: tuple[int, ...] = ()  # digests of the ids of the tool calls it makes
    answers: tuple[int, ...] = ()  # digests of the ids of the calls whose results it brings; 0: it has none
    piecemeal: bool = False  # one piece of a reply, which may have several
    refers: bool = False  # it stands for something the API has stored
    loose: bool = False  # it is no link of the chain by itself: instructions, asides, pieces

    @property
    def all_tokens(self) -> int:
        """Of all parts."""
        return self.tokens + sum(tokens for _, tokens in self.more)
