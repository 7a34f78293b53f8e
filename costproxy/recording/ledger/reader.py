"""Questions to a ledger in SQLite, read-only: beside a running proxy, and without one."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any
from urllib.parse import quote

from costproxy.errors import CostproxyError
from costproxy.recording.ledger.answers import Conversation, MistakeSum, Spend
from costproxy.recording.ledger.interface import Row
from costproxy.recording.ledger.question import Question
from costproxy.recording.ledger.retention import HORIZON
from costproxy.recording.ledger.schema import VERSION, version_of
from costproxy.recording.ledger.sums import QUALITIES, measures_from, span_of, spend_query, top_query

_PORTION = 2000  # rows read at a time, so that no reader keeps the writer from tidying up
_TICKS = 200_000  # instructions of SQLite between two looks at the clock
_BUSY = 5.0  # seconds
_COLUMNS = ", ".join(each.name for each in fields(Conversation))


class NoLedgerError(CostproxyError):
    """There is no ledger to read, or none that can be read; the message says where and why."""


class SqliteReader:
    """Reads a ledger's file; a connection of its own for each question.

    `tick` is called now and then while a question is answered.

    Every method raises `NoLedgerError`.
    """

    def __init__(self, path: Path, *, tick: Callable[[], None] | None = None) -> None:
        self._path = path
        self._tick = tick

    def __repr__(self) -> str:
        return f"<SqliteReader {self._path.name}>"

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        if not self._path.is_file():
            raise NoLedgerError(f"ledger: expected a file, found none at {self._path}")
        try:
            with closing(_connect(self._path)) as connection:
                self._check(connection)
                if self._tick is not None:
                    connection.set_progress_handler(self._tick, _TICKS)
                yield connection
        except sqlite3.Error as error:
            raise NoLedgerError(f"ledger: expected a file that can be read, found {self._path}: {error}") from None

    def _check(self, connection: sqlite3.Connection) -> None:
        found = version_of(connection)
        if found != VERSION:
            hint = "start the proxy once to bring it up to date" if found < VERSION else "a newer costproxy reads it"
            raise NoLedgerError(f"ledger: expected a file of version {VERSION}, found version {found}; {hint}")

    def covered(self, question: Question) -> tuple[float, float, float | None]:
        """Return the range that sums are really of, and since when single exchanges are there (None: all are)."""
        with self._open() as connection:
            horizon = _horizon(connection)
        span = span_of(question, horizon)
        ends = [moment for piece in span.pieces for moment in piece]
        ends += [span.first * 3600.0, span.last * 3600.0] if span.last > span.first else []
        return min(ends, default=0.0), max(ends, default=0.0), horizon * 3600.0 if horizon else None

    def spend(self, question: Question) -> list[Spend]:
        """Return sums by group, quality and source; in the order of the groups."""
        with self._open() as connection:
            sql, values = spend_query(question, _horizon(connection))
            rows = connection.execute(sql, values).fetchall()
        count = len(question.by)
        return [
            Spend(
                group=tuple(map(str, row[:count])),
                usage_quality=row[count],
                quality=row[count + 1],
                source=row[count + 2],
                **measures_from(row[count + len(QUALITIES) :]),
            )
            for row in rows
        ]

    def conversations(self, question: Question, *, most: int) -> list[Conversation]:
        """Return the conversations with the largest known cost, that first."""
        with self._open() as connection:
            sql, values = top_query(question, _horizon(connection))
            ids = [row[0] for row in connection.execute(sql, {**values, "most": most})]
            found = (_conversation(connection, id) for id in ids)  # noqa: A001 - what it is
            return [each for each in found if each is not None]

    def conversation(self, id: str) -> Conversation | None:  # noqa: A002 - what it is
        """Return one conversation; None: it is not known, or no longer."""
        with self._open() as connection:
            return _conversation(connection, id)

    def turns(self, conversation: str) -> Iterator[Row]:
        """Yield the exchanges of a conversation, oldest first."""
        sql = "SELECT * FROM exchange WHERE conversation = ? ORDER BY started, number"
        with self._open() as connection:
            yield from _by_name(connection.execute(sql, (conversation,)))

    def events(self, conversation: str) -> list[Row]:
        """Return the mistakes and warnings of a conversation, oldest first."""
        sql = "SELECT * FROM event WHERE conversation = ? ORDER BY at, number"
        with self._open() as connection:
            return list(_by_name(connection.execute(sql, (conversation,))))

    def mistakes(self, question: Question) -> list[MistakeSum]:
        """Return mistakes by kind, the most frequent first."""
        where, values = _where(question, "at", ("app", "model", "upstream", "conversation"))
        sql = f"""SELECT kind, COUNT(*) AS count, COUNT(DISTINCT conversation), SUM(IFNULL(tokens, 0)),
        SUM(IFNULL(cost, 0)) FROM event WHERE type = 'mistake'{where} GROUP BY kind
        ORDER BY count DESC, kind"""  # noqa: S608 - our own names, values are bound
        with self._open() as connection:
            rows = connection.execute(sql, values).fetchall()
        names = ("kind", "count", "conversations", "tokens", "cost")
        return [MistakeSum(**dict(zip(names, row, strict=True))) for row in rows]

    def export(self, question: Question) -> Iterator[Row]:
        """Yield exchanges in the order in which they were recorded."""
        names = ("app", "model", "upstream", "quality", "source", "conversation")
        where, values = _where(question, "started", names)
        sql = f"SELECT * FROM exchange WHERE number > :after{where} ORDER BY number LIMIT {_PORTION}"  # noqa: S608
        after = 0
        with self._open() as connection:
            while rows := list(_by_name(connection.execute(sql, {**values, "after": after}))):
                yield from rows
                after = rows[-1]["number"]


def _connect(path: Path) -> sqlite3.Connection:
    """Open a file for reading; one that nobody has open, in a directory that cannot be written to, as it is."""
    address = f"file:{quote(str(path.resolve()))}"
    connection = sqlite3.connect(f"{address}?mode=ro", uri=True, timeout=_BUSY, isolation_level=None)
    try:
        connection.execute("PRAGMA user_version").fetchone()
    except sqlite3.OperationalError:
        connection.close()
        if path.with_name(path.name + "-wal").exists():
            raise
        connection = sqlite3.connect(f"{address}?mode=ro&immutable=1", uri=True, isolation_level=None)
    return connection


def _by_name(cursor: sqlite3.Cursor) -> Iterator[dict[str, Any]]:
    names = [each[0] for each in cursor.description]
    for row in cursor:
        yield dict(zip(names, row, strict=True))


def _conversation(connection: sqlite3.Connection, id: str) -> Conversation | None:  # noqa: A002 - what it is
    sql = f"SELECT {_COLUMNS} FROM conversation WHERE id = ?"  # noqa: S608 - our own names
    found = next(_by_name(connection.execute(sql, (id,))), None)
    return None if found is None else Conversation(**found)


def _horizon(connection: sqlite3.Connection) -> int:
    found = connection.execute("SELECT value FROM fact WHERE name = ?", (HORIZON,)).fetchone()
    return int(found[0]) if found is not None else 0


def _where(question: Question, moment: str, names: tuple[str, ...]) -> tuple[str, dict[str, Any]]:
    """Return conditions on single rows, each behind an AND, and what is bound in them."""
    conditions, values = [], {}
    for name, sign in (("since", ">="), ("until", "<")):
        if getattr(question, name) is not None:
            conditions.append(f" AND {moment} {sign} :{name}")
            values[name] = getattr(question, name)
    for name in names:
        if name in question.filters:
            conditions.append(f" AND IFNULL({name}, '') = :{name}")
            values[name] = question.filters[name]
    return "".join(conditions), values
