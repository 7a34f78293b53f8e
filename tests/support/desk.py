"""A relay without the rest of the proxy, and a desk that keeps what it is told."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

from costproxy.model import Asked, Exchange, Limits, Placement
from costproxy.relay.desk import Desk
from costproxy.relay.headers import RawHeader
from costproxy.relay.instruments import Instruments
from costproxy.relay.relay import Relay
from costproxy.relay.upstream import Routes, open_upstream
from costproxy.wire import observer
from costproxy.wire.sessions import USUAL_NAMES, SessionNames
from tests.support.proxy import proxy_settings

SECRET = b"a secret of this test"


class KeptTicket:
    """What a `KeepingDesk` gives."""

    def __init__(self) -> None:
        self.asked: Asked | None = None
        self.placement: Placement | None = None
        self.headers: tuple[RawHeader, ...] = ()


class KeepingDesk:
    """Keeps what it is told, in order; what is heavy is read in a thread, as the real one does it."""

    def __init__(self, *, headers: tuple[RawHeader, ...] = ()) -> None:
        self.headers = headers  # of every ticket whose request was read
        self.calls: list[str] = []
        self.announced: list[dict[str, str | None]] = []
        self.asked: list[Asked | None] = []
        self.exchanges: list[Exchange] = []
        self.finished: list[str] = []  # ids, as they are told before the exchange is made
        self.heavy: list[bool] = []  # of the exchanges
        self.windows: list[tuple[str, Mapping[str, Limits]]] = []
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="desk")

    def announce(self, *, upstream: str, api: str, app: str | None, model: str | None) -> None:
        self.calls.append("announce")
        self.announced.append({"upstream": upstream, "api": api, "app": app, "model": model})

    def open(self, read: Callable[[], Asked | None], *, heavy: bool) -> KeptTicket:
        ticket = KeptTicket()
        self._do(lambda: self._place(ticket, read), heavy=heavy)
        return ticket

    def _place(self, ticket: KeptTicket, read: Callable[[], Asked | None]) -> None:
        self.calls.append("open")
        ticket.asked = read()
        self.asked.append(ticket.asked)
        ticket.headers = self.headers

    def finish(self, make: Callable[[], Exchange], *, exchange: str, heavy: bool) -> None:
        self._do(lambda: self._record(make, exchange, heavy=heavy), heavy=heavy)

    def _record(self, make: Callable[[], Exchange], exchange: str, *, heavy: bool) -> None:
        self.calls.append("finish")
        self.finished.append(exchange)
        self.heavy.append(heavy)
        self.exchanges.append(make())

    def learn(self, upstream: str, windows: Callable[[], Mapping[str, Limits]], *, heavy: bool) -> None:
        self._do(lambda: self.windows.append((upstream, windows())), heavy=heavy)

    def _do(self, work: Callable[[], None], *, heavy: bool) -> None:
        if heavy:
            self._thread.submit(work)
        else:
            work()

    def close(self) -> None:
        """Do what is still to be done."""
        self._thread.shutdown(wait=True)


@asynccontextmanager
async def running_relay(
    upstream_url: str, desk: Desk, *, names: SessionNames = USUAL_NAMES, **flags: Any
) -> AsyncIterator[tuple[str, Relay]]:
    """Run a relay with that desk; `flags` are settings by word."""
    settings = proxy_settings(upstream_url, **flags)
    limits = observer.Limits(body=settings.limits.metered_bytes, decoded=settings.limits.decoded_bytes)
    made = Relay(
        Routes((open_upstream(settings.upstream),)),
        apps=settings.apps,
        instruments=Instruments(desk=desk, secret=SECRET, limits=limits, names=names),
    )
    server = made.server()
    listener = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
    host, port = listener.sockets[0].getsockname()
    try:
        yield f"http://{host}:{port}", made
    finally:
        listener.close()
        await server.shutdown(1.0)
        made.close()
