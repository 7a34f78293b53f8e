"""What is old goes, a little at a time; what it summed up to stays longer."""

from pathlib import Path

import pytest

from costproxy.recording.ledger import Question, SqliteLedger
from costproxy.recording.ledger.retention import Retention, horizon_of, sweep, used_bytes
from costproxy.recording.ledger.store import Store
from tests.recording.ledger.made import HOUR, START, kept, recorded, rows, until

DAY = 24 * HOUR
PLENTY = 1 << 40
NOW = START + 30 * HOUR


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.sqlite"
    kept(path, [recorded(number) for number in range(1500)], now=lambda: START)  # 25 hours
    return path


def swept(path: Path, retention: Retention, now: float = NOW) -> int:
    """Sweep until nothing is left to be swept; return how often."""
    store, count = Store(path), 1
    while sweep(store, retention, now):
        count += 1
        assert count < 1000
    store.close()
    return count


def test_exchanges_go_by_whole_hours_and_their_sums_stay(path) -> None:
    before = SqliteLedger(path, now=lambda: START).spend(Question())
    swept(path, Retention(exchanges=20 * HOUR, totals=400 * DAY, most_bytes=PLENTY))
    (oldest,) = rows(path, "SELECT MIN(started) FROM exchange")
    horizon = int(NOW - 20 * HOUR) // 3600 * 3600
    assert horizon <= oldest[0] < horizon + HOUR
    assert rows(path, "SELECT MIN(hour) * 3600 FROM hourly_conversation") == [(horizon,)]
    assert rows(path, "SELECT MIN(at) >= ? FROM event", horizon) == [(1,)]
    reader = SqliteLedger(path, now=lambda: START)
    assert reader.spend(Question()) == before
    since, until_, horizon_told = reader.covered(Question(since=START + 100, until=START + 24 * HOUR + 100))
    assert (since, until_, horizon_told) == (START // HOUR * HOUR, START + 24 * HOUR + 100, horizon)
    reader.close()


def test_sums_go_too_in_the_end_and_conversations_with_their_last_turn(path) -> None:
    swept(path, Retention(exchanges=HOUR, totals=2 * HOUR, most_bytes=PLENTY), START + 100 * DAY)
    for table in ("exchange", "event", "conversation", "hourly", "daily", "hourly_conversation"):
        assert rows(path, f"SELECT COUNT(*) FROM {table}") == [(0,)]


def test_a_file_that_is_too_large_loses_its_oldest_hours(path) -> None:
    store = Store(path)
    most = used_bytes(store) // 2
    store.close()
    swept(path, Retention(exchanges=400 * DAY, totals=400 * DAY, most_bytes=most))
    store = Store(path)
    assert most * 0.8 < used_bytes(store) <= most
    horizon = horizon_of(store)
    store.close()
    assert rows(path, "SELECT MIN(started) >= ?, MAX(started) FROM exchange", horizon * HOUR) == [
        (1, recorded(1499).exchange.started_at)
    ]
    assert path.stat().st_size < most * 1.3


def test_the_present_hour_is_never_deleted_for_its_size(path) -> None:
    now = START + 24.5 * HOUR
    swept(path, Retention(exchanges=400 * DAY, totals=400 * DAY, most_bytes=1), now)
    assert rows(path, "SELECT MIN(started) >= ? FROM exchange", int(now) // 3600 * 3600) == [(1,)]


def test_the_writer_sweeps_by_itself(path, monkeypatch) -> None:
    monkeypatch.setattr("costproxy.recording.ledger.retention._AT_A_TIME", 100)
    retention = Retention(exchanges=HOUR, totals=400 * DAY, most_bytes=PLENTY)
    ledger = SqliteLedger(path, retention=retention, now=lambda: START + 10 * DAY)
    ledger.record(recorded(1, id="late", started_at=START + 10 * DAY))
    until(lambda: rows(path, "SELECT COUNT(*) FROM exchange") == [(1,)])
    ledger.close()
    assert [row["id"] for row in ledger.export(Question())] == ["late"]


def test_what_conversations_are_recognised_by_goes_when_they_are_forgotten(path) -> None:
    store = Store(path)
    store.write([], {"old": (NOW - 101, b"{}"), "young": (NOW - 99, b"{}")})
    sweep(store, Retention(exchanges=400 * DAY, totals=400 * DAY, most_bytes=PLENTY, threads=100.0), NOW)
    store.close()
    assert rows(path, "SELECT id FROM thread") == [("young",)]
