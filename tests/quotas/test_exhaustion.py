from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costproxy.model import Quota, Resource, Window
from costproxy.quotas.exhaustion import HALF_LIFE, Use, time_to_exhaustion

COUNTS = st.none() | st.integers(0, 2**63)


def quota(remaining: int | None = 40_000, limit: int | None = 100_000, window: Window = Window.MINUTE) -> Quota:
    return Quota(resource=Resource.TOKENS, window=window, limit=limit, remaining=remaining)


def test_the_worked_example() -> None:
    assert time_to_exhaustion(quota(), 120_000 / 60) == pytest.approx(120.0)


def test_the_worked_example_out_of_a_steady_bill() -> None:
    use = Use()
    for second in range(1200):
        use.add(2000, float(second))
    assert use.per_second(1199.5) == pytest.approx(2000, rel=0.001)
    assert time_to_exhaustion(quota(), use.per_second(1199.5)) == pytest.approx(120.0, rel=0.01)


@pytest.mark.parametrize(("use", "expected"), [(100.0, None), (100.1, 6000.0), (99.9, None), (0.0, None), (None, None)])
def test_what_fills_up_as_fast_is_never_used_up(use: float | None, expected: float | None) -> None:
    found = time_to_exhaustion(quota(600, 6000), use)
    assert found == (None if expected is None else pytest.approx(expected))


def test_nothing_left_is_used_up_now_if_it_is_still_being_used() -> None:
    assert time_to_exhaustion(quota(0), 2000.0) == 0.0
    assert time_to_exhaustion(quota(0), 1000.0) is None
    assert time_to_exhaustion(quota(0, 6000), 100.0) is None
    assert time_to_exhaustion(quota(0, 6000), 99.5) is None


@pytest.mark.parametrize(
    ("window", "seconds"),
    [
        (Window.SECONDS_10, 10),
        (Window.MINUTE, 60),
        (Window.HOUR, 3600),
        (Window.DAY, 86_400),
        (Window.MONTH, 2_592_000),
    ],
)
def test_every_window_has_its_length(window: Window, seconds: int) -> None:
    assert time_to_exhaustion(quota(100, seconds, window), 1.0) is None
    assert time_to_exhaustion(quota(100, seconds, window), 2.0) == pytest.approx(100.0)


@pytest.mark.parametrize("unknown", [quota(window=Window.UNKNOWN), quota(None), quota(limit=None)])
def test_what_is_unknown_tells_no_time(unknown: Quota) -> None:
    assert time_to_exhaustion(unknown, 1e9) is None


def test_what_lasts_longer_than_a_year_is_not_running_out() -> None:
    year = 366 * 86_400
    assert time_to_exhaustion(quota(year, 0), 1.0) == year
    assert time_to_exhaustion(quota(year + 1, 0), 1.0) is None


def test_use_halves_in_a_minute() -> None:
    use = Use()
    use.add(600, 0.0)
    assert use.per_second(HALF_LIFE) == pytest.approx(use.per_second(0.0) / 2)
    assert use.per_second(-5.0) == use.per_second(0.0)
    assert use.per_second(1e12) == 0.0


def test_the_order_of_entries_does_not_matter() -> None:
    one, other = Use(), Use()
    for at in (0.0, 30.0, 90.0):
        one.add(100, at)
    for at in (90.0, 0.0, 30.0):
        other.add(100, at)
    assert one.per_second(100.0) == pytest.approx(other.per_second(100.0))


@given(remaining=COUNTS, limit=COUNTS, window=st.sampled_from(Window), use=st.none() | st.floats(0, 1e30))
def test_the_time_is_finite_and_not_negative(
    remaining: int | None, limit: int | None, window: Window, use: float | None
) -> None:
    found = time_to_exhaustion(quota(remaining, limit, window), use)
    assert found is None or 0 <= found <= 366 * 86_400


@given(st.lists(st.tuples(st.integers(0, 2**53), st.floats(0, 1e9)), max_size=20), st.floats(0, 1e9))
def test_use_is_finite_and_not_negative(entries: list[tuple[int, float]], at: float) -> None:
    use = Use()
    for count, when in entries:
        use.add(count, when)
    assert 0 <= use.per_second(at) < inf
