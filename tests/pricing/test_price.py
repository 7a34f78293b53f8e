from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costproxy.pricing.kinds import FALLBACKS, TOKENS, UNITS
from costproxy.pricing.price import price_of
from costproxy.pricing.rows import PriceRow, parse_row

AT = datetime(2026, 11, 22, tzinfo=UTC)


def row(
    number: int = 1, *, since: str | None = None, tier: str | None = None, when: str | None = None, **prices: str
) -> PriceRow:
    return parse_row(row=f"test/model#{number}", prices=prices, since=since, tier=tier, when=when)


def total(
    usage: dict[str, int], *rows: PriceRow, at: datetime = AT, tier: str | None = None, provider: str = "", **units: int
) -> int | None:
    return price_of(usage, rows=rows, at=at, service_tier=tier, provider=provider, units=units).total


@pytest.mark.parametrize(
    ("prompt", "cached", "dollars"),
    [(272_000, 0, "2.5 15"), (272_001, 0, "5 22.5"), (2_000, 270_000, "2.5 15"), (2_001, 270_000, "5 22.5")],
)
def test_a_long_prompt_reprices_the_whole_request_and_cached_tokens_count(cost_of, prompt, cached, dollars) -> None:
    price_in, price_out = (Fraction(text) for text in dollars.split())
    cost = cost_of("openai", "gpt-5.4", input=prompt, cache_read=cached, output=10)
    assert cost.total == prompt * price_in * 10**6 + cached * price_in * 10**5 + 10 * price_out * 10**6


PEAK, OFF = 1_200_000 + 300_000, 600_000 + 150_000  # deepseek-flash: one token out, one in


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-20T00:59:59", OFF),  # Friday
        ("2026-11-20T01:00:00", PEAK),
        ("2026-11-20T03:59:59", PEAK),
        ("2026-11-20T04:00:00", OFF),
        ("2026-11-20T06:00:00", PEAK),
        ("2026-11-20T09:59:59", PEAK),
        ("2026-11-20T10:00:00", OFF),
        ("2026-11-21T02:00:00", OFF),  # Saturday
        ("2026-11-22T07:00:00", OFF),  # Sunday
        ("2026-11-23T01:00:00", PEAK),  # Monday
    ],
)
def test_deepseek_is_dear_in_its_peak_hours_from_monday_to_friday(cost_of, moment: str, expected: int) -> None:
    at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    assert cost_of("deepseek", "deepseek-flash", at=at, input=1, output=1).total == expected
    assert cost_of("deepseek", "deepseek-v4-flash", at=at, input=1, output=1).total == expected
    shanghai = at.astimezone(timezone(timedelta(hours=8)))
    assert cost_of("deepseek", "deepseek-flash", at=shanghai, input=1, output=1).total == expected


@pytest.mark.parametrize(
    ("moment", "price"),
    [
        ("2026-08-01T02:00:00", 435_000),  # no peak hours yet
        ("2026-08-14T07:00:00", 435_000),  # a Friday
        ("2026-08-16T15:59:59", 435_000),
        ("2026-08-16T16:00:00", 660_000),
        ("2026-08-17T02:00:00", 1_320_000),  # the first Monday
    ],
)
def test_deepseeks_peak_hours_began_on_a_certain_day(cost_of, moment: str, price: int) -> None:
    at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    assert cost_of("deepseek", "deepseek-v4-pro", at=at, input=1).total == price


def test_a_price_change_does_not_reprice_the_past() -> None:
    rows = (row(1, input="5"), row(2, since="2026-08-21", input="4"))
    assert total({"input": 1}, *rows, at=datetime(2026, 8, 20, 23, 59, 59, tzinfo=UTC)) == 5_000_000
    assert total({"input": 1}, *rows, at=datetime(2026, 8, 21, tzinfo=UTC)) == 4_000_000


def test_a_later_price_ends_the_peak_hours_of_an_earlier_one() -> None:
    rows = (row(1, when="Mon-Sun 00:00-23:00", input="2"), row(2, since="2026-01-01", input="3"))
    assert total({"input": 1}, *rows) == 3_000_000


def test_a_price_before_its_start_is_unknown() -> None:
    priced = price_of({"input": 1}, rows=[row(since="2027-01-01", input="5")], at=AT)
    assert (priced.total, priced.reason) == (None, "no price in force at that time")


@pytest.mark.parametrize(
    ("tier", "expected"),
    [(None, 4), ("default", 4), ("auto", 4), ("flex", 2), ("Priority", 8), ("batch", None), ("scale", None)],
)
def test_the_tier_that_served_is_billed_and_an_unlisted_one_is_unknown(tier: str | None, expected: int | None) -> None:
    rows = (
        row(1, input="1", output="3"),
        row(2, tier="flex", input="0.5", output="1.5"),
        row(3, tier="priority", input="2", output="6"),
    )
    found = total({"input": 1, "output": 1}, *rows, tier=tier)
    assert found == (None if expected is None else expected * 10**6)


def test_a_tier_that_prices_some_kinds_leaves_the_others_at_the_standard_price() -> None:
    rows = (row(1, input="1", cache_read="0.5"), row(2, tier="batch", input="0.6"))
    assert total({"input": 1, "cache_read": 1}, *rows, tier="batch") == 1_100_000


def test_groq_bills_flex_at_the_standard_price() -> None:
    assert total({"input": 1}, row(input="1"), tier="flex", provider="groq") == 10**6


@pytest.mark.parametrize(
    ("kind", "prices", "provider", "expected"),
    [
        ("reasoning", {"output": "3"}, "", 3),
        ("reasoning", {"output": "3", "reasoning": "4"}, "", 4),
        ("cache_read", {"input": "2"}, "", 2),
        ("cache_write", {"input": "2"}, "", 2),
        ("cache_write_1h", {"input": "2", "cache_write": "3"}, "", 3),
        ("cache_write_1h", {"input": "2", "cache_write": "3"}, "anthropic", 4),
        ("cache_write_1h", {"input": "2", "cache_write": "3", "cache_write_1h": "5"}, "anthropic", 5),
        ("audio_cache_read", {"input": "2", "audio_input": "9"}, "", 9),
        ("image_input", {"input": "2"}, "", 2),
        ("audio_input", {"input": "2"}, "", None),
        ("audio_cache_read", {"input": "2", "cache_read": "1"}, "", None),
        ("audio_output", {"output": "2"}, "", None),
        ("image_output", {"output": "2"}, "", None),
        ("output", {"input": "2"}, "", None),
        ("web_search", {"input": "2"}, "", None),
        ("never_heard_of", {"input": "2"}, "", None),
    ],
)
def test_what_stands_in_for_a_missing_price(
    kind: str, prices: dict[str, str], provider: str, expected: int | None
) -> None:
    found = total({kind: 1}, row(**prices), provider=provider)
    assert found == (None if expected is None else expected * 10**6)


def test_a_missing_price_of_something_unused_does_not_matter() -> None:
    assert total({"input": 1, "audio_input": 0}, row(input="1")) == 10**6


def test_a_part_without_a_price_makes_the_whole_unknown_never_smaller() -> None:
    priced = price_of({"input": 100, "audio_input": 1}, rows=[row(input="1")], at=AT)
    assert (priced.total, priced.parts, priced.reason) == (None, {}, "no price for audio_input")


def test_a_price_of_nothing_is_a_price() -> None:
    assert total({"input": 100, "output": 5}, row(input="0", output="0")) == 0


def test_a_request_is_charged_by_its_search_context() -> None:
    listed = parse_row(
        row="p#1", prices={"input": "1", "request": "0.005", "request:high": "0.012"}, since=None, tier=None, when=None
    )
    units = {"low": {}, "medium": {"request:medium": 1}, "high": {"request:high": 1}}
    found = {size: price_of({"input": 1}, rows=[listed], at=AT, units=unit) for size, unit in units.items()}
    assert {size: priced.total for size, priced in found.items()} == {
        "low": 5_001_000_000,
        "medium": 5_001_000_000,
        "high": 12_001_000_000,
    }
    assert found["high"].parts == {"input": 10**6, "request": 12 * 10**9}


def test_a_discount_is_applied_before_rounding() -> None:
    priced = price_of(
        {"input": 1, "output": 1}, rows=[row(input="0.0000005", output="0.0000005")], at=AT, multiplier=Fraction(3, 2)
    )
    assert priced.total == 2
    assert sum(priced.parts.values()) == 2


@pytest.mark.parametrize("text", ["5 above", "5, x", "5, 6 over 3", "5,6 above 3"])
def test_a_price_in_another_form_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(ValueError, match=r"test/model#1: price"):
        row(input=text)


@pytest.mark.parametrize("text", ["Mon 01:00-02:00", "01:00", "Foo-Bar 01:00-02:00", "Mon-Fri 25:00-26:00"])
def test_a_window_in_another_form_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(ValueError, match=r"test/model#1: "):
        row(input="1", when=text)


def test_a_window_may_run_over_midnight() -> None:
    night = row(2, when="22:00-02:00", input="2")
    found = [total({"input": 1}, row(1, input="1"), night, at=AT.replace(hour=hour)) for hour in (21, 22, 1, 2)]
    assert found == [10**6, 2 * 10**6, 2 * 10**6, 10**6]


def test_an_unknown_kind_of_price_is_refused() -> None:
    with pytest.raises(ValueError, match='got "tokens"'):
        row(tokens="1")


def test_every_stand_in_has_a_name_that_can_have_a_price() -> None:
    assert set(FALLBACKS) | set(FALLBACKS.values()) <= set(TOKENS + UNITS)


USAGES = st.dictionaries(
    st.sampled_from([kind for kind in TOKENS if "audio" not in kind and kind != "image_output"]), st.integers(0, 10**7)
)
PRICES = st.decimals("0", "200", places=13).map(str)


@given(st.lists(USAGES, max_size=8), PRICES, PRICES, st.fractions(0, 2, max_denominator=100), st.randoms())
def test_kinds_and_requests_add_up_to_the_same_sum_in_any_order(
    usages, price_in, price_out, multiplier, random
) -> None:
    listed = [row(input=price_in, output=price_out)]
    priced = [price_of(usage, rows=listed, at=AT, multiplier=multiplier) for usage in usages]
    by_kind: dict[str, int] = {}
    for one in random.sample(priced, len(priced)):
        for kind, amount in one.parts.items():
            by_kind[kind] = by_kind.get(kind, 0) + amount
    assert sum(by_kind.values()) == sum(one.total or 0 for one in priced)
    assert all(one.total is not None and min(one.parts.values(), default=0) >= 0 for one in priced)
