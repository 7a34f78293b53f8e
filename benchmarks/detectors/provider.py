"""A provider that bills, and caches what leads a prompt: from 1,024 tokens on, in steps of 128, for five minutes."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.identity.ask import Sent
from costproxy.model import Prompt, Usage

_BYTES_PER_TOKEN = 4
_LEAST = 1024  # tokens
_STEP = 128  # tokens
_KEPT = 300.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cached:
    pieces: Sequence[bytes]
    at: float


class Provider:
    """Remembers the last prompt of each conversation, byte for byte."""

    def __init__(self) -> None:
        self._cached: dict[str, _Cached] = {}

    def bill(self, sent: Sent, at: float) -> Usage:
        """Return what a request is billed."""
        pieces = _pieces(sent.prompt)
        prompt = sum(map(len, pieces)) // _BYTES_PER_TOKEN + 1
        cached = self._cached.get(sent.conversation)
        read = 0
        if cached is not None and at - cached.at <= _KEPT:
            read = _held(_common(pieces, cached.pieces) // _BYTES_PER_TOKEN)
        self._cached[sent.conversation] = _Cached(pieces=pieces, at=at)
        output = sum(len(reply.text) for reply in sent.replies) // _BYTES_PER_TOKEN + 1
        return Usage(input=prompt - read, cache_read=read, output=output)


def _held(tokens: int) -> int:
    return tokens // _STEP * _STEP if tokens >= _LEAST else 0


def _pieces(prompt: Prompt) -> list[bytes]:
    """Return what the model reads, in its order: tools, system prompt, messages."""
    return [bytes(piece) for piece in (prompt.tools, prompt.system, *prompt.messages) if piece is not None]


def _common(one: Sequence[bytes], other: Sequence[bytes]) -> int:
    """Return how many bytes lead both."""
    same = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            return same + _common_bytes(a, b)
        same += len(a)
    return same


def _common_bytes(a: bytes, b: bytes) -> int:
    return next((index for index, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
