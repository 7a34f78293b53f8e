"""Conversations are told apart as well as promised, on a sample of recorded ones."""

from pathlib import Path

import pytest

from benchmarks.identity import recorded
from benchmarks.identity.measure import SESSIONS, Result, Run
from benchmarks.identity.scenarios import SCENARIOS
from tests.support.data import needed

COUNT = 60  # conversations; the benchmark takes 200
NAMES = [scenario.name for scenario in SCENARIOS]


@pytest.fixture(scope="module")
def folder() -> Path:
    """Where the recorded conversations are."""
    return needed("conversations")


@pytest.fixture(scope="module")
def result(folder: Path) -> Result:
    """What all scenarios come to."""
    return Run(folder=folder, count=COUNT).measure(NAMES)


@pytest.fixture(scope="module")
def of_sessions(folder: Path) -> Result:
    """What the recorded sessions come to."""
    return Run(folder=folder).measure([SESSIONS])


@pytest.mark.parametrize("name", NAMES)
def test_no_floor_is_missed(result: Result, name: str) -> None:
    finding = next(each for each in result.findings if each.name == name)
    assert finding.requests > 4 * COUNT
    assert not finding.missed, finding.figures


@pytest.mark.parametrize("name", [scenario.name for scenario in SCENARIOS if scenario.floors])
def test_neither_baseline_is_better(result: Result, name: str) -> None:
    finding = next(each for each in result.findings if each.name == name)
    assert finding.scores.rand >= max(finding.first_messages.rand, finding.longest_prefix.rand)


def test_recorded_sessions_are_told_apart(of_sessions: Result) -> None:
    assert [each.name for each in of_sessions.findings if each.missed] == []
    assert any(each.floors for each in of_sessions.findings)


def test_the_same_seed_gives_the_same_figures(folder: Path) -> None:
    one, other = (Run(folder=folder, count=8, seed=5).measure(["edited"]) for _ in range(2))
    assert one == other


def test_a_request_is_made_of_what_is_before_each_reply(folder: Path) -> None:
    conversation = recorded.sample(recorded.conversations(folder), 1, seed=1)[0]
    asks = list(SCENARIOS[0].make(conversation, None))  # type: ignore[arg-type]
    assert [len(ask.messages) for ask in asks] == conversation.replies
