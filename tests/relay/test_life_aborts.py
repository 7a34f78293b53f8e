"""A client that leaves stops the upstream, and is recorded once, as one who left."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable

import pytest

from costproxy.app import Proxy
from costproxy.demo.connection import Reading
from costproxy.demo.plan import Hold, Plan, Send
from costproxy.demo.replies import head, stream
from costproxy.demo.upstream import SimulatedUpstream, always
from tests.support.chats import CHAT, chat_body, stream_frames
from tests.support.proxy import running_proxy
from tests.support.raw import RawClient, dial, post, request
from tests.support.scrape import recorded, scrape
from tests.support.waiting import under_way, until

pytestmark = [pytest.mark.timeout(20), pytest.mark.asyncio(loop_factories=["asyncio", "uvloop"])]

LEAVE: dict[str, Callable[[RawClient], None]] = {"fin": RawClient.close, "rst": RawClient.reset}
SOON = 1.0  # seconds in which an upstream must notice

HALF_A_STREAM = (*stream(CHAT.text("one", "two"), done=False)[:-1], Hold())
HALF_A_BODY = (Send(head(200, [("Content-Length", "100"), ("Content-Type", "application/json")]) + b'{"id":'), Hold())


async def left(up: SimulatedUpstream, leave: Callable[[], None]) -> float:
    """Leave; return the seconds until the upstream saw its side of the connection closed."""
    seen = up.requests[0]
    at = asyncio.get_running_loop().time()
    leave()
    await asyncio.wait_for(seen.closed.wait(), 5)
    assert seen.closed_at is not None
    return seen.closed_at - at


async def assert_one_abort(proxy: Proxy) -> None:
    counted = await recorded(proxy)
    assert counted.outcomes == {"client_abort": 1}
    assert counted.total("costproxy_tokens_total", quality="exact") == 0
    assert counted.in_flight == 0


@pytest.fixture(params=LEAVE, ids=str)
def leave(request: pytest.FixtureRequest) -> Callable[[RawClient], None]:
    return LEAVE[request.param]


@pytest.mark.parametrize("streaming", [True, False], ids=["stream", "plain"])
async def test_before_the_first_byte(leave: Callable[[RawClient], None], streaming: bool) -> None:
    async with SimulatedUpstream(always((Hold(),))) as up, running_proxy(up.url) as proxy, dial(proxy.url) as client:
        await client.send(post(chat_body(stream=streaming)))
        await up.arrived()
        assert (await scrape(proxy)).in_flight == 1
        assert await left(up, lambda: leave(client)) < SOON
        await assert_one_abort(proxy)
        assert len(up.requests) == 1


async def test_in_the_middle_of_a_stream(leave: Callable[[RawClient], None]) -> None:
    async with SimulatedUpstream(always(HALF_A_STREAM)) as up, running_proxy(up.url) as proxy:
        async with dial(proxy.url) as client:
            await client.send(post(chat_body(stream=True)))
            await client.final_head()
            await client.chunk()
            assert await left(up, lambda: leave(client)) < SOON
        await assert_one_abort(proxy)
        missing = (await scrape(proxy)).by("costproxy_usage_missing_total", "reason")
        assert missing == {"client_abort": 1}


async def test_in_the_middle_of_a_plain_reply(leave: Callable[[RawClient], None]) -> None:
    async with SimulatedUpstream(always(HALF_A_BODY)) as up, running_proxy(up.url) as proxy, dial(proxy.url) as client:
        await client.send(post(chat_body()))
        await client.final_head()
        await client.reader.readexactly(6)
        assert await left(up, lambda: leave(client)) < SOON
        await assert_one_abort(proxy)


async def test_in_an_api_that_is_not_metered(leave: Callable[[RawClient], None]) -> None:
    async with SimulatedUpstream(always((Hold(),))) as up, running_proxy(up.url) as proxy, dial(proxy.url) as client:
        await client.send(request("GET", "/v1/files/a/content"))
        await up.arrived()
        assert await left(up, lambda: leave(client)) < SOON
        await assert_one_abort(proxy)


async def test_in_the_middle_of_an_upload_that_streams_through(leave: Callable[[RawClient], None]) -> None:
    up = SimulatedUpstream(always((Hold(),)), reading=lambda _: Reading.EARLY)
    async with up, running_proxy(up.url) as proxy, dial(proxy.url) as client:
        await client.send(b"POST /v1/files HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\npart")
        await until(lambda: up.requests)
        assert await left(up, lambda: leave(client)) < SOON
        await assert_one_abort(proxy)


async def test_in_the_middle_of_a_chat_request_that_the_upstream_never_sees(leave: Callable[[RawClient], None]) -> None:
    async with SimulatedUpstream(always((Hold(),))) as up, running_proxy(up.url) as proxy, dial(proxy.url) as client:
        await client.send(b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{")
        await under_way(proxy)
        leave(client)
        await assert_one_abort(proxy)
        assert up.requests == []


async def test_while_the_upstream_is_being_connected_to(leave: Callable[[RawClient], None], deaf_port: int) -> None:
    async with running_proxy(f"http://127.0.0.1:{deaf_port}") as proxy, dial(proxy.url) as client:
        await client.send(post(chat_body()))
        await under_way(proxy)
        leave(client)
        await assert_one_abort(proxy)


async def test_the_next_request_goes_out_on_a_connection_of_its_own(leave: Callable[[RawClient], None]) -> None:
    plans: list[Plan] = [HALF_A_STREAM, stream(stream_frames())]
    async with SimulatedUpstream(lambda _: plans.pop(0)) as up, running_proxy(up.url) as proxy:
        async with dial(proxy.url) as client:
            await client.send(post(chat_body(stream=True)))
            await client.final_head()
            await left(up, lambda: leave(client))
        async with dial(proxy.url) as client:
            answer = await client.ask(post(chat_body(stream=True)))
        assert answer.body.endswith(b"data: [DONE]\n\n")
        counted = await recorded(proxy, 2)
        assert counted.outcomes == {"client_abort": 1, "success": 1}
        assert [seen.connection for seen in up.requests] == [1, 2]


async def test_leaving_after_the_last_fact_is_a_success(leave: Callable[[RawClient], None]) -> None:
    open_ended = (*stream(stream_frames())[:-1], Hold())  # all but the terminator of its chunks
    async with SimulatedUpstream(always(open_ended)) as up, running_proxy(up.url) as proxy, dial(proxy.url) as client:
        await client.send(post(chat_body(stream=True)))
        await client.reader.readuntil(b"[DONE]\n\n")
        assert await left(up, lambda: leave(client)) < SOON
        counted = await recorded(proxy)
        assert counted.outcomes == {"success": 1}
        assert counted.total("costproxy_tokens_total") == 15


async def test_half_closing_is_leaving() -> None:
    async with SimulatedUpstream(always((Hold(),))) as up, running_proxy(up.url) as proxy, dial(proxy.url) as client:
        await client.send(post(chat_body()))
        await up.arrived()
        assert await left(up, client.half_close) < SOON
        await assert_one_abort(proxy)


@pytest.fixture
async def deaf_port() -> AsyncIterator[int]:
    """Give a port whose owner accepts nobody and whose queue is full, so that connecting takes for ever."""
    with socket.socket() as owner, socket.socket() as first, socket.socket() as second:
        owner.bind(("127.0.0.1", 0))
        owner.listen(0)
        port: int = owner.getsockname()[1]
        for each in (first, second):
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", port))
        yield port
