"""How far a command is with its files, for somebody who may be looking."""

import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

_SHOWN_EVERY = 0.5  # seconds
_BAR = 24  # characters
_MEGA = 1_000_000
_COMPLAINTS = 20  # that are told of one file; more would bury the first, which tells the most


class Progress:
    """What goes to stderr meanwhile: how far it is, if that is a terminal, and what was odd."""

    def __init__(self, of: str, files: Sequence[str] = ()) -> None:
        """Take what is counted, "exchanges", and the files if it is told how much of them has been read."""
        self.odd = 0
        self._odd_of: Counter[str] = Counter()  # by file
        self._of = of
        self._size = _size(files)
        self._read = 0
        self._terminal = sys.stderr.isatty()
        self._started = time.monotonic()
        self._next = self._started + _SHOWN_EVERY
        self._shown = False

    def read(self, size: int) -> None:
        """Take how many more bytes of the files have been read."""
        self._read += size

    def show(self, done: int) -> None:
        """Say how many are done, now and then."""
        if not self._terminal or time.monotonic() < self._next:
            return
        now = time.monotonic()
        self._next = now + _SHOWN_EVERY
        self._shown = True
        told = _told(self._read, self._size, now - self._started)
        print(f"\r\x1b[K{done:,} {self._of}{told}", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Take the count away again."""
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
            self._shown = False

    def complain(self, place: str, problem: str) -> None:
        """Say what is wrong with a line, and count it; of a file with many such lines only the first are told."""
        self.clear()
        self.odd += 1
        file = place.rpartition(":")[0] or place
        self._odd_of[file] += 1
        if self._odd_of[file] <= _COMPLAINTS:
            print(f"costproxy: {place}: {problem}", file=sys.stderr)

    def end(self) -> None:
        """Take the count away, and say how many complaints were not told."""
        self.clear()
        for file, odd in self._odd_of.items():
            if odd > _COMPLAINTS:
                print(f"costproxy: {file}: {odd - _COMPLAINTS:,} more that could not be read", file=sys.stderr)


def _size(files: Sequence[str]) -> int | None:
    """Return the bytes of all files, None if one of them has no size, or none that can be told."""
    try:
        paths = [Path(file) for file in files]
        return sum(path.stat().st_size for path in paths) if paths and all(path.is_file() for path in paths) else None
    except OSError:
        return None


def _told(read: int, size: int | None, seconds: float) -> str:
    """Return a bar, the rate and the time that is left; "" where they cannot be told."""
    if not size or not read or seconds <= 0:
        return ""
    share = min(1.0, read / size)
    rate = read / seconds
    left = round((size - min(read, size)) / rate)
    bar = "#" * round(share * _BAR)
    return f"  [{bar:<{_BAR}}] {share:4.0%}  {rate / _MEGA:.1f} MB/s  {left // 60}:{left % 60:02} left"
