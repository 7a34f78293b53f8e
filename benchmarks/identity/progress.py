"""How far a run is."""

from collections.abc import Callable
from typing import TextIO


class Progress:
    """One line for each part of a run; none without a terminal."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def ticks(self, title: str, count: int) -> Callable[[], None]:
        """Return what is to be called for each of `count` conversations that are over."""
        over = 0

        def tick() -> None:
            nonlocal over
            over += 1
            if self._stream is not None:
                self._stream.write(f"\r\x1b[K{title:32} {over:>5} of {count}")
                self._stream.flush()

        return tick

    def end(self) -> None:
        """Clear the line."""
        if self._stream is not None:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
