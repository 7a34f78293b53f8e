"""Hands each exchange to the meter, and what comes of it to everything that keeps a record."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

from costproxy.meter import Meter
from costproxy.model import Asked, Exchange, Limits, Turn
from costproxy.recording.ticket import Ticket, reply_headers

_Answer = TypeVar("_Answer")


class Sink(Protocol):
    """Something that keeps a record of turns."""

    def record(self, turn: Turn) -> None:
        """Take a turn; what it raises is counted and goes no further."""


class Announce(Protocol):
    """Told once what a request asks for, while the upstream works on it."""

    def __call__(self, *, upstream: str, api: str, app: str | None, model: str | None) -> None:
        """Take notice."""


class Recorder:
    """Meters exchanges and fans their turns out; a failure in one sink touches neither traffic nor the others.

    What is heavy, and all that counts tokens, is done in one thread, in the order in which it came. While something
    heavy waits there, everything goes that way: the next request of its conversation may be a light one.
    """

    def __init__(
        self,
        meter: Meter,
        sinks: Sequence[tuple[str, Sink]],
        on_failure: Callable[[str], None],
        *,
        announce: Announce,
        reply_headers: bool = False,
    ) -> None:
        self._meter = meter
        self._sinks = tuple(sinks)
        self._on_failure = on_failure
        self._announce = announce
        self._reply_headers = reply_headers
        self._heavy = ThreadPoolExecutor(max_workers=1, thread_name_prefix="recorder")
        self._handed = 0  # heavy works given to the thread, counted by the event loop alone
        self._done = 0  # of them, those that are done, counted by the thread alone

    # -- while a request is under way --------------------------------------------------------------------

    def announce(self, *, upstream: str, api: str, app: str | None, model: str | None) -> None:
        """Take notice that a request is under way. Never raises."""
        self._guarded(lambda: self._announce(upstream=upstream, api=api, app=app, model=model), "metrics")

    def open(self, read: Callable[[], Asked | None], *, heavy: bool) -> Ticket:
        """Find the conversation of the request that `read` returns; in a thread if that is `heavy`. Never raises."""
        ticket = Ticket()
        if heavy or self._is_behind():
            self._in_order(lambda: self._place(ticket, read))
        else:
            self._place(ticket, read)
        return ticket

    def learn(self, upstream: str, windows: Callable[[], Mapping[str, Limits]], *, heavy: bool) -> None:
        """Take the context limits that an upstream's list of models states. Never raises."""

        def work() -> None:
            self._guarded(lambda: self._meter.learn_list(upstream, windows()), "meter")

        if heavy:
            self._in_thread(work)
        else:
            work()

    def _place(self, ticket: Ticket, read: Callable[[], Asked | None]) -> None:
        asked = self._guarded(read, "meter")
        if asked is None:
            return
        ticket.placement = self._guarded(lambda: self._meter.place(asked), "meter")
        if ticket.placement is not None and self._reply_headers:
            foresight = self._guarded(lambda: self._meter.foresee(asked), "meter")
            ticket.headers = reply_headers(foresight) if foresight is not None else ()

    # -- when it is over ---------------------------------------------------------------------------------

    def finish(self, make: Callable[[], Exchange], *, exchange: str, heavy: bool) -> None:
        """Record the exchange of that id, which `make` returns; in a thread if that is `heavy` work. Never raises."""
        if heavy or self._is_behind():
            self._in_order(lambda: self._record(make, exchange))
            return
        made = self._made(make, exchange)
        if made is not None:
            self._sort(made)

    def _sort(self, exchange: Exchange) -> None:
        """Record an exchange here, or in the thread if its tokens have to be counted."""
        self._guarded(lambda: self._meter.answered(exchange), "meter")
        if self._guarded(lambda: self._meter.needs_counting(exchange), "meter"):
            self._in_thread(lambda: self._fan_out(exchange))
            return
        self._fan_out(exchange)
        if self._guarded(lambda: self._meter.wants_to_learn(exchange), "meter"):
            self._in_thread(lambda: self._guarded(lambda: self._meter.learn(exchange), "meter"))

    def close(self) -> None:
        """Finish what is still being recorded."""
        self._heavy.shutdown(wait=True)

    def _record(self, make: Callable[[], Exchange], exchange: str) -> None:
        made = self._made(make, exchange)
        if made is not None:
            self._fan_out(made)

    def _made(self, make: Callable[[], Exchange], exchange: str) -> Exchange | None:
        made = self._guarded(make, "meter")
        if made is None:
            self._forget(exchange)
        return made

    def _fan_out(self, exchange: Exchange) -> None:
        turn = self._guarded(lambda: self._meter.turn(exchange), "meter")
        if turn is None:
            self._forget(exchange.id)
            return
        for name, sink in self._sinks:
            self._guarded(_recording(sink, turn), name)

    def _forget(self, exchange: str) -> None:
        self._guarded(lambda: self._meter.forget(exchange), "meter")

    def _is_behind(self) -> bool:
        return self._done != self._handed

    def _in_order(self, work: Callable[[], None]) -> None:
        """Have work done in the thread before any that comes later."""
        self._handed += 1
        self._in_thread(lambda: self._counted(work))

    def _counted(self, work: Callable[[], None]) -> None:
        try:
            work()
        finally:
            self._done += 1

    def _in_thread(self, work: Callable[[], object]) -> None:
        try:
            self._heavy.submit(work)
        except RuntimeError:  # closed already; late is better than never
            work()

    def _guarded(self, work: Callable[[], _Answer], sink: str) -> _Answer | None:
        """Return what `work` returns; a defect in it is counted and reaches neither traffic nor other sinks."""
        try:
            return work()
        except Exception:  # noqa: BLE001  # whatever it is
            self._on_failure(sink)
            return None


def _recording(sink: Sink, turn: Turn) -> Callable[[], None]:
    return lambda: sink.record(turn)
