"""The load generator's side of a connection: raw requests out, replies counted and not kept."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any, cast

import httptools

from benchmarks.errors import BenchError

_EVENT = b"data: "
_SHOWN = 300  # bytes of a reply that was not expected


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What is kept of a reply."""

    events: int  # 0 for one that is no stream
    seconds: float  # from the first byte written to the last one read


class Client(asyncio.Protocol):
    """One connection that carries a request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._parser: Any = httptools.HttpResponseParser(self)
        self._reply: asyncio.Future[Reply] | None = None
        self._started = 0.0
        self._tail = b""
        self._events = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._fail(f"the connection was lost during a reply: {exc or 'closed'}")

    def close(self) -> None:
        """Leave."""
        if self._transport is not None:
            self._transport.abort()

    async def exchange(self, request: bytes) -> Reply:
        """Send a request and return its reply.

        Raises:
            BenchError: the status is not 200, or the connection was lost.
        """
        if self._transport is None:
            raise BenchError("the connection was closed between two requests")
        self._reply = asyncio.get_running_loop().create_future()
        self._tail, self._events = b"", 0
        self._started = perf_counter()
        self._transport.write(request)
        return await self._reply

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(f"expected HTTP, found {data[:_SHOWN]!r} ({error})")

    def on_body(self, data: bytes) -> None:
        """Count the events; a proxy may have cut the stream anywhere."""
        # The tail is shorter than the mark, so that none counts twice.
        data = self._tail + data
        self._events += data.count(_EVENT)
        self._tail = data[1 - len(_EVENT) :]

    def on_message_complete(self) -> None:
        """Hand the reply over."""
        if self._parser.get_status_code() != 200:
            self._fail(f"expected a reply with 200, found {self._parser.get_status_code()}")
        elif self._reply is not None and not self._reply.done():
            self._reply.set_result(Reply(events=self._events, seconds=perf_counter() - self._started))

    def _fail(self, reason: str) -> None:
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(BenchError(reason))


@asynccontextmanager
async def connected(port: int, count: int) -> AsyncIterator[list[Client]]:
    """Connect so many clients to a port of this machine."""
    loop = asyncio.get_running_loop()
    clients: list[Client] = []
    try:
        for _ in range(count):
            _, client = await loop.create_connection(Client, "127.0.0.1", port)
            clients.append(client)
        yield clients
    finally:
        for client in clients:
            client.close()
