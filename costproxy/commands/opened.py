"""The ledger that a command reads."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from costproxy.recording.ledger import NoLedgerError, SqliteReader, data_directory
from costproxy.recording.ledger.place import ledger_file
from costproxy.settings import Settings

_PATIENCE = 1.0  # seconds until it is said that something takes long


@contextmanager
def opened(given: Path | None, settings: Settings, env: Mapping[str, str]) -> Iterator[SqliteReader]:
    """Open the ledger at a place, its file or its data directory, else where the settings have it.

    Raises:
        NoLedgerError: no place for it is known.
    """
    waiting = _Waiting()
    try:
        yield SqliteReader(_file(given, settings, env), tick=waiting.tick if sys.stderr.isatty() else None)
    finally:
        waiting.clear()


def _file(given: Path | None, settings: Settings, env: Mapping[str, str]) -> Path:
    if given is not None and given.is_file():
        return given
    data = given or data_directory(settings.data_dir, env)
    if data is None:
        raise NoLedgerError("ledger: expected to know where it is; name the proxy's data directory with --data-dir")
    return ledger_file(data)


class _Waiting:
    """Says on a terminal how long a question takes already."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._started = clock()
        self._next = self._started + _PATIENCE
        self._shown = False

    def tick(self) -> None:
        now = self._clock()
        if now >= self._next:
            self._next, self._shown = now + 0.5, True
            print(f"\r\x1b[Kreading the ledger, {now - self._started:.0f} s", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
