from fractions import Fraction
from typing import Any

import pytest

from costproxy.conversations.account import Account
from costproxy.conversations.forecast import Forecast, Left, slope
from costproxy.model import Limits, LimitSource, Usage, UsageQuality, Verdict
from tests.conversations.steps import RATES, placement, settled, step

EVEN = [500, 1200, 1900, 2600, 3300]
WINDOW: dict[str, Any] = {"limits": Limits(max_input=7192), "limit_source": LimitSource.SETTINGS}
BURSTY = [1000, 1400, 2600, 2900, 5900, 6300]


def left(prompts: list[int], usable: int) -> Left:
    forecast = Forecast()
    for number, prompt in enumerate(prompts, 1):
        forecast.add(step=number, prompt=prompt)
    return forecast.left(prompts[-1], usable)


@pytest.mark.parametrize(
    ("prompts", "usable", "expected"),
    [
        (EVEN, 8192 - 1000, 5),
        (EVEN, 8192 - 4096, 1),
        (EVEN, 16385 - 1000, 17),
        (EVEN, 128_000 - 16_384, 154),
        (BURSTY, 16385 - 1024, 7),
        ([3000, 2900, 2800], 100_000, None),
        ([9000, 9100, 9200], 9200, 0),
        ([9000, 9100, 9200], 5000, 0),
        ([9000], 9000, 0),
        ([3000, 2900, 2800], 2800, 0),
    ],
)
def test_turns_left_are_those_of_the_table(prompts: list[int], usable: int, expected: int | None) -> None:
    assert left(prompts, usable).turns == expected


def test_the_slope_is_that_of_least_squares() -> None:
    rise, run = slope([1, 2, 3, 4, 5, 6], BURSTY)
    assert round(rise / run, 2) == 1151.43


@pytest.mark.parametrize(("points", "confident"), [(1, False), (2, False), (3, True)])
def test_three_points_are_needed_to_be_sure(points: int, confident: bool) -> None:
    found = left(EVEN[:points], 10_000)
    assert found.confident is confident
    assert (found.turns is None) == (points < 2)


def test_only_eight_points_count() -> None:
    assert left([1, 2, 3, 4, *range(1000, 9000, 1000)], 10_000).turns == 2


def test_a_drop_starts_anew_just_below_nine_tenths() -> None:
    assert left([1000, 2000, 1799], 10_000).turns is None
    assert left([1000, 2000, 1800], 10_000).turns is not None


@pytest.mark.parametrize("usable", range(3995, 4008))
def test_turns_left_are_rounded_down(usable: int) -> None:
    assert left(EVEN, usable).turns == (usable - 3300) // 700


def test_an_agent_in_the_only_turn_of_its_user_is_told_how_many_requests_fit() -> None:
    forecast = Forecast()
    for number in range(1, 6):
        forecast.add(step=number, prompt=1000 * number)
    assert forecast.left(5000, 9000) == Left(turns=4, confident=True)


def test_going_back_forgets_what_came_after() -> None:
    forecast = Forecast()
    for number, prompt in enumerate([1000, 2000, 3000, 4000], 1):
        forecast.add(step=number, prompt=prompt)
    forecast.add(step=3, prompt=3500)
    assert (forecast.steps, forecast.prompts) == ([1, 2, 3], [1000, 2000, 3500])


def test_memory_does_not_grow() -> None:
    forecast = Forecast()
    for number in range(1, 1000):
        forecast.add(step=number, prompt=number)
        forecast.answered(number)
    assert [len(forecast.steps), len(forecast.prompts), len(forecast.replies)] == [8] * 3


def test_a_regenerated_reply_is_no_point_of_its_own() -> None:
    account = Account(0.0)
    settled(EVEN, window=7192, account=account)
    again = placement(5, verdict=Verdict.REGENERATE)
    standing = account.settle(step(5, Usage(input=3300), placement=again, **WINDOW))
    assert standing.outlook.turns_left == 5


def test_an_estimate_among_bills_is_no_point() -> None:
    account = Account(0.0)
    settled(EVEN, window=7192, account=account)
    standing = account.settle(step(6, Usage(input=4500, quality=UsageQuality.ESTIMATED), **WINDOW))
    assert standing.outlook.turns_left == (7192 - 4500) // 700
    after = account.settle(step(7, Usage(input=4700), **WINDOW))
    assert (after.outlook.turns_left, after.outlook.confident) == (3, True)


def test_another_models_tokens_start_anew() -> None:
    account = Account(0.0)
    settled(EVEN, window=7192, account=account)
    standing = account.settle(step(6, Usage(input=4500), model="claude", **WINDOW))
    assert (standing.outlook.turns_left, standing.outlook.confident) == (None, False)


def test_the_next_turn_costs_the_expected_prompt_and_the_median_reply() -> None:
    account = Account(0.0)
    standings = settled(EVEN, account=account)
    assert standings[-1].outlook.next_turn_cost == RATES(Usage(input=4000, output=200))


def test_the_next_turn_is_cached_as_the_last_was() -> None:
    account = Account(0.0)
    account.settle(step(1, Usage(input=1000, output=100)))
    standing = account.settle(step(2, Usage(input=500, cache_read=1500, output=300)))
    assert standing.outlook.next_turn_cost == RATES(Usage(input=750, cache_read=2250, output=100))


def test_after_one_request_the_next_holds_its_reply_as_well() -> None:
    standing = Account(0.0).settle(step(1, Usage(input=1000, output=100, reasoning=50)))
    assert standing.outlook.next_turn_cost == RATES(Usage(input=1100, output=150))


def test_what_has_no_price_has_no_next_cost() -> None:
    standing = Account(0.0).settle(step(1, Usage(input=1000), price=lambda _: None))
    assert standing.outlook.next_turn_cost is None


def test_a_slope_of_whole_numbers_is_exact() -> None:
    rise, run = slope([1, 2, 3], [10**17, 10**17 + 1, 10**17 + 2])
    assert Fraction(rise, run) == 1
