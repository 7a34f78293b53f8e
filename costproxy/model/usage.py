"""Token usage in one normal form: disjoint kinds, so that sums mean something."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class TokenKind(StrEnum):
    """The disjoint kinds of tokens; adding them up gives what was processed, nothing twice."""

    INPUT = "input"  # prompt tokens that no cache served
    CACHE_READ = "cache_read"
    CACHE_WRITE = "cache_write"
    OUTPUT = "output"  # completion tokens without reasoning
    REASONING = "reasoning"


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
    output: int = 0
    reasoning: int = 0
    quality: UsageQuality = UsageQuality.EXACT
    anomalies: tuple[str, ...] = ()  # why the quality is `adjusted`

    @property
    def prompt(self) -> int:
        """All prompt tokens, cached or not."""
        return self.input + self.cache_read + self.cache_write

    @property
    def completion(self) -> int:
        """All completion tokens, reasoning included."""
        return self.output + self.reasoning

    def by_kind(self) -> Iterator[tuple[TokenKind, int]]:
        """Yield every kind with its count, zeros included."""
        yield TokenKind.INPUT, self.input
        yield TokenKind.CACHE_READ, self.cache_read
        yield TokenKind.CACHE_WRITE, self.cache_write
        yield TokenKind.OUTPUT, self.output
        yield TokenKind.REASONING, self.reasoning
