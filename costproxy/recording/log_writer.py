"""Log lines to a stream, from a thread: a reader that stalls must not stall traffic."""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TextIO

_MOST_LINES = 10_000
_GATHERING = 0.02  # seconds; lines are written in batches, since waking the thread for each costs more than the line


class LogWriter:
    """Writes lines in order; when the stream does not take them, new ones are dropped and counted."""

    def __init__(self, stream: TextIO, on_drop: Callable[[], None]) -> None:
        self._stream = stream
        self._on_drop = on_drop
        self._lines: deque[str] = deque()
        self._waiting = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        self._thread.start()

    def __repr__(self) -> str:
        return f"<LogWriter {len(self._lines)} lines waiting>"

    def write(self, line: str) -> None:
        """Take a line; never waits, never raises."""
        if len(self._lines) >= _MOST_LINES:
            self._on_drop()
            return
        self._lines.append(line)
        if not self._waiting.is_set():
            self._waiting.set()

    # structlog calls a logger's method by the level of the event.
    debug = info = warning = error = critical = write

    def close(self, timeout: float = 2.0) -> None:
        """Write what waits, for `timeout` seconds at most."""
        self._closing = True
        self._waiting.set()
        self._thread.join(timeout)

    def _run(self) -> None:
        while not self._closing or self._lines:
            self._waiting.wait()
            if not self._closing:
                time.sleep(_GATHERING)
            self._waiting.clear()
            self._write_batch([self._lines.popleft() for _ in range(len(self._lines))])
            if self._closing:
                self._waiting.set()

    def _write_batch(self, lines: list[str]) -> None:
        try:
            self._put("".join(f"{line}\n" for line in lines))
            self._stream.flush()
        except (OSError, ValueError):
            for _ in lines:
                self._on_drop()

    def _put(self, text: str) -> None:
        try:
            self._stream.write(text)
        except UnicodeEncodeError:  # a terminal that knows few characters; nothing has been written yet
            self._stream.write(text.encode("ascii", "backslashreplace").decode())
