"""The ledger in SQLite: a writer with a thread of its own, and readers beside it."""

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from costproxy.errors import CostproxyError
from costproxy.model import Turn
from costproxy.recording.ledger.aside import set_aside
from costproxy.recording.ledger.entry import entry_of
from costproxy.recording.ledger.reader import SqliteReader
from costproxy.recording.ledger.retention import Retention
from costproxy.recording.ledger.store import Store
from costproxy.recording.ledger.threads import NO_THREADS, Threads
from costproxy.recording.ledger.trouble import Trouble, trouble_of
from costproxy.recording.ledger.writer import Writer

_SECRET = "secret"  # noqa: S105 - a fact's name: what the secret of the states is told by
_DAY = 86_400.0
KEEP = Retention(exchanges=90 * _DAY, totals=800 * _DAY, most_bytes=4 * 1024**3)


def _silent(_trouble: Trouble | None, _detail: str) -> None:
    """Tell nobody."""


class SqliteLedger(SqliteReader):
    """Keeps turns in a file, and answers questions about them.

    What is wrong with the file at any time stops nothing: exchanges wait, at most `queue` of them, and those for which
    there is no room are lost, which `on_loss` counts. `on_trouble` is told when writing fails and, with None, when it
    works again. `threads` are the conversations that shall outlive a restart, under the secret of that `fingerprint`.
    """

    def __init__(
        self,
        path: Path,
        *,
        threads: Threads = NO_THREADS,
        fingerprint: str = "",
        queue: int = 10_000,
        retention: Retention = KEEP,
        on_loss: Callable[[], None] = lambda: None,
        on_trouble: Callable[[Trouble | None, str], None] = _silent,
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(path)
        self._threads = threads
        self._fingerprint = fingerprint
        self._now = now
        self._on_trouble = on_trouble
        self._writer = Writer(
            path,
            self._opened,
            most=queue,
            retention=retention,
            states=threads.states,
            on_loss=on_loss,
            on_trouble=on_trouble,
            now=now,
        )
        store = self._open_first()
        self.restored = self._restore(store) if store is not None else 0
        self._writer.start(store)

    def __repr__(self) -> str:
        return f"<SqliteLedger {self._writer!r}>"

    @property
    def lost(self) -> int:
        """Exchanges that could not be kept."""
        return self._writer.lost

    @property
    def written(self) -> int:
        """Exchanges that are in the file, since the start."""
        return self._writer.written

    @property
    def waiting(self) -> int:
        """Exchanges that are not in the file yet."""
        return len(self._writer)

    def record(self, turn: Turn) -> None:
        """Take a turn; it is in the file a quarter second later.

        Raises:
            OverflowError: it has a number that no exchange has.
        """
        self._writer.put(entry_of(turn))

    def close(self) -> None:
        """Write what still waits."""
        self._writer.close()

    def _opened(self) -> Store:
        store = Store(self._path)
        try:
            if store.fact(_SECRET) != self._fingerprint:
                store.forget_states(float("inf"))  # of another secret: they fit nothing any more
                store.set_fact(_SECRET, self._fingerprint)
        except BaseException:
            store.close()
            raise
        return store

    def _open_first(self) -> Store | None:
        """Open the file; None if it cannot be opened now: the writer will try again."""
        for _ in range(2):
            try:
                return self._opened()
            except (sqlite3.Error, OSError, CostproxyError) as error:
                trouble = trouble_of(error)
                self._on_trouble(trouble, type(error).__name__)
                if trouble is not Trouble.CORRUPT or not self._is_set_aside():
                    return None
        return None

    def _is_set_aside(self) -> bool:
        try:
            set_aside(self._path, self._now())
        except OSError:
            return False
        return True

    def _restore(self, store: Store) -> int:
        try:
            since = self._now() - self._threads.idle
            store.forget_states(since)
            return self._threads.restore(store.states(since))
        except sqlite3.Error as error:
            self._on_trouble(trouble_of(error), type(error).__name__)
            return 0
