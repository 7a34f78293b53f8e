"""Whoever is slow slows the other side down; the proxy holds little of what neither has taken."""

import asyncio
import socket
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest

from costproxy.demo.plan import Plan, Send, Step
from costproxy.demo.replies import EVENTS, head, reply
from costproxy.demo.seen import SeenRequest
from costproxy.demo.upstream import SimulatedUpstream
from tests.support.chats import chat_body
from tests.support.proxy import in_front_of, running_proxy
from tests.support.raw import dial, post, request
from tests.support.scrape import recorded
from tests.support.waiting import until

pytestmark = [pytest.mark.timeout(60), pytest.mark.serial, pytest.mark.asyncio(loop_factories=["asyncio", "uvloop"])]

MIB = 1024 * 1024
PIECE = 64 * 1024
PIECES = 800  # 50 MiB
SMALL = 64 * 1024  # of the buffers in the kernel and in the client, bytes
# Kernels take several MiB on each side of a connection, which is theirs; the proxy's own share is this at most.
OWN_SHARE = 4 * MIB
EVENT = b": " + b"x" * (PIECE - 4) + b"\n\n"
DATA = b'data: {"choices":[{"index":0,"delta":{"content":"' + b"x" * (PIECE - 60) + b'"}}]}\n\n'


@contextmanager
def memory() -> Iterator[Callable[[], float]]:
    """Measure what Python objects of this process take, in bytes since the beginning: at the highest."""
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    try:
        yield lambda: tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


async def settled(count: Callable[[], int]) -> int:
    """Wait until a count has not moved for a while, and return it."""
    last, since = count(), 0
    async with asyncio.timeout(20):
        while since < 10:
            await asyncio.sleep(0.02)
            last, since = (last, since + 1) if count() == last else (count(), 0)
    return last


class Fountain:
    """An upstream that sends 50 MiB as fast as they are taken, and counts."""

    def __init__(self, piece: bytes, *, chunked: bool) -> None:
        self.sent = 0
        self._piece = piece
        self._chunked = chunked

    def __call__(self, _: SeenRequest) -> Iterator[Step]:
        framing = (
            ("Transfer-Encoding", "chunked") if self._chunked else ("Content-Length", str(PIECES * len(self._piece)))
        )
        yield Send(head(200, [EVENTS if self._chunked else ("Content-Type", "audio/mpeg"), framing]))
        framed = b"%x\r\n%s\r\n" % (len(self._piece), self._piece) if self._chunked else self._piece
        for _ in range(PIECES):
            yield Send(framed)
            self.sent += 1
        if self._chunked:
            yield Send(b"data: [DONE]\n\n".join((b"e\r\n", b"\r\n0\r\n\r\n")))


FLOWS = {
    "a file": (EVENT, False, request("GET", "/v1/files/1/content")),
    "a stream": (DATA, True, post(chat_body(stream=True, stream_options={"include_usage": True}))),
    "a filtered stream": (DATA, True, post(chat_body(stream=True))),
    "heartbeats": (EVENT, True, post(chat_body(stream=True))),
}


@pytest.mark.parametrize("what", FLOWS)
async def test_a_client_that_does_not_read_stops_the_upstream(what: str) -> None:
    piece, chunked, asked = FLOWS[what]
    fountain = Fountain(piece, chunked=chunked)
    async with (
        in_front_of(SimulatedUpstream(fountain)) as proxy,
        dial(proxy.url, limit=SMALL, receive_buffer=SMALL) as client,
    ):
        with memory() as most:
            await client.send(asked)
            await until(lambda: fountain.sent)
            stopped_at = await settled(lambda: fountain.sent)
            assert most() < OWN_SHARE
        assert stopped_at < PIECES / 2
        size = 0
        while size < PIECES * len(piece):
            data = await client.reader.read(PIECE)
            assert data
            size += len(data)
        await until(lambda: fountain.sent == PIECES)


async def test_what_a_slow_client_gets_in_the_end_is_whole() -> None:
    fountain = Fountain(EVENT, chunked=False)
    async with (
        in_front_of(SimulatedUpstream(fountain)) as proxy,
        dial(proxy.url, limit=SMALL, receive_buffer=SMALL) as client,
    ):
        await client.send(FLOWS["a file"][2])
        await settled(lambda: fountain.sent)
        assert (await client.final_head())[0].header("content-length") == b"%d" % (PIECES * len(EVENT))
        for _ in range(PIECES):
            assert await client.reader.readexactly(len(EVENT)) == EVENT
        counted = await recorded(proxy)
    assert counted.outcomes == {"success": 1}
    assert counted.total("costproxy_response_bytes_total") == PIECES * len(EVENT)


async def test_a_slow_client_does_not_slow_another_down() -> None:
    fountain = Fountain(EVENT, chunked=False)

    def plan(seen: SeenRequest) -> Plan | Iterator[Step]:
        return fountain(seen) if seen.path.startswith("/v1/files") else reply(200, b"ok")

    async with (
        in_front_of(SimulatedUpstream(plan)) as proxy,  # type: ignore[arg-type]
        dial(proxy.url, limit=SMALL, receive_buffer=SMALL) as slow,
        dial(proxy.url) as quick,
    ):
        await slow.send(FLOWS["a file"][2])
        await settled(lambda: fountain.sent)
        async with asyncio.timeout(5):
            for _ in range(100):
                assert (await quick.ask(request("GET", "/v1/models"))).body == b"ok"


# -- uploads -------------------------------------------------------------------------------------------------


class Filler:
    """A client that uploads 50 MiB as fast as they are taken, and counts; nothing of it waits in this process."""

    def __init__(self, *, chunked: bool) -> None:
        self.sent = 0
        self._chunked = chunked

    async def fill(self, sock: socket.socket) -> None:
        send = asyncio.get_running_loop().sock_sendall
        framing = b"Transfer-Encoding: chunked" if self._chunked else b"Content-Length: %d" % (PIECES * PIECE)
        await send(sock, b"POST /v1/files HTTP/1.1\r\nHost: a\r\n%s\r\n\r\n" % framing)
        piece = b"%x\r\n%s\r\n" % (PIECE, b"x" * PIECE) if self._chunked else b"x" * PIECE
        for _ in range(PIECES):
            await send(sock, piece)
            self.sent += 1
        if self._chunked:
            await send(sock, b"0\r\n\r\n")


class Drain:
    """An upstream that reads a head, waits to be told to go on, counts the x of the rest, and answers."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.arrived = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await self.go.wait()
        while self.arrived < PIECES * PIECE:
            self.arrived += (await reader.read(PIECE)).count(b"x")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        await writer.drain()
        await reader.read(-1)
        writer.close()


@asynccontextmanager
async def bare_socket(url: str) -> AsyncIterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as sock:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", int(url.rpartition(":")[2])))
        yield sock


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
async def test_an_upstream_that_does_not_read_stops_the_client(chunked: bool) -> None:
    drain, filler = Drain(), Filler(chunked=chunked)
    async with (
        await asyncio.start_server(drain, "127.0.0.1", 0, limit=SMALL) as server,
        running_proxy(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}") as proxy,
        bare_socket(proxy.url) as sock,
    ):
        with memory() as most:
            filling = asyncio.create_task(filler.fill(sock))
            await until(lambda: filler.sent)
            stopped_at = await settled(lambda: filler.sent)
            assert most() < OWN_SHARE
        assert stopped_at < PIECES / 2
        drain.go.set()
        await asyncio.wait_for(filling, 20)
        answer = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(sock, 1000), 20)
        assert answer.endswith(b"\r\n\r\nok")
        counted = await recorded(proxy)
    assert drain.arrived == PIECES * PIECE
    assert counted.total("costproxy_request_bytes_total") == PIECES * PIECE
