"""The load generator's side of a connection: raw requests out, replies counted and not kept."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import cast

from benchmarks.errors import BenchError
from benchmarks.frames import END

_EVENT = b"data: "
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
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
        self._reply: asyncio.Future[Reply] | None = None
        self._started = 0.0
        self._head: bytes | None = b""  # None: it is complete
        self._missing: int | None = None  # body bytes; None: the body is chunked
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
        self._head, self._missing, self._tail, self._events = b"", None, b"", 0
        self._started = perf_counter()
        self._transport.write(request)
        return await self._reply

    def data_received(self, data: bytes) -> None:
        if self._head is not None:
            self._head += data
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return
            head, data, self._head = self._head[:end], self._head[end + 4 :], None
            if not head.startswith(b"HTTP/1.1 200"):
                self._fail(f"expected a reply with 200, found {(head + data)[:_SHOWN]!r}")
                return
            told = _LENGTH.search(head)
            self._missing = int(told[1]) if told else None
        if self._missing is None:
            self._take_chunks(data)
        else:
            self._missing -= len(data)
            if self._missing <= 0:
                self._complete()

    def _take_chunks(self, data: bytes) -> None:
        # An event's mark or the end may be cut in two. The tail is shorter than the mark: nothing counts twice.
        data = self._tail + data
        self._events += data.count(_EVENT)
        self._tail = data[1 - len(_EVENT) :]
        if self._tail == END:
            self._complete()

    def _complete(self) -> None:
        if self._reply is not None and not self._reply.done():
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
