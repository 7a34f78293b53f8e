"""Say in words what would be used for a name, and why."""

from collections.abc import Iterator
from datetime import datetime
from types import MappingProxyType

from costproxy.model import Limits
from costproxy.pricing.catalogue import PriceLine
from costproxy.pricing.names import How, readings
from costproxy.pricing.override import Override
from costproxy.pricing.prices import Found, Names, Prices, sellers
from costproxy.pricing.rows import row_at

NOBODY = "nobody, as servers of one's own sell nothing"

_HOW = MappingProxyType(
    {
        How.EXACT: "the catalogue has it under this name",
        How.ALIAS: "the catalogue lists the name as another one of",
        How.OPERATOR: "the settings say that it is",
        How.PREFIX: "without the vendor or region in front; a regional surcharge is not included",
        How.SNAPSHOT: "a dated snapshot, priced as the undated name",
        How.FINE_TUNE: "fine-tuned, priced as fine-tunes of its base model",
        How.VARIANT: "a variant whose price is not listed; only the limits are known, of",
    }
)


def explain(prices: Prices, names: Names, *, at: datetime) -> list[str]:
    """Return lines on which model the names lead to, its limits and its prices; `*` marks those in force at `at`."""
    own, found = prices.override(names), prices.find(names)
    lines = [*_search(prices, names), *_result(found, own)]
    if own is not None:
        lines += _settings(own)
    lines.append(_limits(prices.limits(names)))
    if own is not None and own.prices is not None:
        return lines
    return [*lines, *_prices(found, at)]


def _search(prices: Prices, names: Names) -> Iterator[str]:
    for name in names.in_order():
        looked_in = sellers(names.dialect, name)
        yield f"{name}: looked for at {', '.join(looked_in) or NOBODY}"
        for reading in readings(name):
            for provider in looked_in:
                model = prices.catalogue.get(provider, reading.name)
                yield f"  {provider}/{reading.name} ({reading.how}): {'no' if model is None else model.id}"
                if model is not None:
                    return


def _result(found: Found | None, own: Override | None) -> Iterator[str]:
    if found is None:
        priced = own is not None and own.prices is not None
        yield "not in the catalogue" if priced else "unknown model: tokens are counted, the cost is unknown"
        return
    yield (
        f"{found.name}: {_HOW[found.how]} {found.model.id}"
        if found.priced
        else f"{found.name}: {_HOW[found.how]} {found.model.id}; the cost is unknown"
    )
    yield f"source: {found.model.source}"


def _settings(own: Override) -> Iterator[str]:
    yield f"settings for {own.model}:"
    if own.prices is not None:
        yield f"  prices: {_listed(dict(own.prices))}"
    if own.multiplier != 1:
        yield f"  times {own.multiplier}"


def _limits(limits: Limits) -> str:
    shown = (("context window", limits.context_window), ("input", limits.max_input), ("output", limits.max_output))
    return "limits: " + ", ".join(f"{name} {'unknown' if value is None else f'{value:,}'}" for name, value in shown)


def _prices(found: Found | None, at: datetime) -> Iterator[str]:
    if found is None or not found.priced:
        return
    rows = found.model.rows()
    in_force = [row_at(rows, at, tier=tier) for tier in {row.tier for row in rows}]
    active = {row.id for row in in_force if row is not None}
    for line in found.model.prices:
        yield f"{'*' if line.id in active else ' '} {_row(line)}"


def _row(line: PriceLine) -> str:
    since = f"since {line.since}" if line.since else "from the beginning"
    extra = "".join(f", {text}" for text in (line.tier, line.when) if text)
    return f"{line.id} {since}{extra}: {_listed(dict(line.prices))} (source: {line.source}, read {line.added})"


def _listed(prices: dict[str, str]) -> str:
    return "; ".join(f"{kind} {price}" for kind, price in prices.items())
