"""One request's usage times the prices in force."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from types import MappingProxyType

from costproxy.model.money import distribute
from costproxy.pricing.kinds import FALLBACKS, HOUR_WRITES, INPUTS, REQUEST, STANDARD_AT, STANDARD_TIERS, UNITS
from costproxy.pricing.rows import Price, PriceRow, Steps, row_at

_HOUR_WRITE = "cache_write_1h"
_NO_UNITS: Mapping[str, int] = MappingProxyType({})
_ONE = Fraction(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """A request times a price list; without a total, `reason` says why."""

    total: int | None  # p$; None means that some part has no price
    parts: Mapping[str, int]  # kind -> p$, kinds without tokens left out; sums to `total`, empty without one
    row: PriceRow | None = None  # the row of the service tier, if it has one, else the standard row
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """The prices in force for one request, whatever its usage will be; with a `reason` there are none."""

    rates: Mapping[str, Steps] = field(default_factory=lambda: MappingProxyType({}))
    row: PriceRow | None = None  # as `Priced.row`
    provider: str = ""
    multiplier: Fraction = _ONE
    reason: str | None = None

    def price(self, usage_by_kind: Mapping[str, int], units: Mapping[str, int] | None = None) -> Priced:
        """Return what a request costs, see `price_of`."""
        if self.reason is not None:
            return Priced(total=None, parts={}, row=self.row, reason=self.reason)
        amounts: dict[str, Price] = {}
        missing = []
        for kind, amount in self._amounts(_counts(usage_by_kind, units or _NO_UNITS)):
            if amount is None:
                missing.append(kind)
            else:
                amounts[kind] = amount
        if missing:
            return Priced(total=None, parts={}, row=self.row, reason=f"no price for {', '.join(missing)}")
        if self.multiplier is not _ONE and self.multiplier != 1:
            amounts = {kind: amount * self.multiplier for kind, amount in amounts.items()}
        parts = _rounded(amounts)
        return Priced(total=sum(parts.values()), parts=parts, row=self.row)

    def _amounts(self, counts: Mapping[str, int]) -> Iterator[tuple[str, Price | None]]:
        """Yield what each kind costs, p$, None where it has tokens and no price; kinds without tokens are left out."""
        total_input = sum([counts[kind] for kind in INPUTS if kind in counts])
        for kind, count in counts.items():
            if not count:
                continue
            price = self._price(kind, total_input)
            if price is not None:
                yield _series(kind), price * count
            elif kind.partition(":")[0] != REQUEST:  # hardly anybody charges for the request as such
                yield _series(kind), None

    def _price(self, kind: str, total_input: int) -> Price | None:
        """Return the price of a kind, or of what stands in for it, p$ per token or unit; None without one."""
        rates = self.rates
        while kind not in rates:
            if kind == _HOUR_WRITE and self.provider in HOUR_WRITES and "input" in rates:
                return HOUR_WRITES[self.provider] * _at_length(rates["input"], total_input)
            if kind not in FALLBACKS:
                return None
            kind = FALLBACKS[kind]
        return _at_length(rates[kind], total_input)


def tariff_of(
    rows: Iterable[PriceRow],
    *,
    at: datetime,
    service_tier: str | None = None,
    provider: str = "",
    multiplier: Fraction = _ONE,
) -> Tariff:
    """Return the prices of these rows that hold at a moment, for the tier that served."""
    moment = at.astimezone(UTC)
    tier = standardised(service_tier, provider)
    choices = tuple(rows)
    standard = row_at(choices, moment, tier=None)
    special = row_at(choices, moment, tier=tier) if tier else standard
    if standard is None or special is None:
        what = f'for service tier "{tier}"' if standard else "in force at that time" if choices else "known"
        return Tariff(row=standard, reason=f"no price {what}")
    rates = standard.rates if special is standard else {**standard.rates, **special.rates}
    return Tariff(rates=rates, row=special, provider=provider, multiplier=multiplier)


def price_of(
    usage_by_kind: Mapping[str, int],
    *,
    rows: Iterable[PriceRow],
    at: datetime,
    service_tier: str | None = None,
    provider: str = "",
    units: Mapping[str, int] | None = None,
    multiplier: Fraction = _ONE,
) -> Priced:
    """Return what a request that started at `at` costs by these price rows.

    `usage_by_kind` is disjoint (see `costproxy.pricing.kinds`), `service_tier` the one that served, `units` what is
    priced one by one (`{"web_search": 2}`); one request is assumed. Exact until the end, then rounded once.
    """
    tariff = tariff_of(rows, at=at, service_tier=service_tier, provider=provider, multiplier=multiplier)
    return tariff.price(usage_by_kind, units)


def standardised(tier: str | None, provider: str) -> str | None:
    """Return the service tier in small letters, None for all that cost the standard price."""
    name = (tier or "").lower()
    return None if name in STANDARD_TIERS or name in STANDARD_AT.get(provider, ()) else name


def _counts(usage_by_kind: Mapping[str, int], units: Mapping[str, int]) -> Mapping[str, int]:
    """Return all that is counted: one request, unless the units say themselves what kind of request it was."""
    sized = any(kind.partition(":")[0] == REQUEST for kind in units)
    return {**usage_by_kind, **units} if sized else {**usage_by_kind, REQUEST: 1, **units}


def _rounded(amounts: Mapping[str, Price]) -> Mapping[str, int]:
    whole = {kind: amount for kind, amount in amounts.items() if isinstance(amount, int)}
    if len(whole) == len(amounts):
        return whole
    return distribute({kind: Fraction(amount) for kind, amount in amounts.items()})


def _series(kind: str) -> str:
    return kind.partition(":")[0] if kind in UNITS else kind


def _at_length(steps: Steps, total_input: int) -> Price:
    """Return the price of the highest step that the total input exceeds; the base price comes first and always fits."""
    if len(steps) == 1:
        return steps[0][1]
    return [price for above, price in steps if total_input > above][-1]
