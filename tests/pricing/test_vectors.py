"""Worked examples: bills that providers really sent, and a conversation whose price everybody gets wrong."""

from datetime import UTC, datetime

import pytest

from costproxy.pricing.price import price_of
from costproxy.pricing.rows import parse_row

BEFORE = datetime(2026, 8, 1, tzinfo=UTC)
PROMPTS = [500 + 700 * turn for turn in range(10)]


@pytest.mark.parametrize(
    ("dialect", "model", "usage", "pico"),
    [
        ("xai", "grok-4.3", (26, 192, 0, 410), 1_095_900_000),
        ("openai", "gpt-5.6-sol", (8, 0, 4012, 5), 25_265_000_000),
        ("openai", "gpt-5.6-sol", (8, 4012, 0, 5), 2_196_000_000),
        ("openrouter", "anthropic/claude-sonnet-4.6", (3, 3211, 115, 53), 2_198_550_000),
        ("openai", "gpt-5-mini", (17, 0, 0, 2177), 4_358_250_000),
    ],
)
def test_a_recorded_bill_is_reproduced(cost_of, dialect, model, usage, pico) -> None:
    kinds = dict(zip(("input", "cache_read", "cache_write", "output"), usage, strict=True))
    cost = cost_of(dialect, model, at=BEFORE, **kinds)
    assert cost.total == cost.computed == pico
    assert sum(cost.parts.values()) == pico


def conversation(prices: dict[str, str], *, cached: int = 0, minimum: int = 1024, resent: bool = True) -> int:
    """Return p$ of ten turns of 500 + 200 tokens; `cached` 1 reads as OpenAI caches, 2 writes too."""
    row = parse_row(row="seed#1", prices=prices, since=None, tier=None, when=None)
    total = previous = 0
    for prompt in PROMPTS if resent else [500] * 10:
        usage = {"input": prompt, "output": 200}
        if cached == 1 and (previous // 128) * 128 >= minimum:
            usage["cache_read"] = (previous // 128) * 128
            usage["input"] -= usage["cache_read"]
        elif cached == 2 and prompt >= minimum:
            read = previous if previous >= minimum else 0
            usage |= {"input": 0, "cache_read": read, "cache_write": prompt - read}
        total += price_of(usage, rows=[row], at=BEFORE).total or 0
        previous = prompt
    return total


LIST = {"input": "5", "output": "15"}


@pytest.mark.parametrize(
    ("total", "dollars"),
    [
        (conversation(LIST), "0.2125"),
        (conversation(LIST, resent=False), "0.055"),
        (conversation({**LIST, "cache_read": "2.5"}, cached=1), "0.14082"),
        (conversation({**LIST, "cache_read": "1.25"}, cached=1), "0.10498"),
        (conversation({**LIST, "cache_read": "0.5"}, cached=1), "0.083476"),
        (conversation({**LIST, "cache_read": "0.5", "cache_write": "6.25"}, cached=2), "0.0896"),
        (conversation({**LIST, "cache_read": "0.5", "cache_write": "6.25"}, cached=2, minimum=4096), "0.1481"),
    ],
    ids=["resent", "not resent", "half off", "75 % off", "90 % off", "writes from 1024", "writes from 4096"],
)
def test_ten_turns_of_five_hundred_and_two_hundred_tokens_at_5_and_15_dollars(total: int, dollars: str) -> None:
    whole, _, part = dollars.partition(".")
    assert total == int(whole + part.ljust(12, "0"))
