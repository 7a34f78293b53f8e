"""Plain prices of a model, for calculations; they stand where any price function may."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Self

from costproxy.model import TokenKind, Usage
from costproxy.model.money import per_token
from costproxy.model.usage import COMPLETION_KINDS

_READS = frozenset({TokenKind.CACHE_READ, TokenKind.AUDIO_CACHE_READ})
_WRITES = frozenset({TokenKind.CACHE_WRITE, TokenKind.CACHE_WRITE_1H})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Prices in p$ per token."""

    input: Fraction
    output: Fraction
    cache_read: Fraction
    cache_write: Fraction

    @classmethod
    def per_million(cls, *, input: str, output: str, read: str | None = None, write: str | None = None) -> Self:  # noqa: A002
        """Return the rates of prices in $ per million tokens; what a cache does costs as input unless said.

        Raises:
            ValueError: a text is no price.
        """
        return cls(
            input=per_token(input),
            output=per_token(output),
            cache_read=per_token(input if read is None else read),
            cache_write=per_token(input if write is None else write),
        )

    def __call__(self, usage: Usage) -> int:
        """Return what a request of such usage costs, p$, rounded once, half-even."""
        return round(sum((self._rate(kind) * count for kind, count in usage.by_kind() if count), Fraction(0)))

    def _rate(self, kind: TokenKind) -> Fraction:
        if kind in COMPLETION_KINDS:
            return self.output
        return self.cache_read if kind in _READS else self.cache_write if kind in _WRITES else self.input
