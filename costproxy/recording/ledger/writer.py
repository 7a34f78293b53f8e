"""The one thread that writes: it gathers, commits, and when the file does not take it, waits and tries again."""

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path

from costproxy.recording.ledger.aside import set_aside
from costproxy.recording.ledger.entry import Entry
from costproxy.recording.ledger.retention import Retention, sweep
from costproxy.recording.ledger.schema import NewerLedgerError
from costproxy.recording.ledger.store import Store
from costproxy.recording.ledger.trouble import Trouble, trouble_of

GATHERING = 0.2  # seconds between two commits: with the commit itself, a quarter second is what a kill can cost
_MOST_AT_ONCE = 1000  # exchanges of one commit
_PAUSES = (0.25, 0.5, 1.0, 2.0, 5.0)  # seconds before trying again
_SWEEPING = 60.0  # seconds between looks for what is old
_PATIENCE = 5.0  # seconds, at the end, for a file that does not take what is left

States = Mapping[str, tuple[float, bytes]]


class Writer:
    """Takes entries and writes them in the order in which they came; never makes anybody wait, never raises.

    `opened` opens the file. `states` returns what is to be kept of some conversations. `on_loss` is called for every
    exchange that cannot be kept, `on_trouble` when writing begins to fail and for every other reason from then on, with
    None when it works again.
    """

    def __init__(
        self,
        path: Path,
        opened: Callable[[], Store],
        *,
        most: int,
        retention: Retention,
        states: Callable[[set[str], float], States],
        on_loss: Callable[[], None],
        on_trouble: Callable[[Trouble | None, str], None],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._path = path
        self._opened = opened
        self._most = most
        self._retention = retention
        self._states = states
        self._on_loss = on_loss
        self._on_trouble = on_trouble
        self._now = now
        self._queue: deque[Entry] = deque()
        self._batch: list[Entry] = []  # taken from the queue, and not in the file yet
        self._store: Store | None = None
        self._trouble: Trouble | None = None
        self._failures = 0  # since it last worked
        self._sweep_at = 0.0  # monotonic seconds
        self._something = threading.Event()
        self._closing = threading.Event()
        self._quit_at = float("inf")  # monotonic seconds
        self.lost = 0
        self.written = 0
        self._thread = threading.Thread(target=self._run, name="ledger-writer", daemon=True)

    def __repr__(self) -> str:
        return f"<Writer {len(self)} waiting, {self.written} written, {self.lost} lost>"

    def __len__(self) -> int:
        return len(self._queue) + len(self._batch)

    def start(self, store: Store | None) -> None:
        """Begin to write, with a file that is open already, if it is."""
        self._store = store
        self._thread.start()

    def put(self, entry: Entry) -> None:
        """Take an entry, or count it as lost where there are too many, or it is too late."""
        if len(self) >= self._most or (self._closing.is_set() and not self._thread.is_alive()):
            self._lose(1)
            return
        self._queue.append(entry)
        if not self._something.is_set():
            self._something.set()

    def close(self) -> None:
        """Write what waits, for a few seconds at most where the file does not take it; what is left is lost."""
        self._quit_at = time.monotonic() + _PATIENCE
        self._closing.set()
        self._something.set()
        if self._thread.is_alive():
            self._thread.join(2 * _PATIENCE)
        if not self._thread.is_alive():
            self._lose(len(self))
            self._queue.clear()
            self._batch = []

    def _lose(self, count: int) -> None:
        self.lost += count
        for _ in range(count):
            self._on_loss()

    def _run(self) -> None:
        while not (self._closing.is_set() and not len(self)):
            self._something.wait(_SWEEPING)
            self._closing.wait(GATHERING)
            self._something.clear()
            done = self._try(self._write) and self._try(self._tidy)
            if not done and time.monotonic() >= self._quit_at:
                break
            if not done:
                self._closing.wait(_PAUSES[min(self._failures, len(_PAUSES)) - 1])
                if self._closing.is_set():
                    time.sleep(_PAUSES[0])
            if len(self):
                self._something.set()
        if self._store is not None:
            self._store.close()

    # -- one attempt ---------------------------------------------------------------------------------------

    def _try(self, work: Callable[[], bool]) -> bool:
        """Do some work, which tells whether there was any; return False if the file did not take it."""
        try:
            worked = work()
        except Exception as error:  # noqa: BLE001  # whatever it is, the thread goes on
            self._take_trouble(error)
            return False
        if worked:
            self._recover()
        return True

    def _recover(self) -> None:
        self._failures = 0
        if self._trouble is not None:
            self._trouble = None
            self._on_trouble(None, "")

    def _write(self) -> bool:
        worked = False
        while True:
            if not self._batch:
                self._batch = [self._queue.popleft() for _ in range(min(len(self._queue), _MOST_AT_ONCE))]
            if not self._batch:
                return worked
            ids = {id for each in self._batch if isinstance(id := each.row["conversation"], str)}  # noqa: A001
            self._open().write(self._batch, self._states(ids, self._now()))
            self.written += len(self._batch)
            self._batch = []
            worked = True

    def _open(self) -> Store:
        if self._store is not None and self._store.is_gone():
            self._store.close()
            self._store = None
        if self._store is None:
            self._store = self._opened()
        return self._store

    def _tidy(self) -> bool:
        """Let go of what is old; while there is more of it, a little after each commit."""
        if time.monotonic() < self._sweep_at or self._closing.is_set():
            return False
        self._sweep_at = time.monotonic() + _SWEEPING  # after a failure too
        more = sweep(self._open(), self._retention, self._now())
        if more:
            self._sweep_at = 0.0
            self._something.set()
        return True

    # -- when it failed ------------------------------------------------------------------------------------

    def _take_trouble(self, error: Exception) -> None:
        trouble = trouble_of(error)
        self._failures += 1
        if trouble is not self._trouble:
            self._trouble = trouble
            self._on_trouble(trouble, _told(error))
        if trouble is Trouble.ODD:
            self._write_singly()
            return
        store, self._store = self._store, None
        if store is not None:
            store.close()
        if trouble is Trouble.CORRUPT:
            self._begin_anew()

    def _begin_anew(self) -> None:
        """Set a damaged file aside; the next attempt makes a new one."""
        try:
            set_aside(self._path, self._now())
        except OSError as error:
            self._on_trouble(trouble_of(error), _told(error))

    def _write_singly(self) -> None:
        """Write a batch one by one, and leave out what the file does not take."""
        batch, self._batch = self._batch, []
        while batch:
            entry = batch.pop(0)
            try:
                self._open().write([entry], {})
                self.written += 1
            except (sqlite3.Error, OverflowError, ValueError, TypeError) as error:
                if trouble_of(error) is not Trouble.ODD:
                    self._batch = [entry, *batch]
                    return
                self._lose(1)


def _told(error: Exception) -> str:
    """Return what an error says, without what it may quote."""
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return str(error) if isinstance(error, sqlite3.Error | NewerLedgerError) else type(error).__name__
