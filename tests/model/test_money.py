from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costproxy.model.money import (
    OTHER,
    PICO_PER_TICK,
    Cost,
    CostQuality,
    CostSource,
    attribute,
    distribute,
    not_billed,
    parse_dollars,
    per_token,
    per_unit,
    pico,
)

AMOUNTS = st.dictionaries(
    st.sampled_from(["input", "cache_read", "output", "reasoning", "request"]),
    st.fractions(min_value=0, max_value=10**15, max_denominator=10**6),
)
WHOLE = st.dictionaries(st.sampled_from(["input", "output", "request"]), st.integers(0, 10**15))


def test_a_dollar_per_million_is_a_million_pico_dollars_per_token() -> None:
    assert per_token("1") == 10**6
    assert per_token("0.0025") == 2500
    assert per_token("0.08333333333333334") == Fraction(8333333333333334, 10**11)
    assert per_unit("0.005") == 5 * 10**9


def test_a_tick_is_a_hundred_pico_dollars() -> None:
    assert pico(Decimal(1)) == 10**10 * PICO_PER_TICK


@pytest.mark.parametrize("text", ["", "-1", "NaN", "Infinity", "free", "1e99"])
def test_a_price_that_is_none_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match="expected dollars as decimal text"):
        per_token(text)


@pytest.mark.parametrize(
    ("dollars", "whole"),
    [
        ("0.0004970133333333333", 497_013_333),
        ("0.0000000000005", 0),  # half to even
        ("0.0000000000015", 2),
        ("0.0000000000025", 2),
        ("0.00000000000250000001", 3),
    ],
)
def test_dollars_are_rounded_half_even_at_the_twelfth_digit(dollars: str, whole: int) -> None:
    assert pico(Decimal(dollars)) == whole


@pytest.mark.parametrize("value", [True, None, "x", float("nan"), float("inf"), -1, -0.5, 10**10, [], {}, "1e400000"])
def test_what_is_no_amount_of_dollars_is_none(value: object) -> None:
    assert parse_dollars(value) is None


def test_a_float_is_read_by_its_shortest_digits() -> None:
    assert parse_dollars(0.1) == Decimal("0.1")
    assert parse_dollars(1e-400000) == 0
    assert parse_dollars("1e-400000") == 0


@given(AMOUNTS)
def test_parts_add_up_to_the_total_that_is_rounded_once(parts: dict[str, Fraction]) -> None:
    whole = distribute(parts)
    assert sum(whole.values()) == round(sum(parts.values(), Fraction(0)))
    assert all(0 <= whole[kind] - amount + 1 <= 2 for kind, amount in parts.items())


def test_the_largest_remainders_get_what_is_missing_and_the_first_of_equals_wins() -> None:
    assert distribute({"input": Fraction(1, 3), "output": Fraction(2, 3)}) == {"input": 0, "output": 1}
    assert distribute({"input": Fraction(5, 2), "output": Fraction(5, 2)}) == {"input": 3, "output": 2}
    assert distribute({"input": Fraction(1, 2)}) == {"input": 0}


@given(st.integers(0, 10**15), WHOLE)
def test_parts_of_a_reported_cost_add_up_to_it(total: int, computed: dict[str, int]) -> None:
    parts = attribute(total, computed)
    assert sum(parts.values()) == total
    assert min(parts.values(), default=0) >= 0


def test_what_a_reported_cost_has_above_the_list_price_is_other() -> None:
    assert attribute(100, {"input": 60, "output": 30}) == {"input": 60, "output": 30, OTHER: 10}
    assert attribute(45, {"input": 60, "output": 30}) == {"input": 30, "output": 15}
    assert attribute(45, None) == {OTHER: 45}
    assert attribute(0, None) == {}


def test_a_cost_whose_parts_do_not_add_up_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="parts add up to 3 p"):
        Cost(total=4, parts={"input": 3}, source=CostSource.CATALOGUE, quality=CostQuality.EXACT)


def test_unknown_is_not_nothing() -> None:
    unknown = Cost(total=None, source=CostSource.UNKNOWN, quality=CostQuality.UNKNOWN)
    assert unknown.total is None
    assert unknown.dollars is None
    assert not_billed().total == 0
    assert not_billed().dollars == 0


def test_dollars_are_exact() -> None:
    cost = Cost(total=1, parts={"input": 1}, source=CostSource.CATALOGUE, quality=CostQuality.EXACT)
    assert cost.dollars == Decimal("0.000000000001")
