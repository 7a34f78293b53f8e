"""When the desk is told of a request: once its bytes are with the upstream, and before its record is made."""

import asyncio
import gzip
import random
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from costproxy.demo.plan import Close, Hold
from costproxy.demo.upstream import SimulatedUpstream, always
from costproxy.model import Asked, Ending, Exchange, Limits
from costproxy.relay.metering import PLACED_ON_LOOP
from tests.support.chats import answer, chat_body, streamed
from tests.support.desk import KeepingDesk, KeptTicket, running_relay
from tests.support.raw import ask, dial, post, request
from tests.support.waiting import until

pytestmark = pytest.mark.timeout(20)
BIG = chat_body(text="x" * (PLACED_ON_LOOP + 1))


@contextmanager
def upstream_of_its_own_thread(expected: bytes) -> Iterator[tuple[str, threading.Event]]:
    """Serve one reply without the event loop; the event tells that a request that ends so has come in."""
    arrived = threading.Event()

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            data = b""
            while not data.endswith(expected):
                data += connection.recv(65536)
            arrived.set()
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", arrived
        thread.join(5)


class Watching(KeepingDesk):
    """Holds up the event loop until the upstream has the whole request, or for five seconds."""

    def __init__(self, arrived: threading.Event) -> None:
        super().__init__()
        self._arrived = arrived
        self.in_time = False

    def open(self, read: Callable[[], Asked | None], *, heavy: bool) -> KeptTicket:
        self.in_time = self._arrived.wait(5)
        return super().open(read, heavy=heavy)


@pytest.mark.asyncio(loop_factories=["asyncio", "uvloop"])
@pytest.mark.parametrize("streaming", [True, False], ids=["stream", "plain"])
async def test_a_request_is_opened_when_the_upstream_has_it(streaming: bool) -> None:
    asked = chat_body(stream=streaming)
    with upstream_of_its_own_thread(b"}") as (url, arrived):
        desk = Watching(arrived)
        async with running_relay(url, desk, upstream_include_usage="false") as (relay_url, _):
            reply = await ask(relay_url, post(asked))
    assert reply.body == b"{}"
    assert desk.in_time


async def test_the_calls_of_an_exchange_come_in_order() -> None:
    desk = KeepingDesk()
    async with (
        SimulatedUpstream(always(streamed())) as up,
        running_relay(up.url, desk) as (url, _),
        dial(url) as client,
    ):
        for count in (1, 2):
            await client.ask(post(chat_body(stream=True)))
            await until(lambda count=count: len(desk.exchanges) == count)
    assert desk.calls == ["open", "announce", "finish"] * 2
    assert desk.heavy == [False, False]
    assert [asked.exchange for asked in desk.asked if asked] == desk.finished == [each.id for each in desk.exchanges]


async def test_what_is_not_metered_is_announced_and_not_opened() -> None:
    desk = KeepingDesk()
    async with SimulatedUpstream(always(answer())) as up, running_relay(up.url, desk) as (url, _):
        await ask(url, request("POST", "/v1/embeddings", body=b"{}"))
        await until(lambda: desk.exchanges)
    assert desk.calls == ["announce", "finish"]
    assert desk.announced == [{"upstream": "default", "api": "embeddings", "app": None, "model": None}]
    assert desk.exchanges[0].placement is None


@pytest.mark.parametrize("body", [b"", b"no JSON", b"[1]", b"\x00" * 100])
async def test_what_cannot_be_read_is_announced_without_a_model(body: bytes) -> None:
    desk = KeepingDesk()
    async with SimulatedUpstream(always(answer())) as up, running_relay(up.url, desk) as (url, _):
        assert (await ask(url, post(body))).status == 200
        await until(lambda: desk.exchanges)
    assert [each["model"] for each in desk.announced] == [None]
    assert desk.asked == [None]


@pytest.mark.parametrize("encoding", [b"", b"gzip"])
async def test_what_takes_long_is_read_in_the_thread_of_the_desk(encoding: bytes) -> None:
    read_in: list[str] = []

    class Noting(KeepingDesk):
        def announce(self, **facts: str | None) -> None:
            read_in.append(threading.current_thread().name)
            super().announce(**facts)

    desk = Noting()
    body = gzip.compress(chat_body(text=random.Random(1).randbytes(1000).hex())) if encoding else BIG
    headers = [(b"Content-Encoding", encoding)] if encoding else []
    async with SimulatedUpstream(always(answer())) as up, running_relay(up.url, desk) as (url, _):
        await ask(url, post(body, *headers))
        await until(lambda: desk.exchanges)
        await ask(url, post(chat_body()))
        await until(lambda: len(desk.exchanges) == 2)
    assert [name.startswith("desk") for name in read_in] == [True, False]
    assert desk.heavy == [True, False]
    assert [asked.request.model for asked in desk.asked] == ["gpt-4o-mini"] * 2


async def test_a_desk_that_is_slow_with_a_heavy_request_holds_up_nobody() -> None:
    release = threading.Event()

    class Slow(KeepingDesk):
        def announce(self, **facts: str | None) -> None:
            release.wait(10)
            super().announce(**facts)

    desk = Slow()
    async with SimulatedUpstream(always(answer())) as up, running_relay(up.url, desk) as (url, made):
        for _ in range(2):
            assert (await ask(url, post(BIG))).status == 200
            await until(lambda: not made.in_flight["default"])
        assert desk.exchanges == []
        release.set()
        await until(lambda: len(desk.exchanges) == 2)
    assert desk.calls == ["open", "announce", "finish"] * 2
    assert [asked.exchange for asked in desk.asked] == [exchange.id for exchange in desk.exchanges]
    assert [exchange.reply.usage.prompt for exchange in desk.exchanges] == [10, 10]


async def test_a_request_that_never_left_is_not_opened() -> None:
    desk = KeepingDesk()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
    async with running_relay(nobody, desk) as (url, _):
        assert (await ask(url, post(chat_body()))).status == 502
        await until(lambda: desk.exchanges)
    assert desk.calls == ["finish"]
    assert desk.exchanges[0].request is not None


@pytest.mark.asyncio(loop_factories=["asyncio", "uvloop"])
async def test_a_client_that_leaves_at_once_has_been_opened_before_it_is_recorded() -> None:
    desk = KeepingDesk()
    async with SimulatedUpstream(always((Hold(),))) as up, running_relay(up.url, desk) as (url, _):
        for _ in range(20):
            async with dial(url) as client:
                await client.send(post(chat_body()))
        await until(lambda: len(desk.exchanges) == 20)
    assert {exchange.ending for exchange in desk.exchanges} == {Ending.CLIENT_LEFT}
    opened = [asked.exchange for asked in desk.asked if asked]
    assert [each.id for each in desk.exchanges if each.id in opened] == opened
    assert desk.calls.count("open") == desk.calls.count("announce") == len(opened)


class Failing:
    """A desk of which every call fails, or some."""

    def __init__(self, *, tickets: bool) -> None:
        self.tickets = tickets
        self.made: list[Exchange] = []

    def announce(self, **facts: str | None) -> None:
        raise RuntimeError("broken announce")

    def open(self, read: Callable[[], Asked | None], *, heavy: bool) -> object:
        read()
        if self.tickets:
            return FailingTicket()
        raise RuntimeError("broken open")

    def finish(self, make: Callable[[], Exchange], *, exchange: str, heavy: bool) -> None:
        self.made.append(make())
        raise RuntimeError("broken finish")

    def learn(self, upstream: str, windows: Callable[[], dict[str, Limits]], *, heavy: bool) -> None:
        raise RuntimeError("broken learn")


class FailingTicket:
    @property
    def placement(self) -> None:
        raise RuntimeError("broken placement")

    @property
    def headers(self) -> None:
        raise RuntimeError("broken headers")


@pytest.mark.parametrize("tickets", [True, False])
@pytest.mark.parametrize("body", [chat_body(), BIG, b"junk"], ids=["small", "big", "junk"])
async def test_a_desk_that_fails_touches_no_request(tickets: bool, body: bytes) -> None:
    desk = Failing(tickets=tickets)
    async with (
        SimulatedUpstream(always(answer())) as up,
        running_relay(up.url, desk) as (url, made),
        dial(url) as client,
    ):
        for _ in range(3):
            assert (await client.ask(post(body))).status == 200
        assert (await client.ask(request("GET", "/v1/models"))).status == 200
        await until(lambda: not any(made.in_flight.values()))
        await asyncio.wait_for(made.wait_until_quiet(), 5)
    assert len(desk.made) == 4
    assert [exchange.placement for exchange in desk.made] == [None] * 4
    assert {exchange.ending for exchange in desk.made} == {Ending.COMPLETE}


async def test_a_desk_that_fails_touches_no_refusal_either() -> None:
    desk = Failing(tickets=True)
    async with SimulatedUpstream(always((Close(),))) as up, running_relay(up.url, desk) as (url, _):
        reply = await ask(url, post(chat_body()))
    assert reply.header("x-costproxy-error") == b"upstream_no_reply"
