"""Whatever is wrong with the file: no exchange waits for it, what is lost is counted, and it recovers."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from costproxy.recording.ledger import NoLedgerError, Question, SqliteLedger, SqliteReader
from costproxy.recording.ledger.schema import VERSION
from costproxy.recording.ledger.trouble import Trouble, trouble_of
from tests.recording.ledger.made import kept, recorded, rows, until
from tests.support.project import ROOT

pytestmark = pytest.mark.timeout(60)


class Told:
    """What a ledger tells of its troubles and losses."""

    def __init__(self) -> None:
        self.troubles: list[Trouble | None] = []
        self.lost = 0

    def trouble(self, trouble: Trouble | None, detail: str) -> None:
        self.troubles.append(trouble)

    def loss(self) -> None:
        self.lost += 1


@pytest.fixture(name="told")
def _told() -> Told:
    return Told()


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    return tmp_path / "ledger" / "ledger.sqlite"


def open_ledger(path: Path, told: Told, **facts) -> SqliteLedger:
    return SqliteLedger(path, on_loss=told.loss, on_trouble=told.trouble, **facts)


def count(path: Path) -> int:
    return rows(path, "SELECT COUNT(*) FROM exchange")[0][0]


def test_recording_waits_for_nothing_while_the_file_is_locked(path, told) -> None:
    kept(path, [recorded(0)])
    ledger = open_ledger(path, told, queue=50)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        for number in range(1, 61):
            ledger.record(recorded(number))
        assert time.monotonic() - began < 1.0
        assert (told.lost, ledger.waiting) == (10, 50)
        until(lambda: told.troubles)
        other.execute("ROLLBACK")
    until(lambda: ledger.written == 50)
    ledger.close()
    assert told.troubles == [Trouble.LOCKED, None]
    assert count(path) == 51
    assert (told.lost, ledger.lost) == (10, 10)


def test_what_is_locked_to_the_end_is_lost_and_counted(path, told, monkeypatch) -> None:
    monkeypatch.setattr("costproxy.recording.ledger.writer._PATIENCE", 0.5)
    monkeypatch.setattr("costproxy.recording.ledger.store._BUSY", 0.1)
    ledger = open_ledger(path, told)
    ledger.record(recorded(0))
    until(lambda: ledger.written == 1)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        ledger._writer._store.connection.execute("PRAGMA busy_timeout = 100").fetchall()
        ledger.record(recorded(1))
        ledger.close()
        other.execute("ROLLBACK")
    assert told.lost == 1
    assert count(path) == 1


@pytest.mark.parametrize("content", [b"this is no database, " * 500, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_no_ledger_is_set_aside_with_a_date(path, told, content) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    ledger = open_ledger(path, told, now=lambda: 1_790_000_000.0)
    ledger.record(recorded(0))
    ledger.close()
    (aside,) = path.parent.glob("ledger.corrupt-20260921T*Z.sqlite")
    assert aside.read_bytes() == content
    assert (count(path), told.lost) == (1, 0)
    assert Trouble.CORRUPT in told.troubles


def test_a_file_that_breaks_while_it_is_used_is_set_aside_too(path, told) -> None:
    ledger = open_ledger(path, told)
    for number in range(200):
        ledger.record(recorded(number))
    until(lambda: ledger.written == 200)
    ledger._writer._store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    ledger._writer._store.connection.execute("PRAGMA shrink_memory").fetchall()  # what it remembers is still whole
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (size - 4096))
    for number in range(200, 300):
        ledger.record(recorded(number))
    until(lambda: ledger.written == 300)
    ledger.close()
    assert told.troubles == [Trouble.CORRUPT, None]
    assert (count(path), told.lost) == (100, 0)
    assert len(list(path.parent.glob("ledger.corrupt-*.sqlite"))) == 1


def test_two_damaged_files_of_one_second_are_both_kept(path, told) -> None:
    for _ in range(2):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"no database" * 999)
        open_ledger(path, told, now=lambda: 0.0).close()
    assert len(list(path.parent.glob("ledger.corrupt-*"))) == 2


def test_a_file_that_is_taken_away_is_begun_anew(path, told) -> None:
    ledger = open_ledger(path, told)
    ledger.record(recorded(0))
    until(lambda: ledger.written == 1)
    for each in path.parent.glob("ledger.sqlite*"):
        each.unlink()
    ledger.record(recorded(1))
    ledger.close()
    assert (count(path), told.lost) == (1, 0)


def test_a_directory_that_cannot_be_made_stops_nothing_and_is_tried_again(tmp_path, told) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("no directory")
    ledger = open_ledger(blocker / "ledger.sqlite", told)
    ledger.record(recorded(0))
    until(lambda: ledger._writer._failures)
    blocker.unlink()
    until(lambda: ledger.written == 1)
    ledger.close()
    assert told.troubles[0] is Trouble.REFUSED
    assert (told.troubles[-1], told.lost) == (None, 0)


def test_a_newer_file_is_left_alone(path, told, monkeypatch) -> None:
    monkeypatch.setattr("costproxy.recording.ledger.writer._PATIENCE", 0.3)
    kept(path, [recorded(0)])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    before = path.read_bytes()
    ledger = open_ledger(path, told)
    ledger.record(recorded(1))
    ledger.close()
    assert (set(told.troubles), told.lost) == ({Trouble.NEWER}, 1)
    assert path.read_bytes() == before
    with pytest.raises(NoLedgerError, match=f"expected a file of version {VERSION}, found version {VERSION + 1}"):
        SqliteReader(path).spend(Question())


def test_an_exchange_that_the_file_refuses_takes_no_other_with_it(path, told) -> None:
    ledger = open_ledger(path, told)
    for number in (1, 2, 2, 3):
        ledger.record(recorded(number))
    ledger.close()
    assert (count(path), told.lost) == (3, 1)
    assert rows(path, "SELECT SUM(requests) FROM hourly") == [(3,)]


FULL = """
import resource, signal, sys, time
from pathlib import Path
from costproxy.recording.ledger import SqliteLedger
from tests.recording.ledger.made import recorded
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
told, lost = [], []
ledger = SqliteLedger(Path(sys.argv[1]), queue=3000, on_trouble=lambda *each: told.append(each[0]),
                      on_loss=lambda: lost.append(1))
room = 1_000_000
resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
began = time.monotonic()
for number in range(5000):
    ledger.record(recorded(number))
took = time.monotonic() - began
end = time.monotonic() + 15
while not told and time.monotonic() < end:
    time.sleep(0.01)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
while ledger.waiting and time.monotonic() < end:
    time.sleep(0.01)
ledger.close()
print(ledger.written, len(lost), *(each and each.value for each in told), took < 5)
"""


def test_a_full_disk_stops_nothing_and_is_recovered_from(path) -> None:
    done = run(FULL, path)
    written, lost, *troubles, quick = done.split()
    assert quick == "True"
    assert int(written) + int(lost) == 5000
    assert troubles[0] == "full"
    assert troubles[-1] == "None"
    assert count(path) == int(written) > 0
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]


KILLED = """
import sys, time
from pathlib import Path
from costproxy.recording.ledger import SqliteLedger
from tests.recording.ledger.made import recorded
ledger = SqliteLedger(Path(sys.argv[1]))
number = 0
while True:
    ledger.record(recorded(number))
    number += 1
    print(number, time.monotonic(), flush=True)
    time.sleep(0.002)
"""


def test_kill_9_loses_at_most_a_quarter_second(path) -> None:
    process = subprocess.Popen([sys.executable, "-c", KILLED, path], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    lines = []
    reading = threading.Thread(target=lambda: lines.extend(process.stdout or ()))
    reading.start()
    until(lambda: len(lines) > 400)
    os.kill(process.pid, signal.SIGKILL)
    killed = time.monotonic()
    process.wait()
    reading.join()
    process.stdout.close()
    found = count(path)
    times = [float(line.split()[1]) for line in lines if line.endswith("\n")]
    missing = [at for at in times[found:] if at < killed - 0.5]  # a quarter second, and as much for a busy machine
    assert missing == []
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]
    (sums,) = rows(path, "SELECT SUM(requests), SUM(cost) FROM hourly")
    assert [sums] == rows(path, "SELECT COUNT(*), SUM(cost) FROM exchange")


def test_closing_loses_nothing(path, told) -> None:
    ledger = open_ledger(path, told)
    for number in range(5000):
        ledger.record(recorded(number))
    ledger.close()
    assert (count(path), told.lost, told.troubles) == (5000, 0, [])
    assert not list(path.parent.glob("*-wal"))


def test_what_comes_after_the_end_is_counted_as_lost(path, told) -> None:
    ledger = open_ledger(path, told)
    ledger.close()
    ledger.record(recorded(0))
    ledger.close()
    assert (ledger.written, told.lost) == (0, 1)


def test_several_threads_and_a_reader_at_once(path, told) -> None:
    ledger = open_ledger(path, told)
    ledger.record(recorded(0))
    until(lambda: ledger.written == 1)

    def work(first: int) -> None:
        for number in range(first, first + 500):
            ledger.record(recorded(number))

    threads = [threading.Thread(target=work, args=(1 + 500 * each,)) for each in range(4)]
    for thread in threads:
        thread.start()
    seen = 0
    while any(thread.is_alive() for thread in threads):
        now = sum(each.requests for each in ledger.spend(Question()))
        assert now >= seen
        seen = now
    ledger.close()
    assert sum(each.requests for each in ledger.spend(Question())) == count(path) == 2001
    assert told.troubles == []


def test_what_cannot_be_read_is_told(path) -> None:
    with pytest.raises(NoLedgerError, match="expected a file, found none at"):
        SqliteReader(path).spend(Question())
    path.parent.mkdir()
    path.write_bytes(b"no database" * 999)
    with pytest.raises(NoLedgerError, match="expected a file that can be read"):
        SqliteReader(path).conversation("x")


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (OSError(28, "no space left"), Trouble.FULL),
        (PermissionError(13, "denied"), Trouble.REFUSED),
        (OverflowError(), Trouble.ODD),
        (sqlite3.ProgrammingError("bad value"), Trouble.ODD),
        (RuntimeError(), Trouble.OTHER),
    ],
)
def test_every_error_means_something(error, trouble) -> None:
    assert trouble_of(error) is trouble


def run(script: str, path: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script, path], cwd=ROOT, capture_output=True, text=True, timeout=50, check=True
    )
    return done.stdout
