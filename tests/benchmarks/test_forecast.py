"""The end of a context window is foretold as well as has been measured, and by the better of the ways."""

from collections.abc import Mapping, Sequence

import pytest

from benchmarks.forecast import OURS, SLOPES, Accuracy, accuracy, by_source
from tests.support.data import needed

STEADY = [range(1000, 20_000, 700)]


Sources = Mapping[str, Sequence[Sequence[int]]]


@pytest.fixture(scope="module")
def recorded() -> Sources:
    return by_source(needed("conversations"))


@pytest.mark.parametrize("name", SLOPES)
def test_steady_growth_is_foretold_exactly(name: str) -> None:
    found = accuracy(STEADY, name, 3)
    assert found is not None
    assert found == Accuracy(forecasts=len(STEADY[0]) - 5, error=0, late=0, bias=0)


def test_what_shrinks_is_no_case() -> None:
    assert accuracy([range(5000, 4000, -10)], OURS, 3) is None


@pytest.mark.parametrize(
    ("source", "ahead", "worst"),
    [
        ("tau-bench, gpt-4o", 3, 2.2),
        ("tau-bench, gpt-4o", 6, 3.6),
        ("tau2-bench", 3, 2.7),
        ("tau2-bench", 6, 4.1),
    ],
)
def test_recorded_conversations_are_foretold_within_the_floor(
    recorded: Sources, source: str, ahead: int, worst: float
) -> None:
    found = accuracy(recorded[source], OURS, ahead)
    assert found is not None
    assert found.forecasts > 100
    assert found.error <= worst


@pytest.mark.parametrize("ahead", [3, 6])
def test_least_squares_beats_the_last_increment(recorded: Sources, ahead: int) -> None:
    together = [prompts for conversations in recorded.values() for prompts in conversations]
    ours, last = accuracy(together, OURS, ahead), accuracy(together, "last increment", ahead)
    assert ours is not None
    assert last is not None
    assert ours.error < last.error
    assert ours.late < last.late
