"""The load generator counts what a reply holds, however it was cut on the way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import pytest

from benchmarks.client import connected
from benchmarks.errors import BenchError

REQUEST = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
EVENTS = b"".join(b'data: {"token":"a data: %d"}\n\n' % number for number in range(6))
HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("size", [1, 2, 3, 5, 6, 7, 64, 1000])
async def test_events_are_counted_wherever_a_proxy_cuts_the_stream(size: int) -> None:
    pieces = [EVENTS[at : at + size] for at in range(0, len(EVENTS), size)]
    frames = [HEAD, *(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces), b"0\r\n\r\n"]
    async with _answering(b"".join(frames)) as port, connected(port, 1) as (client,):
        assert (await client.exchange(REQUEST)).events == EVENTS.count(b"data: ")
        assert (await client.exchange(REQUEST)).events == EVENTS.count(b"data: ")


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", "found 502"),
        (b"SSH-2.0-server\r\n", "expected HTTP"),
        (HEAD + b"5\r\ndata:", "lost during a reply"),
    ],
)
async def test_what_is_no_good_reply_is_an_error(reply: bytes, found: str) -> None:
    async with _answering(reply, then_close=True) as port, connected(port, 1) as (client,):
        with pytest.raises(BenchError, match=found):
            await client.exchange(REQUEST)


class _Server(asyncio.Protocol):
    """Sends a reply for whatever comes; `then_close` ends the connection after it."""

    def __init__(self, reply: bytes, *, then_close: bool) -> None:
        self._reply = reply
        self._then_close = then_close

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._transport.write(self._reply)
        if self._then_close:
            self._transport.close()


@asynccontextmanager
async def _answering(reply: bytes, *, then_close: bool = False) -> AsyncIterator[int]:
    """Run a server on a free port, and return the port."""
    protocols: list[_Server] = []

    def accept() -> _Server:
        protocols.append(_Server(reply, then_close=then_close))
        return protocols[-1]

    async with await asyncio.get_running_loop().create_server(accept, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]
        for protocol in protocols:
            protocol._transport.abort()
