"""What counting a prompt, or a reply, came to."""

from dataclasses import dataclass

from costproxy.tokens.counting import Gap
from costproxy.tokens.part import Part

_BYTES_PER_TOKEN = 4
_SAMPLE, _SAMPLES = 1024, 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Tokens as counted by us, and what could not be counted."""

    counted: int = 0  # tokens, framing and media included
    text_bytes: int = 0  # UTF-8 bytes of texts that were not counted
    uncounted: int = 0  # things whose size is not known: remote pictures, files, what the provider keeps
    media: int = 0  # pictures and recordings that were counted
    slack: int = 0  # tokens by which the count may be off beside what is usual
    gap: Gap | None = None  # why there are texts that were not counted; None: there are none
    known: bool = True  # the model's vocabulary and framing are its own; False: stand-ins

    @property
    def tokens(self) -> int:
        """The best guess: what was counted, and a token for every four bytes that were not."""
        return max(0, self.counted) + self.text_bytes // _BYTES_PER_TOKEN

    def plus(self, part: Part, tokens: int | None, gap: Gap | None = None) -> "Count":
        """Return this count with `part` added, whose texts are `tokens` (None: not counted, for `gap`)."""
        missing = sum(map(utf8_length, part.texts)) if tokens is None else 0
        return Count(
            counted=self.counted + part.fixed + (tokens or 0),
            text_bytes=self.text_bytes + missing,
            uncounted=self.uncounted + part.uncounted,
            media=self.media + part.media,
            slack=self.slack + part.slack,
            gap=self.gap or gap,
            known=self.known,
        )


def utf8_length(text: str) -> int:
    """Return the bytes of `text` in UTF-8: exactly, but for long texts by samples, in bounded time."""
    if text.isascii():
        return len(text)
    if len(text) <= _SAMPLE * _SAMPLES:
        return len(text.encode("utf-8", "surrogatepass"))
    step = len(text) // _SAMPLES
    sample = "".join(text[start : start + _SAMPLE] for start in range(0, step * _SAMPLES, step))
    return len(text) * len(sample.encode("utf-8", "surrogatepass")) // len(sample)
