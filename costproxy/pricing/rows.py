"""Price rows: what a model costs from a date on, and which rows hold at a moment."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction

from costproxy.model.money import per_token, per_unit
from costproxy.pricing.kinds import TOKENS, UNITS
from costproxy.pricing.windows import Window, parse_windows

_STEP = re.compile(r"(\S+) above (\d+)")
_BEGINNING = datetime.min.replace(tzinfo=UTC)

# p$ per token or unit; nearly every one is a whole number, and those are reckoned with ten times as fast.
Price = int | Fraction
# Price by total input: (tokens that must be exceeded, p$ per token), rising; the first is (-1, base price).
# A step re-prices the whole request.
Steps = tuple[tuple[int, Price], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRow:
    """One row of a price list."""

    id: str
    rates: Mapping[str, Steps]  # kind -> price steps, p$ per token or per unit
    since: datetime | None = None  # UTC, inclusive; None means that the start is not known
    since_text: str | None = None
    tier: str | None = None  # service tier; None is the standard one
    windows: tuple[Window, ...] = ()  # when it holds; empty means always

    def holds(self, at: datetime) -> bool:
        """Tell whether the row is in force at `at` (UTC)."""
        if self.since is not None and at < self.since:
            return False
        return not self.windows or any(window.holds(at) for window in self.windows)


def parse_row(
    *, row: str, prices: Mapping[str, str], since: str | None, tier: str | None, when: str | None
) -> PriceRow:
    """Return the row that a price list writes down as text.

    `prices` is `{kind: price}`, a price being `2.5` or `2.5, 5 above 272000`: $ per million tokens, or $ per unit
    for the kinds that are no tokens. `since` is an ISO date or moment in UTC.

    Raises:
        ValueError: a text has another form; the message begins with the row's id.
    """
    try:
        return PriceRow(
            id=row,
            rates={kind: parse_steps(kind, text) for kind, text in prices.items()},
            since=parse_since(since) if since else None,
            since_text=since,
            tier=tier,
            windows=parse_windows(when) if when else (),
        )
    except ValueError as error:
        raise ValueError(f"{row}: {error}") from error


def parse_since(text: str) -> datetime:
    """Return the moment, in UTC, of an ISO date or moment."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def parse_steps(kind: str, text: str) -> Steps:
    """Return the price steps of one kind, see `parse_row`."""
    if kind not in TOKENS and kind not in UNITS:
        raise ValueError(f'prices: expected one of {", ".join(TOKENS + UNITS)}, got "{kind}"')
    price = per_token if kind in TOKENS else per_unit
    base, *steps = text.split(", ")
    return ((-1, _whole(price(base))), *(_step(kind, step) for step in steps))


def _whole(price: Fraction) -> Price:
    return price.numerator if price.denominator == 1 else price


def _step(kind: str, text: str) -> tuple[int, Price]:
    found = _STEP.fullmatch(text)
    if found is None:
        raise ValueError(f'prices.{kind}: expected "5 above 272000", got "{text}"')
    return int(found[2]), _whole(per_token(found[1]))


def row_at(rows: Iterable[PriceRow], at: datetime, *, tier: str | None) -> PriceRow | None:
    """Return the row of a service tier in force at `at`, or None.

    The row with the latest start wins; of two with the same start, the one for certain times of the week; of two
    of those, the later in the list.
    """
    holding = [
        (row.since or _BEGINNING, bool(row.windows), place, row)
        for place, row in enumerate(rows)
        if row.tier == tier and row.holds(at)
    ]
    return max(holding, key=lambda found: found[:3])[3] if holding else None
