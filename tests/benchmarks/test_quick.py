"""The benchmarks run, fill every row, and count what they send."""

import json
import os
import signal
import subprocess
import sys
from typing import Any

import psutil
import pytest

from tests.support.project import ROOT

LONGEST = 100  # seconds; on an idle machine it takes about 15
SIZES = ("chat-1k", "chat-30k", "chat-400k", "chat-2m")
STREAMS = ("stream-1", "stream-100", "stream-500")
BURSTS = ("burst-1", "burst-100", "burst-500")
THROUGH_A_PROXY = {*SIZES, *STREAMS, *BURSTS, "memory.idle", "memory.after", "start.ready"}
ALSO_DIRECT = {
    *(f"{name}.rate" for name in (*SIZES, *BURSTS)),
    *(f"{name}.pace" for name in STREAMS),
    *(f"latency.{percentile}" for percentile in ("p50", "p90", "p99")),
}


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    """What a quick run of all benchmarks says."""
    done = _run("--quick", "--format", "json", seconds=LONGEST)
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_every_row_is_there(found: dict[str, Any]) -> None:
    assert {row["name"] for row in found["rows"]} == THROUGH_A_PROXY | ALSO_DIRECT


def test_every_contender_has_a_figure_in_every_row_it_belongs_to(found: dict[str, Any]) -> None:
    filled = {(row["name"], name) for row in found["rows"] for name, figures in row["figures"].items() if figures}
    proxies = {(row, name) for row in THROUGH_A_PROXY | ALSO_DIRECT for name in ("bare aiohttp", "costproxy")}
    assert filled == proxies | {(row, "direct") for row in ALSO_DIRECT}


def test_the_upstream_has_seen_what_was_sent(found: dict[str, Any]) -> None:
    assert [book["sent"] for book in found["counted"].values()] == [
        book["seen_by_upstream"] for book in found["counted"].values()
    ]
    assert all(book["sent"] > 1000 for book in found["counted"].values())


def test_costproxy_has_metered_every_request_and_every_token(found: dict[str, Any]) -> None:
    book = found["counted"]["costproxy"]
    assert book["metered"] == book["sent"]
    assert book["tokens_metered"] == book["tokens_told"] > 0


def test_the_run_says_where_it_took_place(found: dict[str, Any]) -> None:
    assert {"processor", "cores", "system", "Python", "packages", "revision"} <= set(found["environment"])


def test_a_pattern_that_matches_nothing_is_refused_with_the_names() -> None:
    done = _run("--only", "chats", seconds=30)
    assert done.returncode == 2
    assert "chat-1k" in done.stderr


def test_what_was_started_ends_with_a_run_that_is_ended() -> None:
    command = [sys.executable, "benchmarks/run.py", "--quick", "--only", "latency", "--rounds", "100"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        process.stderr.readline()  # the first measurement has begun
        started = psutil.Process(process.pid).children(recursive=True)
        process.terminate()
        process.communicate(timeout=30)
    _, alive = psutil.wait_procs(started, timeout=10)
    assert len(started) == 3
    assert alive == []


def test_one_workload_can_be_chosen() -> None:
    done = _run("--quick", "--only", "start", seconds=60)
    assert done.returncode == 0, done.stderr
    assert "until the first 200" in done.stdout
    assert "per request" not in done.stdout


def _run(*words: str, seconds: float) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "benchmarks/run.py", *words]
    # A session of its own, so that the processes it has started can be ended with it.
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            out, err = process.communicate(timeout=seconds)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return subprocess.CompletedProcess(command, process.returncode, out, err)
