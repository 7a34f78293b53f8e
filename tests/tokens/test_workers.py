import threading
from collections.abc import Iterator

import pytest

from costproxy.tokens.workers import Workers


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def test_a_job_gives_its_result() -> None:
    workers = Workers(threads=1, waiting=0)
    job = workers.submit(lambda: 42)
    assert job is not None
    assert job.result(timeout=10) == 42
    workers.close()


def test_jobs_beyond_those_running_and_waiting_are_refused(gate: threading.Event) -> None:
    workers = Workers(threads=1, waiting=2)
    taken = [workers.submit(lambda: gate.wait(30)) for _ in range(3)]
    assert None not in taken
    assert workers.submit(lambda: True) is None
    gate.set()
    workers.close()
    assert [job.result() for job in taken if job is not None] == [True, True, True]


def test_a_job_that_is_done_or_failed_or_was_cancelled_leaves_its_place(gate: threading.Event) -> None:
    workers = Workers(threads=1, waiting=1)
    running, waiting = workers.submit(lambda: gate.wait(30)), workers.submit(lambda: True)
    assert running is not None
    assert waiting is not None
    assert waiting.cancel()
    failing = workers.submit(lambda: 1 // 0)
    assert failing is not None
    gate.set()
    assert isinstance(failing.exception(timeout=10), ZeroDivisionError)
    last = [workers.submit(lambda: True), workers.submit(lambda: True)]
    assert None not in last
    workers.close()


def test_closed_workers_take_nothing_and_leave_no_thread() -> None:
    before = set(threading.enumerate())
    workers = Workers(threads=2, waiting=2)
    workers.submit(lambda: True)
    assert set(threading.enumerate()) > before
    workers.close()
    workers.close()
    assert workers.submit(lambda: True) is None
    assert set(threading.enumerate()) == before


def test_no_thread_is_started_before_the_first_job() -> None:
    before = threading.active_count()
    Workers(threads=2, waiting=2).close()
    assert threading.active_count() == before
