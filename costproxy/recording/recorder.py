"""Hands each finished exchange to everything that keeps a record."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from costproxy.meter import Meter
from costproxy.model import Exchange, Turn


class Sink(Protocol):
    """Something that keeps a record of turns."""

    def record(self, turn: Turn) -> None:
        """Take a turn; what it raises is counted and goes no further."""


class Recorder:
    """Meters an exchange and fans the turn out; a failure in one sink touches neither traffic nor the others."""

    def __init__(self, meter: Meter, sinks: Sequence[tuple[str, Sink]], on_failure: Callable[[str], None]) -> None:
        self._meter = meter
        self._sinks = tuple(sinks)
        self._on_failure = on_failure
        self._heavy = ThreadPoolExecutor(max_workers=1, thread_name_prefix="recorder")

    def finish(self, make: Callable[[], Exchange], *, heavy: bool) -> None:
        """Record the exchange that `make` returns; in a thread if that is `heavy` work. Never raises."""
        try:
            if heavy:
                self._heavy.submit(self._record, make)
                return
        except RuntimeError:  # closed already; late is better than never
            pass
        self._record(make)

    def close(self) -> None:
        """Finish what is still being recorded."""
        self._heavy.shutdown(wait=True)

    def _record(self, make: Callable[[], Exchange]) -> None:
        try:
            turn = self._meter.turn(make())
        except Exception:  # noqa: BLE001  # a defect in the meter must not reach traffic
            self._on_failure("meter")
            return
        for name, sink in self._sinks:
            try:
                sink.record(turn)
            except Exception:  # noqa: BLE001  # nor one in a sink, nor stop the others
                self._on_failure(name)
