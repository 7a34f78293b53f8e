"""Bills that providers stated, against what usage and prices give.

The bills are recorded replies outside the project; `COSTPROXY_DATA` names the folder that holds them.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from costproxy.model.money import Cost, parse_dollars, pico
from costproxy.pricing.prices import Names, Prices
from costproxy.pricing.reported import reported_cost
from costproxy.pricing.units import units_of
from costproxy.wire.usage import normal_form
from tests.support.data import needed

FILE = needed("cost-oracle.jsonl")
DIALECTS = {"openrouter.ai": "openrouter", "api.perplexity.ai": "perplexity", "api.x.ai": "xai"}
UNDATED = datetime(2026, 8, 1, tzinfo=UTC)
GRAINS = ("0.000001", "0.00001", "0.001")  # Perplexity rounds each part, not always alike
PERPLEXITY = {"input": "input_tokens_cost", "output": "output_tokens_cost", "request": "request_cost"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    dialect: str
    model: str
    usage: dict[str, Any]
    stated: int  # p$
    at: datetime
    cost: Cost  # with the reported cost kept out

    @property
    def cause(self) -> str:
        """Why the computed cost is not the stated one."""
        if self.cost.computed == self.stated:
            return "equal"
        if self.cost.computed is None:
            return self.cost.reason or "unknown"
        if (self.usage.get("server_tool_use_details") or {}).get("web_search_requests"):
            return "a tool's fee"
        details = self.usage.get("cost_details") or {}
        inference = parse_dollars(details.get("upstream_inference_cost"))
        if inference is not None and pico(inference) != self.stated:
            return "a tool's fee"
        return "the price of a sub-provider or of another time"


def tokens(usage: dict[str, Any], dialect: str, model: str) -> dict[str, int]:
    """Return the usage by kind. xAI bills every cached token it reports, even beyond the prompt."""
    normal = normal_form(usage, dialect=dialect, model=model)
    assert normal is not None
    kinds = {kind.value: count for kind, count in normal.by_kind()}
    if dialect == "xai":
        details = usage.get("prompt_tokens_details") or usage.get("input_tokens_details") or {}
        kinds["cache_read"] = details.get("cached_tokens", kinds["cache_read"])
    return kinds


def moment(recorded: str | None) -> datetime:
    found = parsedate_to_datetime(recorded) if recorded else UNDATED
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def read(prices: Prices) -> Iterator[Bill]:
    for line in FILE.read_text().splitlines():
        row = json.loads(line)
        dialect = DIALECTS.get(row["host"])
        if dialect is None:
            continue  # a gateway's estimate is no bill
        usage, at = row["usage"], moment(row["recorded"])
        stated = parse_dollars(row["stated_cost_usd"])
        assert stated is not None
        cost = prices.cost(
            tokens(usage, dialect, row["model"]),
            Names(dialect=dialect, served=row["model"]),
            at=at,
            service_tier=usage.get("service_tier"),
            units=units_of(usage),
        )
        yield Bill(dialect=dialect, model=row["model"], usage=usage, stated=pico(stated), at=at, cost=cost)


@pytest.fixture(scope="module")
def bills(prices: Prices) -> list[Bill]:
    return list(read(prices))


def test_xais_bills_are_what_usage_and_prices_give(bills: list[Bill]) -> None:
    priced = [bill for bill in bills if bill.dialect == "xai" and bill.cost.computed is not None]
    equal = [bill for bill in priced if bill.cause == "equal"]
    print(f"\nxAI: {len(equal)} of {len(priced)} priced bills equal")
    assert len(priced) >= 140
    assert len(equal) >= 0.98 * len(priced)


def test_openrouters_bills_are_what_usage_and_prices_give_or_the_cause_is_known(bills: list[Bill]) -> None:
    causes = Counter(bill.cause for bill in bills if bill.dialect == "openrouter")
    print("\nOpenRouter:", *(f"{count:>5}  {cause}" for cause, count in causes.most_common()), sep="\n")
    for bill in bills:
        if bill.dialect == "openrouter" and bill.cause != "equal":
            print(
                f"  {bill.model}: stated {bill.stated} p$, computed {bill.cost.computed}: {bill.cause}{implied(bill)}"
            )
    assert causes["equal"] >= 0.97 * causes.total()
    assert causes["unknown model"] == 0


def implied(bill: Bill) -> str:
    """Return the prices, $ per million tokens, that the bill's own split into prompt and completion shows."""
    details = bill.usage.get("cost_details") or {}
    split = (
        ("upstream_inference_prompt_cost", "prompt_tokens"),
        ("upstream_inference_completions_cost", "completion_tokens"),
    )
    prices = [f"{details[cost] * 1e6 / bill.usage[count]:.4g}" for cost, count in split if cost in details]
    return f", billed at {' in, '.join(prices)} out" if prices else ""


def test_perplexitys_bills_differ_by_their_rounding_only(bills: list[Bill]) -> None:
    ours = [bill for bill in bills if bill.dialect == "perplexity"]
    grains = Counter(grain(bill) for bill in ours)
    print("\nPerplexity, dollars to which each part is rounded:", dict(grains))
    assert len(ours) >= 150
    assert None not in grains


def grain(bill: Bill) -> str | None:
    """Return the finest rounding under which every part of a bill is what we compute."""
    assert set(bill.cost.parts) == set(PERPLEXITY)
    stated = {kind: parse_dollars(bill.usage["cost"][field]) for kind, field in PERPLEXITY.items()}
    off = max(abs(pico(part or Decimal(0)) - bill.cost.parts[kind]) for kind, part in stated.items())
    return next((text for text in GRAINS if off <= pico(Decimal(text)) // 2), None)


def test_every_bill_is_kept_as_it_was_stated(bills: list[Bill], prices: Prices) -> None:
    for bill in bills:
        reported = reported_cost(bill.usage, dialect=bill.dialect)
        names = Names(dialect=bill.dialect, served=bill.model)
        cost = prices.cost(tokens(bill.usage, bill.dialect, bill.model), names, at=bill.at, reported=reported)
        assert cost.total == cost.reported == bill.stated
        assert sum(cost.parts.values()) == bill.stated
