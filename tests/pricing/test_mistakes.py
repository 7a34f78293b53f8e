"""Mistakes that other meters made, one test each."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from costproxy.model.money import CostQuality, CostSource
from costproxy.pricing.prices import Names
from costproxy.wire.usage import normal_form

OCTOBER = datetime(2026, 10, 20, 12, tzinfo=UTC)


def kinds_of(raw, dialect="openai", model=None):
    usage = normal_form(raw, dialect=dialect, model=model)
    assert usage is not None
    return {kind.value: count for kind, count in usage.by_kind()}


def test_a_cache_write_is_charged_once_and_not_as_fresh_input_too(cost_of) -> None:
    cost = cost_of("anthropic", "claude-sonnet-4-5", input=3, cache_write=12_304, output=550)
    assert cost.total == 3 * 3_000_000 + 12_304 * 3_750_000 + 550 * 15_000_000
    assert cost.parts["cache_write"] == 12_304 * 3_750_000


def test_a_cached_read_has_its_discount(cost_of) -> None:
    cost = cost_of("openai", "gpt-5-mini", input=8, cache_read=4_000, output=40)
    assert cost.total == 8 * 250_000 + 4_000 * 25_000 + 40 * 2_000_000


def test_cached_tokens_inside_the_prompt_are_charged_at_one_rate_only(cost_of) -> None:
    raw = {
        "prompt_tokens": 2_000,
        "completion_tokens": 10,
        "total_tokens": 2_010,
        "prompt_tokens_details": {"cached_tokens": 1_536},
    }
    cost = cost_of("openai", "gpt-4o", **kinds_of(raw))
    assert cost.total == 464 * 2_500_000 + 1_536 * 1_250_000 + 10 * 10_000_000


def test_long_context_is_not_billed_at_the_short_price(cost_of) -> None:
    dear = cost_of("gemini", "gemini-2.5-pro", input=200_001, output=1).total
    cheap = cost_of("gemini", "gemini-2.5-pro", input=200_000, output=1).total
    assert (dear, cheap) == (200_001 * 2_500_000 + 15_000_000, 200_000 * 1_250_000 + 10_000_000)


@pytest.mark.parametrize("name", ["gpt-5", "gpt-5-2025-08-07"])
def test_a_tier_holds_for_a_dated_snapshot_too(cost_of, name: str) -> None:
    standard = cost_of("openai", name, input=1_000, output=100, at=OCTOBER).total
    assert cost_of("openai", name, input=1_000, output=100, tier="priority", at=OCTOBER).total == 2 * standard
    assert cost_of("openai", name, input=1_000, output=100, tier="flex", at=OCTOBER).total == standard // 2
    assert cost_of("openai", name, input=1_000, output=100, tier="batch", at=OCTOBER).total == standard // 2
    assert cost_of("openai", name, input=1_000, output=100, tier="default", at=OCTOBER).total == standard


def test_an_unknown_model_costs_unknown_and_not_nothing(cost_of) -> None:
    cost = cost_of("openai", "gpt-99-made-up", input=1_000_000, output=1_000_000)
    assert (cost.total, cost.computed, cost.source, cost.quality) == (
        None,
        None,
        CostSource.UNKNOWN,
        CostQuality.UNKNOWN,
    )
    assert cost.parts == {}
    assert cost.reason == "unknown model"


def test_a_free_model_costs_nothing_and_is_known_to(cost_of) -> None:
    cost = cost_of("openrouter", "openai/gpt-oss-20b:free", input=1_000, output=1_000)
    assert (cost.total, cost.source, cost.quality) == (0, CostSource.CATALOGUE, CostQuality.EXACT)


def test_nothing_and_unknown_differ_when_costs_are_added_up(cost_of) -> None:
    costs = [cost_of("openrouter", name, input=1, output=1) for name in ("openai/gpt-oss-20b:free", "who/knows:free")]
    assert [cost.total is None for cost in costs] == [False, True]


def test_no_token_counts_is_unknown(prices) -> None:
    cost = prices.cost(None, Names(dialect="openai", served="gpt-4o"), at=OCTOBER)
    assert (cost.total, cost.reason) == (None, "no token counts")


def test_a_price_per_thousand_is_never_meant(cost_of) -> None:
    assert cost_of("openai", "gpt-4-turbo", input=5_000, output=2_000).dollars == Decimal("0.11")


def test_a_newer_model_is_not_priced_as_the_one_whose_name_it_begins_with(cost_of) -> None:
    assert cost_of("openai", "gpt-5-foo", input=1).total is None
    assert cost_of("openai", "gpt-4o-superb", input=1).total is None
    assert cost_of("openai", "gpt-4-0", input=1).total is None


def test_audio_is_never_billed_as_text(cost_of) -> None:
    assert cost_of("openai", "gpt-4o", input=10, audio_input=10).total is None
    audio = cost_of("openai", "gpt-audio", input=10, audio_input=10, output=10, audio_output=10)
    assert audio.total == 10 * (2_500_000 + 32_000_000 + 10_000_000 + 64_000_000)


def test_the_hour_cache_costs_twice_the_input_where_that_is_documented(cost_of) -> None:
    assert cost_of("anthropic", "claude-haiku-4-5", cache_write_1h=1).total == 2_000_000
    assert cost_of("anthropic", "claude-haiku-4-5", cache_write=1).total == 1_250_000
