"""Sends the chunks of many streams in the pace of a model, evenly spread so that the streams do not march in step."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence

from benchmarks.workloads import PERIOD

_SLOTS = 10
_STEP = PERIOD / _SLOTS  # seconds


class Pacer:
    """Writes one piece of each stream every `PERIOD`; a stream joins the next of ten slots."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._slots: list[deque[tuple[Callable[[bytes], None], Iterator[bytes]]]] = [deque() for _ in range(_SLOTS)]
        self._joining = 0
        self._streams = 0
        self._tick = 0
        self._due = 0.0

    def add(self, write: Callable[[bytes], None], pieces: Sequence[bytes]) -> None:
        """Write `pieces` from now on."""
        if not self._streams:
            self._due = self._loop.time()
            self._wait()
        self._streams += 1
        self._slots[self._joining % _SLOTS].append((write, iter(pieces)))
        self._joining += 1

    def _wait(self) -> None:
        self._loop.call_at(self._due, self._serve)

    def _serve(self) -> None:
        """Serve the slots that are due: more than one if this process could not keep up."""
        now = self._loop.time() + _STEP / 2  # the loop's clock has whole milliseconds
        while self._streams and self._due <= now:
            self._serve_slot()
            self._due += _STEP
        if self._streams:
            self._wait()

    def _serve_slot(self) -> None:
        slot = self._slots[self._tick % _SLOTS]
        self._tick += 1
        for _ in range(len(slot)):
            write, pieces = slot.popleft()
            piece = next(pieces, None)
            if piece is None:
                self._streams -= 1
            else:
                write(piece)
                slot.append((write, pieces))
