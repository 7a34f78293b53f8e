from datetime import UTC, datetime

import pytest

from costproxy.pricing.explain import explain
from costproxy.pricing.names import How
from costproxy.pricing.prices import Names

AT = datetime(2026, 11, 20, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("dialect", "name", "model", "how"),
    [
        ("openai", "gpt-4o", "openai/gpt-4o", How.EXACT),
        ("openai", "GPT-4o", "openai/gpt-4o", How.EXACT),
        ("openai", "gpt-4o-2024-08-06", "openai/gpt-4o", How.ALIAS),
        ("openai", "gpt-4o-2024-05-13", "openai/gpt-4o-2024-05-13", How.EXACT),
        ("openai", "gpt-4.1-2027-01-01", "openai/gpt-4.1", How.SNAPSHOT),
        ("openai", "gpt-5-codex", "openai/gpt-5", How.ALIAS),
        ("anthropic", "claude-sonnet-4-20250514", "anthropic/claude-sonnet-4-0", How.ALIAS),
        ("anthropic", "claude-haiku-4-5-20270101", "anthropic/claude-haiku-4-5", How.SNAPSHOT),
        ("anthropic", "claude-haiku-4-5@20251001", "anthropic/claude-haiku-4-5", How.SNAPSHOT),
        ("anthropic", "claude-opus-5-5-latest", "anthropic/claude-opus-5-5", How.SNAPSHOT),
        ("openrouter", "openai/gpt-4o", "openrouter/openai/gpt-4o", How.EXACT),
        ("openrouter", "x-ai/grok-4", "openrouter/x-ai/grok-4", How.EXACT),
        ("openrouter", "anthropic/claude-4.5-haiku-20251001", "openrouter/anthropic/claude-haiku-4.5", How.ALIAS),
        ("generic", "x-ai/grok-4", "x-ai/grok-4-0709", How.PREFIX),
        ("generic", "openai/gpt-4o", "openai/gpt-4o", How.PREFIX),
        ("generic", "gpt-4o-mini", "openai/gpt-4o-mini", How.EXACT),
        ("generic", "groq/llama-3.3-70b-versatile", "groq/llama-3.3-70b-versatile", How.PREFIX),
        ("generic", "azure/eu/gpt-4o", "azure/gpt-4o", How.PREFIX),
        ("gemini", "models/gemini-2.5-pro", "google/gemini-2.5-pro", How.PREFIX),
        ("gemini", "google/gemini-2.5-flash", "google/gemini-2.5-flash", How.PREFIX),
        ("azure", "gpt-4o-2024-08-06", "openai/gpt-4o", How.ALIAS),
        ("groq", "openai/gpt-oss-120b", "groq/openai/gpt-oss-120b", How.EXACT),
        ("groq", "llama-3.3-70b-versatile", "groq/llama-3.3-70b-versatile", How.EXACT),
        ("xai", "grok-3-latest", "x-ai/grok-3", How.ALIAS),
        ("xai", "grok-3-mini-high", "x-ai/grok-3-mini", How.ALIAS),
        ("mistral", "mistral-large-latest", "mistral/mistral-large-latest", How.EXACT),
        ("openai", "ft:gpt-4o-mini-2024-07-18:acme::abc", "openai/ft:gpt-4o-mini-2024-07-18", How.FINE_TUNE),
        ("azure", "gpt-4o-mini-2024-07-18.ft-0123", "openai/ft:gpt-4o-mini-2024-07-18", How.FINE_TUNE),
    ],
)
def test_a_name_is_found_by_a_rule(prices, dialect: str, name: str, model: str, how: How) -> None:
    found = prices.find(Names(dialect=dialect, served=name))
    assert found is not None
    assert (found.model.id, found.how, found.priced) == (model, how, True)


@pytest.mark.parametrize(
    ("dialect", "name"),
    [
        ("openai", "gpt-5-foo"),
        ("openai", "gpt-4o-mini-2024"),
        ("openai", "gpt"),
        ("openai", ""),
        ("openai", "/"),
        ("openai", ":"),
        ("openai", "ft:"),
        ("openai", "x.ft-" * 200_000 + "\n"),
        ("openai", "openai/"),
        ("openai", "claude-sonnet-4-5"),
        ("openai", "gpt-oss-20b"),
        ("mistral", "mistral-large-2606"),
        ("openrouter", "who/knows"),
        ("openrouter", "who/knows:free"),
        ("ollama", "gpt-4o"),
        ("ollama", "llama3.2"),
        ("vllm", "deepseek-chat"),
        ("generic", "llama-3.3-70b-versatile"),
        ("generic", "deepseek-v4-flash"),
        ("generic", "deepseek-r1:8b"),
        ("groq", "gpt-4o"),
    ],
)
def test_no_name_is_guessed(prices, dialect: str, name: str) -> None:
    assert prices.find(Names(dialect=dialect, served=name)) is None


@pytest.mark.parametrize(
    ("dialect", "name", "model"),
    [
        ("openai", "ft:gpt-4-turbo:acme::x", "openai/gpt-4-turbo"),
        ("openrouter", "openai/gpt-4o-mini:nitro", "openrouter/openai/gpt-4o-mini"),
        ("openrouter", "openai/gpt-4o-mini:free", "openrouter/openai/gpt-4o-mini"),
    ],
)
def test_a_variant_without_a_price_has_limits_and_never_the_base_price(
    prices, dialect: str, name: str, model: str
) -> None:
    names = Names(dialect=dialect, served=name)
    found = prices.find(names)
    assert (found.model.id, found.how, found.priced) == (model, How.VARIANT, False)
    assert prices.limits(names).context_window == 128_000
    cost = prices.cost({"input": 1}, names, at=AT)
    assert (cost.total, cost.reason) == (None, f"no price for {name}, only for {model}")


def test_the_served_name_comes_before_the_requested_one(prices) -> None:
    both = Names(dialect="openai", served="gpt-4o-mini", requested="gpt-4o")
    assert prices.find(both).model.id == "openai/gpt-4o-mini"
    unknown = Names(dialect="azure", served="my-deployment", requested="gpt-4o")
    assert prices.find(unknown).name == "gpt-4o"


def test_a_served_variant_is_not_priced_as_what_was_asked_for(prices) -> None:
    names = Names(dialect="openai", served="ft:gpt-4-turbo:acme::x", requested="gpt-4-turbo")
    assert prices.cost({"input": 1}, names, at=AT).total is None


def test_every_model_is_found_under_every_name_of_its_own(catalogue) -> None:
    for model in catalogue:
        assert catalogue.get(model.provider, model.name.upper()).id == model.id
        assert all(catalogue.get(model.provider, name) is not None for name in model.names)


def test_an_explanation_says_how_a_name_was_found_and_which_prices_hold(prices) -> None:
    lines = explain(prices, Names(dialect="deepseek", served="deepseek/deepseek-v4-pro"), at=AT)
    assert lines[0] == "deepseek/deepseek-v4-pro: looked for at deepseek"
    assert "limits: context window 1,000,000, input unknown, output 384,000" in lines
    assert [line.split()[1] for line in lines if line.startswith("*")] == ["deepseek/deepseek-v4-pro#3"]


@pytest.mark.parametrize(
    ("dialect", "name", "said"),
    [
        ("openai", "gpt-99", "unknown model: tokens are counted, the cost is unknown"),
        ("openai", "ft:gpt-4-turbo:acme::x", "the cost is unknown"),
        ("vllm", "x", "nobody"),
        ("openai", "gpt-4.1-2027-01-01", "a dated snapshot, priced as the undated name openai/gpt-4.1"),
        ("openai", "gpt-4o", "read 2026-11-22"),
    ],
)
def test_an_explanation_says_what_is_not_known(prices, dialect: str, name: str, said: str) -> None:
    assert said in "\n".join(explain(prices, Names(dialect=dialect, served=name), at=AT))
