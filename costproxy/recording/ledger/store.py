"""The ledger's file, open for writing."""

import os
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from costproxy.recording.ledger import tally
from costproxy.recording.ledger.entry import Entry
from costproxy.recording.ledger.rollup import KEYS, MEASURES, Sums, summed
from costproxy.recording.ledger.schema import migrate, refuse_newer

_BUSY = 2.0  # seconds to wait for somebody else's transaction
_MOST_LOG = 16 * 1024 * 1024  # bytes that the write-ahead log keeps once it was longer
_EVENT = ("type", "kind", "threshold", "message", "region", "tokens", "cost")
_OF_EXCHANGE = ("exchange", "conversation", "at", "upstream", "app", "model")


class Store:
    """One connection to the file; used by one thread at a time.

    Every method raises `sqlite3.Error` for what is wrong with the file, its disk or its locks.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, a new one where there is none, and bring it to the present version.

        Raises:
            NewerLedgerError: a newer costproxy has written it.
            OSError: its directory cannot be made.
        """
        self.path = path
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _touch(path)
        self._connection = sqlite3.connect(path, timeout=_BUSY, isolation_level=None, check_same_thread=False)
        try:
            self._prepare()
        except BaseException:
            self._connection.close()
            raise
        self._file = _identity(path)

    def __repr__(self) -> str:
        return f"<Store {self.path.name}>"

    def _prepare(self) -> None:
        refuse_newer(self._connection)  # before anything is set
        for pragma in (
            "auto_vacuum = INCREMENTAL",  # before the first table: what is deleted can be given back
            "journal_mode = WAL",
            "synchronous = NORMAL",  # a process that dies loses nothing, a machine at most the last commits
            f"journal_size_limit = {_MOST_LOG}",
        ):
            self._connection.execute(f"PRAGMA {pragma}").fetchall()
        migrate(self._connection)

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection itself, in autocommit mode."""
        return self._connection

    def is_gone(self) -> bool:
        """Tell whether the file was taken away, or another one put in its place."""
        return _identity(self.path) != self._file

    def write(self, entries: Sequence[Entry], states: Mapping[str, tuple[float, bytes]]) -> None:
        """Write exchanges, and the states of threads with when they were used last; all of it, or nothing."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            self._write_rows(entries)
            self._write_states(states)
            self._connection.execute("COMMIT")
        except BaseException:
            self.roll_back()
            raise

    def roll_back(self) -> None:
        """Take an unfinished transaction back."""
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def _write_rows(self, entries: Sequence[Entry]) -> None:
        if not entries:
            return
        execute = self._connection.executemany
        columns = tuple(entries[0].row)
        execute(_insert("exchange", columns), (tuple(entry.row.values()) for entry in entries))
        execute(_insert("event", (*_OF_EXCHANGE, *_EVENT)), _events(entries))
        hourly, daily, by_conversation = summed(entries)
        execute(_ADD_HOURLY, _rows(hourly))
        execute(_ADD_DAILY, _rows(daily))
        execute(_ADD_HOURLY_CONVERSATION, _rows(by_conversation))
        execute(_ADD_CONVERSATION, tally.tallied(entries))

    def _write_states(self, states: Mapping[str, tuple[float, bytes]]) -> None:
        rows = ((id, seen, state) for id, (seen, state) in states.items())  # noqa: A001 - what it is
        self._connection.executemany("INSERT OR REPLACE INTO thread (id, seen, state) VALUES (?, ?, ?)", rows)

    def states(self, since: float) -> list[bytes]:
        """Return the states of the threads used since then, the last used last."""
        rows = self._connection.execute("SELECT state FROM thread WHERE seen >= ? ORDER BY seen", (since,))
        return [row[0] for row in rows]

    def forget_states(self, before: float) -> None:
        """Delete the states of threads last used before then."""
        self._connection.execute("DELETE FROM thread WHERE seen < ?", (before,))

    def fact(self, name: str) -> str | None:
        """Return a fact about the file itself."""
        found = self._connection.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
        return None if found is None else found[0]

    def set_fact(self, name: str, value: str) -> None:
        """Note a fact about the file itself."""
        self._connection.execute("INSERT OR REPLACE INTO fact (name, value) VALUES (?, ?)", (name, value))

    def close(self) -> None:
        """Close the file; never raises."""
        try:
            self.roll_back()
            self._connection.close()
        except sqlite3.Error:
            pass


def _touch(path: Path) -> None:
    """Make a new file readable by its owner alone."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _events(entries: Iterable[Entry]) -> Iterable[tuple[Any, ...]]:
    for entry in entries:
        row = entry.row
        whose = (row["id"], row["conversation"], row["started"], row["upstream"], row["app"], row["model"])
        for event in entry.events:
            yield (*whose, *(getattr(event, name) for name in _EVENT))


def _rows(sums: Sums) -> Iterable[tuple[Any, ...]]:
    return ((*key, *values) for key, values in sums.items())


def _insert(table: str, columns: Sequence[str]) -> str:
    names, places = ", ".join(columns), ", ".join("?" * len(columns))
    return f"INSERT INTO {table} ({names}) VALUES ({places})"  # noqa: S608 - our own names


def _upsert(table: str, keys: Sequence[str], columns: Sequence[str], changes: Iterable[str]) -> str:
    return f"{_insert(table, columns)} ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {', '.join(changes)}"


_SUMMED = tuple(f"{name} = {name} + excluded.{name}" for name in MEASURES)
_BY_CONVERSATION = (*KEYS, "conversation")
_ADD_HOURLY = _upsert("hourly", KEYS, (*KEYS, *MEASURES), _SUMMED)
_BY_DAY = ("day", *KEYS[1:])
_ADD_DAILY = _upsert("daily", _BY_DAY, (*_BY_DAY, *MEASURES), _SUMMED)
_ADD_HOURLY_CONVERSATION = _upsert("hourly_conversation", _BY_CONVERSATION, (*_BY_CONVERSATION, *MEASURES), _SUMMED)
_ADD_CONVERSATION = (
    f"INSERT INTO conversation ({', '.join(tally.COLUMNS)})"  # noqa: S608 - our own names
    f" VALUES ({', '.join(f':{name}' for name in tally.COLUMNS)}) ON CONFLICT (id) DO UPDATE SET "
    + ", ".join(
        [
            "first = MIN(first, excluded.first)",
            "last = MAX(last, excluded.last)",
            "parent = IFNULL(parent, excluded.parent)",
            *(f"{name} = IFNULL(excluded.{name}, {name})" for name in tally.LATEST),
            *(f"{name} = MAX({name}, excluded.{name})" for name in tally.HIGHEST),
            *(f"{name} = {name} + excluded.{name}" for name in tally.ADDED),
        ]
    )
)
