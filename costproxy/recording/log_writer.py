"""Log lines to a stream, from a thread: a reader that stalls must not stall traffic."""

import queue
import threading
from collections.abc import Callable
from typing import TextIO

_MOST_LINES = 10_000


class LogWriter:
    """Writes lines in order; when the stream does not take them, new ones are dropped and counted."""

    def __init__(self, stream: TextIO, on_drop: Callable[[], None]) -> None:
        self._stream = stream
        self._on_drop = on_drop
        self._lines: queue.Queue[str | None] = queue.Queue(_MOST_LINES)
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        self._thread.start()

    def __repr__(self) -> str:
        return f"<LogWriter {self._lines.qsize()} lines waiting>"

    def write(self, line: str) -> None:
        """Take a line; never waits, never raises."""
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self._on_drop()

    # structlog calls a logger's method by the level of the event.
    debug = info = warning = error = critical = write

    def close(self, timeout: float = 2.0) -> None:
        """Write what waits, for `timeout` seconds at most."""
        try:
            self._lines.put(None, timeout=timeout)
        except queue.Full:
            return
        self._thread.join(timeout)

    def _run(self) -> None:
        while (line := self._lines.get()) is not None:
            try:
                self._stream.write(line + "\n")
                if self._lines.empty():
                    self._stream.flush()
            except (OSError, ValueError):
                self._on_drop()
