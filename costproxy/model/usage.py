"""Token usage in one normal form: disjoint kinds, so that sums mean something."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class TokenKind(StrEnum):
    """The disjoint kinds of tokens; adding them up gives what was processed, nothing twice."""

    INPUT = "input"  # prompt tokens that no cache served
    CACHE_READ = "cache_read"
    CACHE_WRITE = "cache_write"
    CACHE_WRITE_1H = "cache_write_1h"  # written to be kept for an hour, where that has a price of its own
    AUDIO_INPUT = "audio_input"
    AUDIO_CACHE_READ = "audio_cache_read"
    IMAGE_INPUT = "image_input"
    OUTPUT = "output"  # completion tokens without reasoning, audio and images
    REASONING = "reasoning"
    AUDIO_OUTPUT = "audio_output"
    IMAGE_OUTPUT = "image_output"


PROMPT_KINDS = (
    TokenKind.INPUT,
    TokenKind.CACHE_READ,
    TokenKind.CACHE_WRITE,
    TokenKind.CACHE_WRITE_1H,
    TokenKind.AUDIO_INPUT,
    TokenKind.AUDIO_CACHE_READ,
    TokenKind.IMAGE_INPUT,
)
COMPLETION_KINDS = (TokenKind.OUTPUT, TokenKind.REASONING, TokenKind.AUDIO_OUTPUT, TokenKind.IMAGE_OUTPUT)


class UsageQuality(StrEnum):
    """How far a token count can be trusted."""

    EXACT = "exact"  # as the provider reported it
    ADJUSTED = "adjusted"  # reported, but it contradicted itself and was repaired
    ESTIMATED = "estimated"  # our own count


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one exchange, by disjoint kind."""

    input: int = 0
    cache_read: int = 0
    cache_write: int = 0
    cache_write_1h: int = 0
    audio_input: int = 0
    audio_cache_read: int = 0
    image_input: int = 0
    output: int = 0
    reasoning: int = 0
    audio_output: int = 0
    image_output: int = 0
    quality: UsageQuality = UsageQuality.EXACT
    anomalies: tuple[str, ...] = ()  # why the quality is `adjusted`

    @property
    def prompt(self) -> int:
        """All prompt tokens, cached or not."""
        return sum(getattr(self, kind) for kind in PROMPT_KINDS)

    @property
    def completion(self) -> int:
        """All completion tokens, reasoning included."""
        return sum(getattr(self, kind) for kind in COMPLETION_KINDS)

    def by_kind(self) -> Iterator[tuple[TokenKind, int]]:
        """Yield every kind with its count, zeros included."""
        for kind in TokenKind:
            yield kind, getattr(self, kind)
