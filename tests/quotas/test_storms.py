import pytest
from hypothesis import given
from hypothesis import strategies as st

from costproxy.model.rates import StormEvent
from costproxy.quotas.storms import WINDOW, Storms

HERE = ("crm", "openai")


def rain(storms: Storms, attempts: int, distinct: int, refusals: int, at: float = 0.0) -> list[StormEvent | None]:
    """Enter attempts a millisecond apart; the first ones are refused."""
    return [
        storms.enter(HERE, number % distinct, at + number / 1000, refused=number < refusals)
        for number in range(attempts)
    ]


@pytest.mark.parametrize(
    ("attempts", "distinct", "refusals", "storm"),
    [
        (20, 10, 20, True),
        (20, 10, 19, False),
        (19, 9, 19, False),
        (39, 20, 39, False),
        (40, 20, 39, True),
        (20, 1, 20, True),
        (100, 100, 100, False),
    ],
)
def test_a_storm_is_two_attempts_a_request_and_twenty_refusals(
    attempts: int, distinct: int, refusals: int, storm: bool
) -> None:
    storms = Storms()
    assert (StormEvent.BEGAN in rain(storms, attempts, distinct, refusals)) is storm
    assert storms.raging() == ([HERE] if storm else [])


def test_its_beginning_is_told_once() -> None:
    events = rain(Storms(), 200, 10, 200)
    assert events.index(StormEvent.BEGAN) == 19
    assert [event for event in events if event] == [StormEvent.BEGAN]


@pytest.mark.parametrize(("gap", "storm"), [(59.9, True), (60.0, False)])
def test_only_the_last_minute_counts(gap: float, storm: bool) -> None:
    storms = Storms()
    for number in range(10):
        storms.enter(HERE, number % 5, 0.0, refused=True)
    events = [storms.enter(HERE, number % 5, gap, refused=True) for number in range(10)]
    assert (StormEvent.BEGAN in events) is storm


@pytest.mark.parametrize(("silence", "event"), [(59.9, None), (60.0, StormEvent.ENDED), (500.0, StormEvent.ENDED)])
def test_it_is_over_after_a_minute_without(silence: float, event: StormEvent | None) -> None:
    storms = Storms()
    for number in range(20):
        storms.enter(HERE, number % 5, 0.0, refused=True)
    assert storms.enter(HERE, 99, silence, refused=False) is event
    assert storms.enter(HERE, 98, silence, refused=False) is None
    assert (storms.raging() == []) is (event is not None)


def test_one_that_wavers_is_one_storm() -> None:
    storms = Storms()
    events = [
        storms.enter(HERE, int(second * 4) % 3, second, refused=True)
        for minute in range(5)
        for second in (minute * 60 + number / 2 for number in range(40))
    ]
    assert [event for event in events if event] == [StormEvent.BEGAN]


def test_a_long_one_is_over_a_minute_after_its_end() -> None:
    storms = Storms()
    for second in range(101):
        storms.enter(HERE, 1, float(second), refused=True)
    assert storms.calmed(159.9) == []
    assert storms.enter(HERE, 2, 159.9, refused=False) is None
    assert storms.enter(HERE, 2, 160.0, refused=False) is StormEvent.ENDED


def test_it_is_over_in_silence_too_and_told_once() -> None:
    storms = Storms()
    for _ in range(20):
        storms.enter(HERE, 1, 0.0, refused=True)
    assert storms.calmed(WINDOW - 0.1) == []
    assert storms.calmed(WINDOW) == [HERE]
    assert storms.calmed(WINDOW) == []
    assert storms.enter(HERE, 2, WINDOW + 1, refused=False) is None


def test_a_second_one_is_told_again() -> None:
    storms = Storms()
    assert StormEvent.BEGAN in rain(storms, 20, 2, 20)
    assert StormEvent.ENDED in rain(storms, 1, 1, 0, at=300.0)
    assert StormEvent.BEGAN in rain(storms, 20, 2, 20, at=400.0)


def test_places_do_not_mix() -> None:
    storms = Storms()
    for number in range(38):
        storms.enter(("crm", f"{number % 2}"), 1, 0.0, refused=True)
    assert storms.raging() == []


def test_repetitions_of_what_is_not_known_are_attempts_of_no_request() -> None:
    storms = Storms()
    events = [storms.enter(HERE, None, 0.0, refused=True) for _ in range(20)]
    assert events[-1] is StormEvent.BEGAN


def test_memory_is_bounded() -> None:
    storms = Storms(places=3)
    for number in range(10):
        storms.enter((f"{number}", "u"), 1, 0.0, refused=True)
    assert len(storms) == 3
    storms.enter(HERE, 1, WINDOW, refused=True)
    assert len(storms) == 1
    for number in range(5000):
        storms.enter(HERE, number, WINDOW, refused=False)
    minute = storms._minutes[HERE]
    assert len(minute._attempts) == len(minute._distinct) == 1024


@given(st.lists(st.tuples(st.none() | st.integers(0, 3), st.floats(0, 300), st.booleans()), max_size=120))
def test_beginnings_and_ends_take_turns(entries: list[tuple[int | None, float, bool]]) -> None:
    storms = Storms()
    events = [storms.enter(HERE, request, at, refused=refused) for request, at, refused in entries]
    told = [event for event in events if event is not None]
    assert told == [StormEvent.BEGAN, StormEvent.ENDED] * (len(told) // 2) + [StormEvent.BEGAN] * (len(told) % 2)
    assert bool(storms.raging()) == bool(len(told) % 2)
    assert 0 <= storms._minutes.get(HERE, None)._refused <= len(entries) if entries else True  # type: ignore[union-attr]
