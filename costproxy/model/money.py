"""Money: whole pico-dollars, rounded once per request.

A pico-dollar (p$) is 10⁻¹² US dollars, so a price of $1 per million tokens is 10⁶ p$ a token and one tick of xAI's
bills is 100 p$. Every price anybody lists is a whole number of them or a short fraction; sums stay exact.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType
from typing import Any

PICO = 10**12  # p$ in a dollar
PICO_PER_TICK = 100  # xAI: 10¹⁰ ticks in a dollar
MILLION = 10**6

OTHER = "other"  # the part of a reported cost that no token kind explains: tools, fees

_MOST_DOLLARS = Decimal(10) ** 9
_LEAST_EXPONENT = -60


class CostSource(StrEnum):
    """Who said what a request cost."""

    REPORTED = "reported"  # the biller, in its reply
    OPERATOR = "operator"  # computed from the operator's own prices
    CATALOGUE = "catalogue"  # computed from the prices in the package
    UNKNOWN = "unknown"
    NOT_BILLED = "not_billed"  # documented as free, such as a rejected request


class CostQuality(StrEnum):
    """How far an amount can be trusted; it is never better than the token counts it was computed from."""

    EXACT = "exact"
    ADJUSTED = "adjusted"  # from usage that contradicted itself and was repaired
    ESTIMATED = "estimated"  # from our own token count
    UNKNOWN = "unknown"
    NOT_BILLED = "not_billed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceReference:
    """Which line of which price list an amount was computed from."""

    model: str  # as the price list calls it, with the provider in front: "openai/gpt-4o"
    row: str  # id of the price row, "openai/gpt-4o#1"; rows are never edited
    since: str | None = None  # ISO date or moment, UTC; None means that the start is not known
    catalogue: str | None = None  # version of the catalogue; None for the operator's own prices


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one request cost, in p$; None means unknown and is never 0.

    Raises:
        ValueError: the parts do not add up to the total.
    """

    total: int | None
    parts: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))  # kind -> p$, sums to `total`
    source: CostSource
    quality: CostQuality
    reported: int | None = None  # what the biller said, whatever `total` is
    reported_text: str | None = None  # the biller's own digits
    computed: int | None = None  # what usage and prices give, whatever `total` is
    price: PriceReference | None = None  # behind `computed`
    reason: str | None = None  # why `computed` is None

    def __post_init__(self) -> None:
        if sum(self.parts.values()) != (self.total or 0):
            raise ValueError(f"cost: parts add up to {sum(self.parts.values())} p$, expected {self.total}")

    @property
    def dollars(self) -> Decimal | None:
        """The total in dollars, exactly."""
        return None if self.total is None else Decimal(self.total).scaleb(-12)


def not_billed() -> Cost:
    """Return the cost of a request that is documented as free: nothing, and known to be nothing."""
    return Cost(total=0, source=CostSource.NOT_BILLED, quality=CostQuality.NOT_BILLED, reason="not billed")


def parse_ticks(value: Any) -> Decimal | None:
    """Return a number of xAI's ticks that can be believed, else None; see `parse_dollars`."""
    return _amount(value, _MOST_DOLLARS * (PICO // PICO_PER_TICK))


def parse_dollars(value: Any) -> Decimal | None:
    """Return an amount of dollars that can be believed, else None.

    Whole, decimal and text forms are believed, floats by their shortest digits; not booleans, negative or
    non-finite numbers, nor more than a billion.
    """
    return _amount(value, _MOST_DOLLARS)


def _amount(value: Any, most: Decimal) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        amount = Decimal(repr(value) if isinstance(value, float) else value)
    except InvalidOperation:
        return None
    if not amount.is_finite() or amount < 0 or amount > most:
        return None
    return Decimal(0) if amount.adjusted() < _LEAST_EXPONENT else amount


def pico(dollars: Decimal) -> int:
    """Return whole p$, half-even."""
    return round(Fraction(dollars) * PICO)


def per_token(dollars_per_million: str) -> Fraction:
    """Return p$ per token of a price in $ per million tokens.

    Raises:
        ValueError: the text is no price.
    """
    return Fraction(_price(dollars_per_million)) * PICO / MILLION


def per_unit(dollars: str) -> Fraction:
    """Return p$ per unit of a price in $ per unit, such as a request.

    Raises:
        ValueError: the text is no price.
    """
    return Fraction(_price(dollars)) * PICO


def _price(text: str) -> Decimal:
    amount = parse_dollars(text)
    if amount is None:
        raise ValueError(f'price: expected dollars as decimal text, got "{text}"')
    return amount


def distribute(parts: Mapping[str, Fraction]) -> dict[str, int]:
    """Return whole p$ per part whose sum is the sum of `parts`, rounded once, half-even.

    Every part gets its whole p$; what is missing to the rounded sum goes, one p$ each, to the parts with the
    largest remainders, in the order of `parts` where they are equal. None must be negative.
    """
    if all(amount.denominator == 1 for amount in parts.values()):  # nothing to round, as nearly always
        return {kind: amount.numerator for kind, amount in parts.items()}
    whole = {kind: amount.numerator // amount.denominator for kind, amount in parts.items()}
    missing = round(sum(parts.values(), Fraction(0))) - sum(whole.values())
    by_remainder = sorted(parts, key=lambda kind: whole[kind] - parts[kind])
    for kind in by_remainder[:missing]:
        whole[kind] += 1
    return whole


def attribute(total: int, computed: Mapping[str, int] | None) -> dict[str, int]:
    """Return parts of a reported `total`, led by the parts computed from a price list, if there are any.

    A reported cost above the computed one has something the token kinds do not explain, which becomes `OTHER`;
    one below it is a discount on everything, so the computed parts shrink in proportion.
    """
    list_price = sum(computed.values()) if computed else 0
    if not computed or not list_price:
        return {OTHER: total} if total else {}
    if total >= list_price:
        return {**computed, OTHER: total - list_price} if total > list_price else dict(computed)
    return distribute({kind: Fraction(amount * total, list_price) for kind, amount in computed.items()})
