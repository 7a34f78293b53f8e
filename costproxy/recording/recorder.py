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
        if heavy:
            self._in_thread(lambda: self._record(make))
            return
        exchange = self._made(make)
        if exchange is None:
            return
        counts = self._asked(lambda: self._meter.needs_counting(exchange))
        if counts is None:
            return
        if counts:
            self._in_thread(lambda: self._fan_out(exchange))
            return
        self._fan_out(exchange)
        if self._asked(lambda: self._meter.wants_to_learn(exchange)):
            self._in_thread(lambda: self._learn(exchange))

    def close(self) -> None:
        """Finish what is still being recorded."""
        self._heavy.shutdown(wait=True)

    def _asked(self, question: Callable[[], bool]) -> bool | None:
        try:
            return question()
        except Exception:  # noqa: BLE001  # as above
            self._on_failure("meter")
            return None

    def _in_thread(self, work: Callable[[], None]) -> None:
        try:
            self._heavy.submit(work)
        except RuntimeError:  # closed already; late is better than never
            work()

    def _record(self, make: Callable[[], Exchange]) -> None:
        exchange = self._made(make)
        if exchange is not None:
            self._fan_out(exchange)

    def _made(self, make: Callable[[], Exchange]) -> Exchange | None:
        try:
            return make()
        except Exception:  # noqa: BLE001  # a defect in the meter must not reach traffic
            self._on_failure("meter")
            return None

    def _learn(self, exchange: Exchange) -> None:
        try:
            self._meter.learn(exchange)
        except Exception:  # noqa: BLE001  # as above
            self._on_failure("meter")

    def _fan_out(self, exchange: Exchange) -> None:
        try:
            turn = self._meter.turn(exchange)
        except Exception:  # noqa: BLE001  # as above
            self._on_failure("meter")
            return
        for name, sink in self._sinks:
            try:
                sink.record(turn)
            except Exception:  # noqa: BLE001  # nor one in a sink, nor stop the others
                self._on_failure(name)
