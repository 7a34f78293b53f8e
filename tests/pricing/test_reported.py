from datetime import UTC, datetime

import pytest

from costproxy.model.money import OTHER, CostQuality, CostSource
from costproxy.pricing.prices import Names
from costproxy.pricing.reported import reported_cost
from costproxy.pricing.units import units_of

AT = datetime(2026, 8, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("dialect", "usage", "total"),
    [
        ("xai", {"cost_in_usd_ticks": 10_959_000, "prompt_tokens": 218}, 1_095_900_000),
        ("xai", {"cost_in_usd_ticks": 12 * 10**10, "prompt_tokens": 10**6}, 12 * 10**12),
        ("xai", {"cost_in_usd_ticks": 10**30, "prompt_tokens": 10**6}, None),
        ("azure", {"cost_in_usd_ticks": 10_959_000, "prompt_tokens": 218}, 1_095_900_000),
        ("xai", {"cost_in_usd_ticks": 0, "prompt_tokens": 7}, None),  # tokens and no ticks: not reported
        ("xai", {"cost_in_usd_ticks": 0, "input_tokens": 7}, None),
        ("xai", {"cost_in_usd_ticks": None}, None),
        ("openrouter", {"cost": 0.000427, "is_byok": False}, 427_000_000),
        ("openrouter", {"cost": 0.0004970133333333333}, 497_013_333),
        ("openrouter", {"cost": 0, "prompt_tokens": 7}, 0),  # a free model
        (
            "openrouter",
            {"cost": 0, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.0003253}},
            325_300_000,
        ),
        (
            "openrouter",
            {"cost": 0.00001, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.0002}},
            210_000_000,
        ),
        ("openrouter", {"cost": 0, "is_byok": True, "cost_details": {"upstream_inference_cost": None}}, None),
        ("openrouter", {"cost": 0, "is_byok": True}, None),
        ("openrouter", {"cost": "much"}, None),
        ("openrouter", {"cost": -1}, None),
        ("openrouter", {"cost": True}, None),
        ("perplexity", {"cost": {"total_cost": 0.00609}}, 6_090_000_000),
        ("perplexity", {"cost": {"total_cost": 0}, "prompt_tokens": 3}, None),
        ("perplexity", {"cost": 0.5}, None),
        ("generic", {"cost": 0.5}, None),  # a gateway's word is no bill
        ("generic", {"pydantic_ai_gateway": {"cost_estimate": 3.11e-05}}, None),
        ("openai", {"prompt_tokens": 1}, None),
    ],
)
def test_only_the_biller_is_believed(dialect: str, usage: dict[str, object], total: int | None) -> None:
    found = reported_cost(usage, dialect=dialect)
    assert (found.total if found else None) == total


def test_the_billers_own_digits_are_kept() -> None:
    found = reported_cost({"cost": 0.0004970133333333333}, dialect="openrouter")
    assert found is not None
    assert found.text == "0.0004970133333333333"


def test_a_reported_cost_wins_and_the_computed_one_stands_beside_it(prices) -> None:
    names = Names(dialect="xai", served="grok-4.3")
    reported = reported_cost({"cost_in_usd_ticks": 161_508_500}, dialect="xai")
    cost = prices.cost({"input": 3865, "cache_read": 2048, "output": 364}, names, at=AT, reported=reported)
    assert (cost.total, cost.reported, cost.source) == (16_150_850_000, 16_150_850_000, CostSource.REPORTED)
    assert cost.computed == 6_150_850_000
    assert cost.parts[OTHER] == 10_000_000_000
    assert cost.price is not None
    assert (cost.price.row, cost.price.catalogue) == ("x-ai/grok-4.3#1", prices.catalogue.info.version)


def test_a_reported_cost_is_exact_even_if_the_tokens_are_not(prices) -> None:
    names = Names(dialect="openrouter", served="who/knows")
    reported = reported_cost({"cost": 0.5}, dialect="openrouter")
    cost = prices.cost(None, names, at=AT, reported=reported, quality=CostQuality.ESTIMATED)
    assert (cost.total, cost.quality, cost.parts) == (5 * 10**11, CostQuality.EXACT, {OTHER: 5 * 10**11})


def test_a_computed_cost_is_no_better_than_its_tokens(prices) -> None:
    names = Names(dialect="openai", served="gpt-4o")
    cost = prices.cost({"input": 1}, names, at=AT, quality=CostQuality.ADJUSTED)
    assert (cost.source, cost.quality) == (CostSource.CATALOGUE, CostQuality.ADJUSTED)


@pytest.mark.parametrize(
    ("usage", "units"),
    [
        (
            {
                "server_side_tool_usage_details": {
                    "web_search_calls": 2,
                    "x_search_calls": 1,
                    "code_interpreter_calls": 0,
                }
            },
            {"web_search": 2, "tool_call": 1},
        ),
        ({"server_tool_use": {"web_search_requests": 3}}, {"web_search": 3}),
        ({"server_tool_use_details": {"web_search_requests": 1}}, {"web_search": 1}),
        ({"search_context_size": "high"}, {"request:high": 1}),
        ({"search_context_size": "low"}, {}),
        ({"server_tool_use": None, "server_side_tool_usage_details": 3}, {}),
        ({"server_tool_use": {"web_search_requests": -1}}, {}),
    ],
)
def test_what_is_priced_one_by_one_is_counted(usage: dict[str, object], units: dict[str, int]) -> None:
    assert units_of(usage) == units


def test_the_calls_of_xais_tools_are_billed_one_by_one(prices) -> None:
    usage = {"input": 3865, "cache_read": 2048, "output": 364}
    cost = prices.cost(usage, Names(dialect="xai", served="grok-4.3"), at=AT, units={"web_search": 2})
    assert cost.total == 16_150_850_000
