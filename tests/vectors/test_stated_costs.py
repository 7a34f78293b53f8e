"""Replies that state their own cost: the normal form of their usage, times list prices, makes exactly that."""

from fractions import Fraction

from costproxy.model import UsageQuality
from costproxy.wire.usage import normal_form
from tests.support.data import stated_costs

# Ticks (1e-10 USD) per token: input, cached input, output. Source: xAI's price list, read 2026-11.
XAI = {
    "grok-4-fast-non-reasoning": (2000, 500, 5000),
    "grok-4-1-fast-non-reasoning": (2000, 500, 5000),
    "grok-3-mini-high": (3000, 750, 5000),
}


def test_what_xai_billed_is_what_the_kinds_cost():
    exact, wrong = 0, []
    for row in stated_costs():
        prices = XAI.get(row["model"]) if row["host"] == "api.x.ai" else None
        if prices is None:
            continue
        usage = normal_form(row["usage"], dialect="xai", model=row["model"])
        assert usage is not None
        if usage.quality is UsageQuality.EXACT:
            exact += 1
            cost = (
                (usage.input + usage.image_input) * prices[0]
                + usage.cache_read * prices[1]
                + usage.completion * prices[2]
            )
            if cost != row["usage"]["cost_in_usd_ticks"]:
                wrong.append((row["usage"], cost))
    assert wrong == []
    assert exact >= 50


def test_what_openrouter_billed_for_each_side_has_tokens_on_that_side():
    for row in stated_costs():
        details = row["usage"].get("cost_details") or {}
        usage = normal_form(row["usage"], dialect="openrouter", model=row["model"])
        assert usage is not None, row
        for side, tokens in (("prompt", usage.prompt), ("completions", usage.completion)):
            assert tokens or not Fraction(details.get(f"upstream_inference_{side}_cost") or 0), row


def test_no_stated_usage_is_counted_twice():
    for row in stated_costs():
        raw = row["usage"]
        usage = normal_form(raw, dialect="generic", model=row["model"])
        assert usage is not None
        prompt = raw.get("prompt_tokens", raw.get("input_tokens"))
        completion = raw.get("completion_tokens", raw.get("output_tokens"))
        total = raw.get("total_tokens") or prompt + completion
        assert usage.prompt == prompt
        assert usage.completion in (completion, total - prompt), row
