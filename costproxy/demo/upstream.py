"""The simulated upstream: a server whose every byte, pause and broken connection is decided by a plan."""

import asyncio
import ssl as tls
from collections.abc import Callable, Mapping
from types import MappingProxyType, TracebackType
from typing import Self

from costproxy.demo.connection import Connection, Manners, Reading, Responder, Wire
from costproxy.demo.plan import Plan
from costproxy.demo.reading import MalformedRequestError
from costproxy.demo.seen import SeenRequest

_SCHEMES: Mapping[bool, str] = MappingProxyType({False: "http", True: "https"})


def read_whole(_: SeenRequest) -> Reading:
    """Say that every request is read whole before it is answered, as most servers do."""
    return Reading.WHOLE


def always(plan: Plan) -> Responder:
    """Return a responder that follows the same plan for every request."""
    return lambda _: plan


def in_turn(*plans: Plan) -> Responder:
    """Return a responder that follows one plan after the other, and the last one from then on."""
    left = list(plans)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


class SimulatedUpstream:
    """A server on a real socket, for use as `async with SimulatedUpstream(responder) as up`.

    It speaks HTTP/1.1 with keep-alive and keeps what it saw:

    - `requests`: every request whose head arrived, in order of arrival;
    - `connections`: how many were accepted; `open_connections`: how many are open now;
    - `faults`: what was malformed about requests that were refused with 400;
    - `errors`: what a responder raised; its connection is broken.
    """

    def __init__(
        self,
        responder: Responder,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        ssl: tls.SSLContext | None = None,
        reading: Callable[[SeenRequest], Reading] = read_whole,
        continues: bool = True,
        idle: float | None = None,
    ) -> None:
        """Prepare a server; port 0 takes any free one. `Manners` explains the last three."""
        self.host = host
        self.port = port
        self.requests: list[SeenRequest] = []
        self.connections = 0
        self.faults: list[MalformedRequestError] = []
        self.errors: list[Exception] = []
        self._ssl = ssl
        self._manners = Manners(responder=responder, reading=reading, continues=continues, idle=idle)
        self._serving: dict[Connection, asyncio.Task[None]] = {}
        self._server: asyncio.Server | None = None
        self._arrival = asyncio.Event()

    @property
    def url(self) -> str:
        """The address without a path: "http://127.0.0.1:PORT"."""
        return f"{_SCHEMES[self._ssl is not None]}://{self.host}:{self.port}"

    @property
    def open_connections(self) -> int:
        """How many connections are open now."""
        return len(self._serving)

    async def arrived(self, count: int = 1) -> SeenRequest:
        """Wait until `count` requests are here whole; return the latest of them to have started."""
        while sum(request.complete.is_set() for request in self.requests) < count:
            self._arrival.clear()
            await self._arrival.wait()
        return [request for request in self.requests if request.complete.is_set()][count - 1]

    async def emptied(self) -> None:
        """Wait until no connection is open."""
        while self._serving:
            await asyncio.wait(list(self._serving.values()))

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Wire(self._accept), self.host, self.port, ssl=self._ssl, backlog=1024
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()
        tasks = list(self._serving.values())
        for connection, task in list(self._serving.items()):
            task.cancel()
            connection.abort()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _accept(self, wire: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._server is None:
            writer.transport.abort()
            return
        self.connections += 1
        connection = Connection(self.connections, self._manners, wire, reader, writer)
        task = asyncio.get_running_loop().create_task(self._serve(connection))
        self._serving[connection] = task

    async def _serve(self, connection: Connection) -> None:
        try:
            await connection.serve(self.requests.append, self._arrival.set)
        except MalformedRequestError as fault:
            self.faults.append(fault)
        except Exception as error:  # noqa: BLE001 - a test asks `errors`; nobody awaits this task
            self.errors.append(error)
        finally:
            self._serving.pop(connection, None)

    def __repr__(self) -> str:
        return f"<SimulatedUpstream {self.url} {len(self.requests)} requests, {self.open_connections} open>"
