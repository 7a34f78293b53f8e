"""The pieces that the tokens of a request are made of."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Something of a request or a reply that is counted as one: a message, the tool definitions.

    Never holds the data of an image, a recording or a file: that is counted by its size and is in `fixed`.
    """

    texts: tuple[str, ...] = ()  # each counted by itself
    fixed: int = 0  # tokens that need no counting: framing, images, audio; may be below 0 for corrections
    uncounted: int = 0  # things in it whose tokens cannot be told: files, remote images
    media: int = 0  # pictures and recordings whose tokens are in `fixed`
    slack: int = 0  # tokens by which the count of this part is known to be off at times
    render: Callable[[], Iterator[str]] | None = None  # makes the one text to count; `texts` then only stand for it

    @property
    def chars(self) -> int:
        """Characters of its texts; for a part that is rendered, of what stands for it, which is longer."""
        return sum(map(len, self.texts))


def joined(*parts: Part) -> Part:
    """Return the sum of `parts`, none of which may be a rendered one."""
    return Part(
        texts=tuple(text for part in parts for text in part.texts),
        fixed=sum(part.fixed for part in parts),
        uncounted=sum(part.uncounted for part in parts),
        media=sum(part.media for part in parts),
        slack=sum(part.slack for part in parts),
    )


NOTHING = Part()
UNCOUNTED = Part(uncounted=1)
