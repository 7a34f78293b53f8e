"""A finished exchange goes to every sink; no failure goes anywhere else."""

import threading

import pytest

from costproxy.meter import Meter
from costproxy.model import Exchange, Turn
from costproxy.recording.recorder import Recorder
from tests.support.turns import exchange


class Kept:
    """A sink that keeps turns, and the threads they came in."""

    def __init__(self) -> None:
        self.turns: list[Turn] = []
        self.threads: set[str] = set()

    def record(self, turn: Turn) -> None:
        self.turns.append(turn)
        self.threads.add(threading.current_thread().name)


class Broken:
    """A sink that takes nothing."""

    def record(self, turn: Turn) -> None:
        raise OSError("no space left")


def unheard(**_: str | None) -> None:
    """Take notice of a request, and do nothing."""


def unreadable() -> Exchange:
    raise ValueError("a defect")


@pytest.fixture(name="failures")
def _failures() -> list[str]:
    return []


def test_every_sink_gets_the_turn(failures):
    first, second = Kept(), Kept()
    recorder = Recorder(Meter(), [("first", first), ("second", second)], failures.append, announce=unheard)
    recorder.finish(exchange, exchange="x", heavy=False)
    recorder.close()
    assert len(first.turns) == 1
    assert first.turns == second.turns
    assert first.turns[0].model == "gpt-4o"
    assert failures == []


def test_a_sink_that_fails_is_counted_and_stops_no_other(failures):
    kept = Kept()
    recorder = Recorder(
        Meter(), [("ledger", Broken()), ("metrics", kept), ("log", Broken())], failures.append, announce=unheard
    )
    recorder.finish(exchange, exchange="x", heavy=False)
    recorder.close()
    assert len(kept.turns) == 1
    assert failures == ["ledger", "log"]


@pytest.mark.parametrize("heavy", [False, True])
def test_an_exchange_that_cannot_be_made_is_counted_as_the_meters_failure(failures, heavy):
    kept = Kept()
    recorder = Recorder(Meter(), [("metrics", kept)], failures.append, announce=unheard)
    recorder.finish(unreadable, exchange="x", heavy=heavy)
    recorder.close()
    assert kept.turns == []
    assert failures == ["meter"]


def test_light_work_is_done_at_once_and_heavy_work_in_a_thread_of_its_own(failures):
    light, heavy = Kept(), Kept()
    recorder = Recorder(Meter(), [("light", light)], failures.append, announce=unheard)
    recorder.finish(exchange, exchange="x", heavy=False)
    assert light.threads == {threading.current_thread().name}
    recorder = Recorder(Meter(), [("heavy", heavy)], failures.append, announce=unheard)
    recorder.finish(exchange, exchange="x", heavy=True)
    recorder.close()
    assert heavy.threads == {"recorder_0"}


def test_while_something_heavy_waits_all_goes_the_same_way_so_that_the_order_is_kept(failures):
    kept, gate = Kept(), threading.Event()
    recorder = Recorder(Meter(), [("metrics", kept)], failures.append, announce=unheard)
    opened: list[str] = []

    def slow() -> Exchange:
        gate.wait(10)
        return exchange()

    recorder.finish(slow, exchange="x", heavy=True)
    recorder.open(lambda: opened.append(f"open after {len(kept.turns)}"), heavy=False)
    recorder.finish(exchange, exchange="y", heavy=False)
    assert (opened, kept.turns) == ([], [])
    gate.set()
    recorder.close()
    assert opened == ["open after 1"]
    assert (len(kept.turns), kept.threads, failures) == (2, {"recorder_0"}, [])


def test_closing_waits_for_what_is_still_being_recorded(failures):
    kept = Kept()
    recorder = Recorder(Meter(), [("metrics", kept)], failures.append, announce=unheard)
    for _ in range(50):
        recorder.finish(exchange, exchange="x", heavy=True)
    recorder.close()
    assert len(kept.turns) == 50


@pytest.mark.parametrize("heavy", [False, True])
def test_what_comes_after_closing_is_recorded_too(failures, heavy):
    kept = Kept()
    recorder = Recorder(Meter(), [("metrics", kept)], failures.append, announce=unheard)
    recorder.close()
    recorder.finish(exchange, exchange="x", heavy=heavy)
    assert len(kept.turns) == 1
    assert failures == []
