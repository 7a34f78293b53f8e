"""Mistakes that applications make are found where they were made, and nowhere else, on a sample of recordings."""

import pytest

from benchmarks.detectors.injections import INJECTIONS
from benchmarks.detectors.trial import quiet, trial
from benchmarks.identity import recorded
from benchmarks.identity.recorded import Conversation
from costproxy.model import MistakeKind
from tests.support.data import needed

COUNT = 40
FLOOR = 0.95
LEAST = 8  # conversations that allow a mistake


@pytest.fixture(scope="module")
def every() -> list[Conversation]:
    """All recorded conversations."""
    return recorded.conversations(needed("conversations"))


@pytest.fixture(scope="module")
def sample(every: list[Conversation]) -> list[Conversation]:
    """Some of them."""
    return recorded.sample(every, COUNT, seed=0, least=4)


def test_every_kind_of_mistake_is_made() -> None:
    assert set(INJECTIONS) == set(MistakeKind)


@pytest.mark.parametrize("kind", INJECTIONS)
def test_mistakes_are_found_where_they_were_made(sample: list[Conversation], kind: MistakeKind) -> None:
    found = trial(kind, sample, seed=0)
    assert found.injected >= LEAST
    assert found.recall is not None
    assert found.recall >= FLOOR, found.missed
    assert found.precision is not None
    assert found.precision >= FLOOR, found.extra
    assert found.place is None or found.place >= FLOOR


def test_nothing_is_found_where_nothing_was_done(every: list[Conversation]) -> None:
    found = quiet(recorded.sample(every, 200, seed=0), seed=0)
    assert found.requests >= 1000
    assert found.alarms == []
