"""Raw usage blocks and what they cost in dollars, worked out by hand from the providers' price lists."""

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from costproxy.meter import Meter
from costproxy.model import CostQuality, CostSource
from tests.meter.bodies import SUNDAY, moment, reply_body, request_body, seen


def block(prompt: int, completion: int, *, cached: int = 0, **more: Any) -> dict[str, Any]:
    """Return a usage block in OpenAI's shape, cached tokens inside the prompt, without a total."""
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "prompt_tokens_details": {"cached_tokens": cached},
        **more,
    }


def written(prompt: int, completion: int, count: int, *, cached: int = 0) -> dict[str, Any]:
    details = {"cached_tokens": cached, "cache_write_tokens": count}
    return block(prompt, completion) | {"prompt_tokens_details": details}


@dataclass(frozen=True, kw_only=True)
class Bill:
    dialect: str
    model: str
    usage: dict[str, Any]
    dollars: str
    source: CostSource = CostSource.CATALOGUE
    quality: CostQuality = CostQuality.EXACT
    at: str = SUNDAY
    tier: str | None = None  # at the top of the reply


def openai(model: str, usage: dict[str, Any], dollars: str, **more: Any) -> Bill:
    return Bill(dialect="openai", model=model, usage=usage, dollars=dollars, **more)


def claude(usage: dict[str, Any], dollars: str) -> Bill:
    return Bill(dialect="generic", model="claude-sonnet-4-5", usage=usage, dollars=dollars)


def xai(usage: dict[str, Any], dollars: str, **more: Any) -> Bill:
    return Bill(dialect="xai", model="grok-4.3", usage=usage, dollars=dollars, **more)


def flash(at: str, dollars: str) -> Bill:
    usage = {"prompt_tokens": 1000, "completion_tokens": 50, "total_tokens": 1050}
    usage |= {"prompt_cache_hit_tokens": 900, "prompt_cache_miss_tokens": 100}
    return Bill(dialect="deepseek", model="deepseek-v4-flash", usage=usage, dollars=dollars, at=at)


def router(usage: dict[str, Any], dollars: str, model: str = "anthropic/claude-sonnet-4.6") -> Bill:
    return Bill(dialect="openrouter", model=model, usage=usage, dollars=dollars, source=CostSource.REPORTED)


def sonar(usage: dict[str, Any], dollars: str, **more: Any) -> Bill:
    return Bill(dialect="perplexity", model="sonar", usage=usage, dollars=dollars, **more)


THINKING = {"completion_tokens_details": {"reasoning_tokens": 448}}
HOURS = {
    "cache_creation_input_tokens": 1500,
    "cache_creation": {"ephemeral_5m_input_tokens": 500, "ephemeral_1h_input_tokens": 1000},
}
GROK = block(218, 410, cached=192, total_tokens=628)
LONG_AGO, BEFORE = "2025-06-09T23:59", "2026-08-01T00:00"
REPORTED, ADJUSTED = CostSource.REPORTED, CostQuality.ADJUSTED

BILLS = {
    "plain": openai("gpt-4o", block(1000, 100), "0.0035"),
    "a dated snapshot": openai("gpt-4o-2024-08-06", block(10, 5), "0.000075"),
    "a million": openai("gpt-4o-mini", block(1_000_000, 1), "0.1500006"),
    "the cached ones are part of the prompt": openai("gpt-4o", block(1000, 100, cached=800), "0.0025"),
    "all cached": openai("gpt-4o", block(1024, 1, cached=1024), "0.00129"),
    "cached at a quarter": openai("gpt-4.1", block(2048, 64, cached=512), "0.00384"),
    "a gateway's estimate is no bill": openai("gpt-4o", block(1000, 100, cost=9), "0.0035"),
    "reasoning inside": openai("gpt-5", block(100, 500, total_tokens=600, **THINKING), "0.005125"),
    "flex": openai("gpt-5", block(100, 500), "0.0025625", tier="flex"),
    "priority": openai("gpt-5", block(100, 500), "0.01025", tier="priority"),
    "default": openai("gpt-5", block(100, 500), "0.005125", tier="default"),
    "priority and cached": openai("gpt-5-mini", block(1124, 200, cached=1024), "0.00081108", tier="priority"),
    "cache written": openai("gpt-5.6-sol", written(4020, 5, 4012), "0.020192"),
    "cache written before the price fell": openai("gpt-5.6-sol", written(4020, 5, 4012), "0.025265", at=BEFORE),
    "cache read": openai("gpt-5.6-sol", block(4020, 5, cached=4012), "0.0017368"),
    "at the threshold": openai("gpt-5.6-sol", block(272_000, 1000), "1.108"),
    "one above the threshold": openai("gpt-5.6-sol", block(272_001, 1000), "2.206008"),
    "cached ones reach the threshold": openai("gpt-5.6-sol", block(300_000, 10, cached=200_000), "0.9603"),
    "flex of a later price": openai("gpt-5.6-sol", block(100, 10), "0.0003", tier="flex"),
    "before a price cut": openai("o3", block(100, 10), "0.0014", at=LONG_AGO),
    "after a price cut": openai("o3", block(100, 10), "0.00028"),
    "audio in and out": openai(
        "gpt-audio",
        block(100, 50, completion_tokens_details={"audio_tokens": 30})
        | {"prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 69}},
        "0.0044055",
    ),
    "audio in": Bill(
        dialect="gemini",
        model="gemini-2.5-flash",
        usage=block(300, 10) | {"prompt_tokens_details": {"audio_tokens": 200}},
        dollars="0.000255",
    ),
    "long": Bill(dialect="gemini", model="gemini-2.5-pro", usage=block(200_001, 100), dollars="0.5015025"),
    "thinking that only the total shows": Bill(
        dialect="gemini",
        model="gemini-2.5-pro",
        usage=block(66, 6, total_tokens=100),
        dollars="0.0004225",
        quality=ADJUSTED,
    ),
    "written for five minutes": claude(block(2000, 100, cache_creation_input_tokens=1500), "0.008625"),
    "written for an hour": claude(block(2000, 100, **HOURS), "0.010875"),
    "read and written": claude(written(3000, 10, 500, cached=2000), "0.004125"),
    "long by what was cached": claude(block(250_000, 100, cached=240_000), "0.20625"),
    "reasoning outside": xai(
        block(12, 1, total_tokens=241, completion_tokens_details={"reasoning_tokens": 228}), "0.0005875"
    ),
    "ticks": xai(GROK | {"cost_in_usd_ticks": 10_959_000}, "0.0010959", source=REPORTED),
    "ticks with a fee for a tool": xai(GROK | {"cost_in_usd_ticks": 60_959_000}, "0.0060959", source=REPORTED),
    "ticks of 0 are not reported": xai(GROK | {"cost_in_usd_ticks": 0}, "0.0010959"),
    "more read than the prompt holds": xai(block(351, 10, cached=514, total_tokens=361), "0.0001278", quality=ADJUSTED),
    "two searches": xai(GROK | {"server_side_tool_usage_details": {"web_search_calls": 2}}, "0.0110959"),
    "long from 200,000 on": xai(block(200_000, 10), "0.50005"),
    "a tier inside the usage": xai(block(100, 10, service_tier="batch"), "0.00012"),
    "the router's cost": router(written(3329, 53, 115, cached=3211) | {"cost": 0.00219855}, "0.00219855"),
    "a key of one's own": router(
        block(10, 10, cost=0, is_byok=True, cost_details={"upstream_inference_cost": 0.0003253}), "0.0003253"
    ),
    "a fee on a key of one's own": router(
        block(10, 10, cost=0.00001, is_byok=True, cost_details={"upstream_inference_cost": 0.0003253}), "0.0003353"
    ),
    "digits without end": router(block(10, 10, cost=0.0004970133333333333), "0.000497013333"),
    "a model that is free": router(block(10, 10, cost=0), "0"),
    "a weekend": flash(SUNDAY, "0.0000477"),
    "a peak of a weekday": flash("2026-11-23T02:00", "0.0000954"),
    "between the peaks": flash("2026-11-23T05:00", "0.0000477"),
    "before there were peaks": flash("2026-07-01T02:00", "0.00003052"),
    "cached at Mistral": Bill(
        dialect="mistral",
        model="mistral-large-latest",
        usage={"prompt_tokens": 1000, "completion_tokens": 10, "num_cached_tokens": 400},
        dollars="0.000335",
    ),
    "flex at Groq": Bill(
        dialect="groq", model="openai/gpt-oss-120b", usage=block(100, 100), dollars="0.000075", tier="flex"
    ),
    "a price per request": sonar(block(8, 100), "0.005108"),
    "a request with a wider search": sonar(block(8, 100, search_context_size="medium"), "0.008108"),
    "a request with its cost": sonar(block(8, 100, cost={"total_cost": 0.00511}), "0.00511", source=REPORTED),
}


@pytest.mark.parametrize("bill", BILLS.values(), ids=BILLS)
def test_a_bill_is_what_the_price_lists_make_of_it(meter: Meter, bill: Bill) -> None:
    tier = {"service_tier": bill.tier} if bill.tier else {}
    reply = reply_body(bill.usage, bill.model, **tier)
    cost = meter.turn(seen(reply, dialect=bill.dialect, started_at=moment(bill.at))).cost
    assert cost is not None
    assert cost.dollars == Decimal(bill.dollars)
    assert (cost.source, cost.quality) == (bill.source, bill.quality)
    assert sum(cost.parts.values()) == cost.total


@pytest.mark.parametrize("bill", BILLS.values(), ids=BILLS)
def test_the_total_is_the_reported_cost_or_the_computed_one_and_never_their_sum(meter: Meter, bill: Bill) -> None:
    cost = meter.turn(seen(reply_body(bill.usage, bill.model), dialect=bill.dialect)).cost
    assert cost is not None
    expected = cost.computed if cost.reported is None else cost.reported
    assert cost.total == expected
    assert (cost.source is REPORTED) == (cost.reported is not None)


def test_reported_and_computed_cost_are_kept_side_by_side(meter: Meter) -> None:
    reply = reply_body(GROK | {"cost_in_usd_ticks": 60_959_000}, "grok-4.3")
    cost = meter.turn(seen(reply, dialect="xai")).cost
    assert cost is not None
    assert (cost.reported, cost.computed) == (6_095_900_000, 1_095_900_000)
    assert cost.reported_text == "60959000"
    assert cost.parts["other"] == 5_000_000_000


def test_the_digits_of_the_biller_are_kept(meter: Meter) -> None:
    body = reply_body(block(10, 10, cost=1)).replace(b'"cost": 1', b'"cost": 0.0004970133333333333')
    cost = meter.turn(seen(body, dialect="openrouter")).cost
    assert cost is not None
    assert cost.reported_text == "0.0004970133333333333"


# -- by what served, when it began -----------------------------------------------------------------------------------


def test_the_model_that_served_is_priced_and_not_the_one_asked_for(meter: Meter) -> None:
    made = meter.turn(seen(reply_body(block(1000, 100), "gpt-4o-mini"), request_body("gpt-4o")))
    assert made.cost is not None
    assert made.cost.price is not None
    assert made.cost.price.model == "openai/gpt-4o-mini"


def test_the_tier_that_served_is_priced_and_not_the_one_asked_for(meter: Meter) -> None:
    asked = request_body("gpt-5", service_tier="priority")
    served = meter.turn(seen(reply_body(block(100, 500), "gpt-5", service_tier="default"), asked)).cost
    assert served is not None
    assert served.dollars == Decimal("0.005125")


def test_a_tier_without_a_price_is_unknown_and_not_priced_as_standard(meter: Meter) -> None:
    cost = meter.turn(seen(reply_body(block(100, 500), "gpt-4o", service_tier="ultrafast"))).cost
    assert cost is not None
    assert (cost.total, cost.source) == (None, CostSource.UNKNOWN)
    assert cost.reason == 'no price for service tier "ultrafast"'


@pytest.mark.parametrize(
    ("at", "row"),
    [
        ("2026-08-16T15:59", "1"),
        ("2026-08-16T16:00", "2"),
        ("2026-08-17T00:59", "2"),
        ("2026-08-17T01:00", "3"),
        ("2026-08-17T03:59", "3"),
        ("2026-08-17T04:00", "2"),
        ("2026-08-21T09:59", "3"),  # a Friday
        ("2026-08-22T02:00", "2"),  # a Saturday
        ("2026-09-10T00:00", "4"),
        ("2026-09-10T02:00", "5"),
    ],
)
def test_the_price_is_that_of_the_moment_at_which_the_request_began(meter: Meter, at: str, row: str) -> None:
    usage = block(1000, 50, cached=900)
    cost = meter.turn(seen(reply_body(usage, "deepseek-v4-flash"), dialect="deepseek", started_at=moment(at))).cost
    assert cost is not None
    assert cost.price is not None
    assert cost.price.row == f"deepseek/deepseek-v4-flash#{row}"


def test_there_are_forty_bills_at_least() -> None:
    assert len({json.dumps([bill.model, bill.usage, bill.at, bill.tier]) for bill in BILLS.values()}) >= 40
