"""One request's usage times the prices in force."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction

from costproxy.model.money import distribute
from costproxy.pricing.kinds import FALLBACKS, HOUR_WRITES, INPUTS, REQUEST, STANDARD_AT, STANDARD_TIERS, UNITS
from costproxy.pricing.rows import PriceRow, Steps, row_at

_HOUR_WRITE = "cache_write_1h"


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """A request times a price list; without a total, `reason` says why."""

    total: int | None  # p$; None means that some part has no price
    parts: Mapping[str, int]  # kind -> p$, kinds without tokens left out; sums to `total`, empty without one
    row: PriceRow | None = None  # the row of the service tier, if it has one, else the standard row
    reason: str | None = None


def price_of(
    usage_by_kind: Mapping[str, int],
    *,
    rows: Iterable[PriceRow],
    at: datetime,
    service_tier: str | None = None,
    provider: str = "",
    units: Mapping[str, int] | None = None,
    multiplier: Fraction = Fraction(1),
) -> Priced:
    """Return what a request that started at `at` costs by these price rows.

    `usage_by_kind` is disjoint (see `costproxy.pricing.kinds`), `service_tier` the one that served, `units` what is
    priced one by one (`{"web_search": 2}`); one request is assumed. Exact until the end, then rounded once.
    """
    moment = at.astimezone(UTC)
    tier = standardised(service_tier, provider)
    choices = tuple(rows)
    standard = row_at(choices, moment, tier=None)
    special = row_at(choices, moment, tier=tier) if tier else standard
    if standard is None or special is None:
        what = f'for service tier "{tier}"' if standard else "in force at that time" if choices else "known"
        return Priced(total=None, parts={}, row=standard, reason=f"no price {what}")
    rates = {**standard.rates, **special.rates}
    counts = {**usage_by_kind, REQUEST: 1, **(units or {})} if not _sized(units) else {**usage_by_kind, **(units or {})}
    found = list(_amounts(counts, rates, provider))
    missing = [kind for kind, amount in found if amount is None]
    if missing:
        return Priced(total=None, parts={}, row=special, reason=f"no price for {', '.join(missing)}")
    amounts = {kind: amount for kind, amount in found if amount is not None}
    if multiplier != 1:
        amounts = {kind: amount * multiplier for kind, amount in amounts.items()}
    parts = distribute(amounts)
    return Priced(total=sum(parts.values()), parts=parts, row=special)


def standardised(tier: str | None, provider: str) -> str | None:
    """Return the service tier in small letters, None for all that cost the standard price."""
    name = (tier or "").lower()
    return None if name in STANDARD_TIERS or name in STANDARD_AT.get(provider, ()) else name


def _sized(units: Mapping[str, int] | None) -> bool:
    """Tell whether the units say themselves what kind of request it was."""
    return any(kind.partition(":")[0] == REQUEST for kind in units or ())


def _amounts(
    counts: Mapping[str, int], rates: Mapping[str, Steps], provider: str
) -> Iterator[tuple[str, Fraction | None]]:
    """Yield what each kind costs, p$, None where it has tokens and no price; kinds without tokens are left out."""
    total_input = sum(counts.get(kind, 0) for kind in INPUTS)
    for kind, count in counts.items():
        price = _price(kind, rates, provider, total_input)
        if kind.partition(":")[0] == REQUEST and price is None:
            continue  # hardly anybody charges for the request as such
        if count:
            yield _series(kind), None if price is None else price * count


def _series(kind: str) -> str:
    return kind.partition(":")[0] if kind in UNITS else kind


def _price(kind: str, rates: Mapping[str, Steps], provider: str, total_input: int) -> Fraction | None:
    """Return the price of a kind, or of the kind that stands in for it, p$ per token or unit; None without one."""
    while kind not in rates:
        if kind == _HOUR_WRITE and provider in HOUR_WRITES and "input" in rates:
            return HOUR_WRITES[provider] * _at_length(rates["input"], total_input)
        if kind not in FALLBACKS:
            return None
        kind = FALLBACKS[kind]
    return _at_length(rates[kind], total_input)


def _at_length(steps: Steps, total_input: int) -> Fraction:
    """Return the price of the highest step that the total input exceeds; the base price comes first and always fits."""
    return [price for above, price in steps if total_input > above][-1]
