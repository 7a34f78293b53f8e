"""Files of every version become files of the present one, and lose nothing."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from costproxy.recording.ledger import NoLedgerError, Question, SqliteReader
from costproxy.recording.ledger.entry import entry_of
from costproxy.recording.ledger.schema import MIGRATIONS, VERSION, NewerLedgerError, migrate
from costproxy.recording.ledger.store import _insert
from tests.recording.ledger.made import kept, recorded, refused, rows

SUMS = "SELECT * FROM hourly ORDER BY 1, 2, 3, 4, 5, 6, 7"
DAILY = "SELECT * FROM daily ORDER BY 1, 2, 3, 4, 5, 6, 7"
BY_CONVERSATION = "SELECT hour, conversation, source, requests, cost FROM hourly_conversation ORDER BY 1, 2, 3, 4, 5"


def version_1(path: Path, count: int) -> None:
    """Write a file as the first version was, with exchanges and no sums."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(MIGRATIONS[0])
        for turn in [recorded(number) for number in range(count)] + [refused(0)]:
            row = entry_of(turn).row
            connection.execute(_insert("exchange", tuple(row)), tuple(row.values()))
        connection.execute("PRAGMA user_version = 1")
        connection.commit()


def test_a_file_of_version_1_gets_its_sums(tmp_path) -> None:
    old, new = tmp_path / "old.sqlite", tmp_path / "new.sqlite"
    version_1(old, 300)
    with pytest.raises(NoLedgerError, match="found version 1; start the proxy once"):
        SqliteReader(old).spend(Question())
    kept(old, [])
    kept(new, [*(recorded(number) for number in range(300)), refused(0)])
    assert rows(old, SUMS) == rows(new, SUMS) != []
    assert rows(old, DAILY) == rows(new, DAILY) != []
    assert rows(old, BY_CONVERSATION) == rows(new, BY_CONVERSATION) != []
    assert SqliteReader(old).spend(Question(by=("day",))) == SqliteReader(new).spend(Question(by=("day",)))


def test_a_file_is_brought_up_to_date_once(tmp_path) -> None:
    path = tmp_path / "ledger.sqlite"
    version_1(path, 3)
    for _ in range(2):
        kept(path, [])
    assert rows(path, "PRAGMA user_version") == [(VERSION,)]
    assert rows(path, "SELECT SUM(requests) FROM hourly") == [(4,)]


def test_a_step_that_fails_changes_nothing(tmp_path, monkeypatch) -> None:
    path = tmp_path / "ledger.sqlite"
    version_1(path, 3)
    broken = (MIGRATIONS[0], MIGRATIONS[1] + "SELECT nonsense FROM nowhere;")
    monkeypatch.setattr("costproxy.recording.ledger.schema.MIGRATIONS", broken)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection, pytest.raises(sqlite3.OperationalError):
        migrate(connection)
    assert rows(path, "PRAGMA user_version") == [(1,)]
    assert rows(path, "SELECT name FROM sqlite_master WHERE name LIKE 'hourly%' OR name = 'daily'") == []


def test_a_newer_file_is_not_touched(tmp_path) -> None:
    with closing(sqlite3.connect(tmp_path / "x", isolation_level=None)) as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")
        with pytest.raises(NewerLedgerError, match=f"found version {VERSION + 1}"):
            migrate(connection)


def test_every_column_is_written(tmp_path) -> None:
    path = tmp_path / "ledger.sqlite"
    kept(path, [recorded(0)])
    columns = {row[1] for row in rows(path, "PRAGMA table_info(exchange)")}
    assert columns - {"number"} == set(entry_of(recorded(0)).row)
