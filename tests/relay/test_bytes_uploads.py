"""Uploads reach the upstream as they come, and a reply need not wait for their end."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from costproxy.demo.connection import Reading
from costproxy.demo.plan import Close, Echo, Plan, Send, Until
from costproxy.demo.replies import head, interim, reply
from costproxy.demo.seen import SeenRequest
from costproxy.demo.upstream import SimulatedUpstream, always
from tests.support.chats import answer, chat_body
from tests.support.proxy import in_front_of, running_proxy
from tests.support.raw import RawClient, chunked, dial, post, request
from tests.support.scrape import recorded
from tests.support.waiting import until

pytestmark = [pytest.mark.timeout(30), pytest.mark.asyncio(loop_factories=["asyncio", "uvloop"])]

OK = reply(200, b"ok")
LARGE = random.Random(1).randbytes(5_000_000)
CHUNKED = (b"Transfer-Encoding", b"chunked")
EXPECT = (b"Expect", b"100-continue")
CHAT_TARGET = "/v1/chat/completions"


def early(_: SeenRequest) -> Reading:
    return Reading.EARLY


def never(_: SeenRequest) -> Reading:
    return Reading.NEVER


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[str, bytearray]]:
    """Run an upstream that answers nothing; give its URL, and what arrives there as it arrives."""
    arrived = bytearray()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(65536):
            arrived.extend(piece)
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", arrived


# -- whole uploads -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["/v1/files", "/v1/audio/transcriptions", CHAT_TARGET])
@pytest.mark.parametrize("framing", ["length", "chunked"])
async def test_a_large_upload_arrives_whole(target: str, framing: str) -> None:
    pieces = [LARGE[start : start + 70_001] for start in range(0, len(LARGE), 70_001)]
    up = SimulatedUpstream(always(OK))
    async with in_front_of(up) as proxy, dial(proxy.url) as client:
        if framing == "length":
            await client.send(request("POST", target, body=LARGE))
        else:
            await client.send(request("POST", target, CHUNKED), chunked(*pieces))
        assert (await client.reply()).body == b"ok"
        counted = await recorded(proxy)
    seen = up.requests[0]
    assert seen.body == LARGE
    assert (seen.header("content-length") is None) == (framing == "chunked")
    assert counted.total("costproxy_request_bytes_total") == len(LARGE)


async def test_every_size_of_chunk_arrives_and_none_ends_an_upload_early() -> None:
    pieces = [b"x" * size for size in (1, 15, 16, 255, 256, 4095, 65535, 65536, 1, 300_000)]
    up = SimulatedUpstream(always(OK))
    async with in_front_of(up) as proxy, dial(proxy.url) as client:
        for target in ("/v1/files", CHAT_TARGET):
            await client.send(request("POST", target, CHUNKED))
            for piece in pieces:
                await client.send(b"%X;ext=1\r\n%s\r\n" % (len(piece), piece))
            await client.send(b"0\r\n\r\n")
            assert (await client.reply()).body == b"ok"
    assert [seen.body for seen in up.requests] == [b"".join(pieces)] * 2


# -- both directions at once ---------------------------------------------------------------------------------


@pytest.mark.parametrize("framing", ["length", "chunked"])
async def test_an_upload_is_passed_on_as_it_comes(framing: str) -> None:
    announced = (b"Content-Length", b"10") if framing == "length" else CHUNKED
    parts = (b"first", b"later") if framing == "length" else (b"5\r\nfirst\r\n", b"5\r\nlater\r\n")
    async with listening() as (url, arrived), running_proxy(url) as proxy, dial(proxy.url) as client:
        await client.send(request("POST", "/v1/files", announced))
        await until(lambda: arrived.endswith(b"\r\n\r\n"))
        for part in parts:
            await client.send(part)
            await until(lambda part=part: arrived.endswith(part))
        if framing == "chunked":
            await client.send(b"0\r\n\r\n")
            await until(lambda: arrived.endswith(b"later\r\n0\r\n\r\n"))


async def test_a_reply_flows_while_its_upload_does() -> None:
    plan = (Send(head(200, [("Connection", "close")])), Echo())
    up = SimulatedUpstream(always(plan), reading=never)
    async with in_front_of(up) as proxy, dial(proxy.url) as client:
        await client.send(request("POST", "/v1/audio/translations", CHUNKED))
        assert (await client.head()).status == 200
        for word in (b"one", b"two", b"three"):
            await client.send(b"%x\r\n%s\r\n" % (len(word), word))
            heard = b""
            while word not in heard:
                heard += await client.chunk()
        client.close()
        counted = await recorded(proxy)
    assert counted.outcomes == {"client_abort": 1}


async def test_a_reply_that_ends_before_its_upload_is_whole_and_the_rest_becomes_no_request() -> None:
    up = SimulatedUpstream(always(OK), reading=early)
    async with in_front_of(up) as proxy, dial(proxy.url) as client:
        await client.send(request("POST", "/v1/files", (b"Content-Length", b"60000")), b"x" * 1000)
        assert (await client.reply()).body == b"ok"
        smuggled = request("GET", "/smuggled") * 500
        await client.send(smuggled[:59_000].ljust(59_000, b" "))
        await client.send(request("GET", "/next"))
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):  # to close is as good
            assert (await client.reply()).body == b"ok"
        await until(
            lambda: not proxy.metrics.registry.get_sample_value("costproxy_in_flight_requests", {"upstream": "default"})
        )
    assert {seen.target for seen in up.requests} <= {b"/v1/files", b"/next"}


async def test_an_upload_that_breaks_off_never_arrives_as_if_it_were_whole() -> None:
    up = SimulatedUpstream(always(OK))
    async with in_front_of(up) as proxy:
        for announced in (CHUNKED, (b"Content-Length", b"100000")):
            async with dial(proxy.url) as client:
                await client.send(request("POST", "/v1/files", announced), b"5\r\nhello\r\n")
                await until(lambda: up.requests and up.open_connections)
                client.close()
            await asyncio.wait_for(up.emptied(), 5)
        counted = await recorded(proxy, 2)
    assert [seen.complete.is_set() for seen in up.requests] == [False, False]
    assert counted.outcomes == {"client_abort": 2}


# -- Expect: 100-continue ------------------------------------------------------------------------------------


@pytest.mark.parametrize("continues", [True, False], ids=["upstream says so too", "upstream does not"])
@pytest.mark.parametrize("target", ["/v1/files", CHAT_TARGET])
async def test_a_client_that_waits_is_told_once_to_go_on(target: str, continues: bool) -> None:
    up = SimulatedUpstream(always(OK), continues=continues)
    async with in_front_of(up) as proxy, dial(proxy.url) as client:
        for body in (chat_body(), LARGE):
            await client.send(request("POST", target, EXPECT, (b"Content-Length", b"%d" % len(body))))
            told = await client.head()
            assert (told.start, told.headers) == (b"HTTP/1.1 100 Continue", [])
            await client.send(body)
            got = await client.reply()
            assert (got.interims, got.body) == ([], b"ok")
    assert [seen.body for seen in up.requests] == [chat_body(), LARGE]
    assert up.requests[0].header("expect") == b"100-continue"


async def test_a_client_that_does_not_wait_after_all_is_understood() -> None:
    up = SimulatedUpstream(always(OK))
    async with in_front_of(up) as proxy, dial(proxy.url) as client:
        for _ in range(2):
            got = await client.ask(post(chat_body(), EXPECT))
            assert (got.body, [each.status for each in got.interims]) == (b"ok", [100])


async def test_an_old_client_is_not_told_to_go_on() -> None:
    up = SimulatedUpstream(always(OK))
    async with in_front_of(up) as proxy, dial(proxy.url) as client:
        await client.send(b"POST /v1/x HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi")
        assert (await client.reply()).interims == []


async def test_an_expectation_without_a_body_holds_nobody_up() -> None:
    up = SimulatedUpstream(always(OK))
    async with in_front_of(up) as proxy, dial(proxy.url) as client:
        assert (await client.ask(request("GET", "/v1/x", EXPECT))).body == b"ok"


TOO_LARGE = reply(413, b'{"error":{"message":"too large"}}', headers=[("Connection", "close")])


@pytest.mark.parametrize("expect", [(EXPECT,), ()], ids=["asked first", "not asked"])
@pytest.mark.parametrize("then", [(), (Close(),)], ids=["lingers", "closes"])
async def test_an_upstream_may_refuse_an_upload_unread(expect: tuple[tuple[bytes, bytes], ...], then: Plan) -> None:
    """The client sends on while it listens, as clients with large uploads do."""
    up = SimulatedUpstream(always((*TOO_LARGE, *then)), reading=never)
    async with in_front_of(up) as proxy, dial(proxy.url) as client:
        await client.send(request("POST", "/v1/files", *expect, (b"Content-Length", b"%d" % len(LARGE))))
        if expect:
            assert (await client.head()).status == 100
        sending = asyncio.create_task(_send_all(client, LARGE))
        got = await client.reply()
        assert (got.status, got.body) == (413, b'{"error":{"message":"too large"}}')
        await sending
        counted = await recorded(proxy)
    assert counted.outcomes == {"client_error": 1}
    assert len(up.requests) == 1


async def _send_all(client: RawClient, data: bytes) -> None:
    try:
        for start in range(0, len(data), 65536):
            await client.send(data[start : start + 65536])
    except ConnectionError:
        pass  # whoever has answered may stop listening


async def test_an_upload_may_be_answered_by_a_hint_before_it_is_over() -> None:
    go = asyncio.Event()
    up = SimulatedUpstream(always((*interim(103, [("Link", "x")]), Until(go), *answer())), reading=early)
    async with in_front_of(up) as proxy, dial(proxy.url) as client:
        await client.send(request("POST", "/v1/files", (b"Content-Length", b"4")))
        assert (await client.head()).status == 103
        await client.send(b"body")
        await up.arrived() if up.requests[0].complete.is_set() else await up.requests[0].complete.wait()
        go.set()
        assert (await client.reply()).status == 200
    assert up.requests[0].body == b"body"


async def test_an_upstream_that_breaks_during_an_upload_is_told_to_the_client() -> None:
    up = SimulatedUpstream(always((Close(),)), reading=never)
    async with in_front_of(up) as proxy, dial(proxy.url) as client:
        await client.send(request("POST", "/v1/files", CHUNKED), b"5\r\nhello\r\n")
        got = await client.reply()
        counted = await recorded(proxy)
    assert (got.status, got.header("x-costproxy-error")) == (502, b"upstream_no_reply")
    assert got.header("connection") == b"close"
    assert counted.outcomes == {"upstream_error": 1}
