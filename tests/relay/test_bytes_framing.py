"""However a reply's end is told on either side, the client gets the whole of it and nothing else."""

import asyncio
from typing import Any

import pytest

from costproxy.demo.plan import Close, Plan, Send, Until, Wait
from costproxy.demo.replies import head, reply, stream
from costproxy.demo.seen import SeenRequest
from costproxy.demo.upstream import SimulatedUpstream, always, in_turn
from tests.support.chats import chat_body, stream_frames
from tests.support.hearing import hear_out
from tests.support.proxy import in_front_of
from tests.support.raw import Header, ask, chunked, dial, post, request
from tests.support.scrape import recorded, scrape

pytestmark = [pytest.mark.timeout(20), pytest.mark.asyncio(loop_factories=["asyncio", "uvloop"])]

OK = reply(200, b"ok")
GET = request("GET", "/v1/x")
CHUNKED = ("Transfer-Encoding", "chunked")
BODY = bytes(range(256)) * 1000


def in_chunks(*pieces: bytes, trailers: bytes = b"", more: tuple[tuple[str, str], ...] = ()) -> Plan:
    return (Send(head(200, [CHUNKED, *more])), Send(chunked(*pieces, trailers=trailers)))


@pytest.mark.parametrize("framing", ["length", "chunked", "eof"])
async def test_a_reply_is_whole_and_the_connection_is_kept(framing: Any) -> None:
    up = SimulatedUpstream(always(reply(200, BODY, framing=framing)))
    async with in_front_of(up) as proxy, dial(proxy.url) as client:
        for _ in range(3):
            assert (await client.ask(GET)).body == BODY
    assert up.connections == (3 if framing == "eof" else 1)


async def test_a_reply_keeps_the_framing_it_came_with() -> None:
    sized, in_pieces = reply(200, BODY), in_chunks(b"one", b"two")
    up = SimulatedUpstream(in_turn(sized, in_pieces, reply(200, b""), reply(200, framing="chunked")))
    async with in_front_of(up) as proxy, dial(proxy.url) as client:
        answers = [await client.ask(GET) for _ in range(4)]
    assert [answer.headers for answer in answers] == [
        [(b"Content-Length", b"256000")],
        [(b"Transfer-Encoding", b"chunked")],
        [(b"Content-Length", b"0")],
        [(b"Transfer-Encoding", b"chunked")],
    ]
    assert [answer.body for answer in answers] == [BODY, b"onetwo", b"", b""]


async def test_the_details_of_chunks_do_not_matter() -> None:
    wire = b'5;name=value\r\nhello\r\n0001;x="y"\r\n!\r\nA\r\n0123456789\r\n00;last\r\n\r\n'
    up = SimulatedUpstream(always((Send(head(200, [CHUNKED])), Send(wire))))
    async with in_front_of(up) as proxy:
        assert (await ask(proxy.url, GET)).body == b"hello!0123456789"


# -- trailers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", [GET, post(chat_body(stream=True))], ids=["passed", "filtered"])
async def test_trailers_are_passed_on(asked: bytes) -> None:
    plan = in_chunks(b"data: 1\n\n", trailers=b"X-Sum: 1\r\nx-sum: caf\xe9\r\n", more=(("Trailer", "X-Sum"),))
    up = SimulatedUpstream(always(plan))
    async with in_front_of(up) as proxy, dial(proxy.url) as client:
        for _ in range(2):
            answer = await client.ask(asked)
            assert answer.header("trailer") == b"X-Sum"
            assert answer.trailers == [(b"X-Sum", b"1"), (b"x-sum", b"caf\xe9")]


async def test_trailers_are_not_invented() -> None:
    up = SimulatedUpstream(in_turn(in_chunks(b"1"), reply(200, b"1", framing="eof")))
    async with in_front_of(up) as proxy, dial(proxy.url) as client:
        for _ in range(2):
            answer = await client.ask(GET)
            assert (answer.trailers, answer.body) == ([], b"1")
            assert answer.wire.endswith(b"\r\n0\r\n\r\n")


@pytest.mark.parametrize("target", ["/v1/files", "/v1/chat/completions"])
@pytest.mark.parametrize("apart", [True, False], ids=["one by one", "at once"])
async def test_a_trailer_of_a_request_never_becomes_a_header_of_the_next(target: str, apart: bool) -> None:
    first = request("POST", target, (b"Transfer-Encoding", b"chunked"), (b"Trailer", b"X-Sum"))
    first += chunked(b"a", b"b", trailers=b"X-Sum: 1\r\nX-Api-Key: 0\r\n")
    second = post(b"{}")
    up = SimulatedUpstream(always(OK))
    async with in_front_of(up) as proxy, dial(proxy.url) as client:
        await client.send(first if apart else first + second)
        answer = await client.reply()
        assert (answer.body, answer.header("connection")) == (b"ok", b"close")
        assert await client.closed()
        assert (await ask(proxy.url, second)).body == b"ok"
    assert [seen.body for seen in up.requests] == [b"ab", b"{}"]
    assert [seen.header("x-api-key") for seen in up.requests] == [None, None]


@pytest.mark.parametrize("target", ["/v1/files", "/v1/chat/completions"])
async def test_chunked_requests_without_trailers_keep_their_connection_however_they_are_cut(target: str) -> None:
    sent = request("POST", target, (b"Transfer-Encoding", b"chunked")) + chunked(b"hello", b"you")
    up = SimulatedUpstream(always(OK))
    async with in_front_of(up) as proxy, dial(proxy.url) as client:
        for cut in range(len(sent) - 25, len(sent)):
            await client.send(sent[:cut])
            await scrape(proxy)  # after which the first part has been read
            await client.send(sent[cut:])
            answer = await client.reply()
            assert (answer.body, answer.header("connection")) == (b"ok", None)
    assert {seen.body for seen in up.requests} == {b"helloyou"}


# -- connections ---------------------------------------------------------------------------------------------


async def test_a_client_that_closes_after_its_request_is_obeyed_and_the_upstream_is_kept() -> None:
    up = SimulatedUpstream(always(OK))
    async with in_front_of(up) as proxy:
        for _ in range(3):
            async with dial(proxy.url) as client:
                answer = await client.ask(request("GET", "/", (b"Connection", b"close")))
                assert (answer.body, answer.header("connection")) == (b"ok", b"close")
                assert await client.closed()
    assert up.connections == 1


@pytest.mark.parametrize("framing", ["length", "chunked"])
async def test_an_upstream_that_closes_after_its_reply_does_not_close_the_client(framing: Any) -> None:
    plan = reply(200, b"ok", headers=[("Connection", "close")], framing=framing)
    up = SimulatedUpstream(always((*plan, Close())))
    async with in_front_of(up) as proxy, dial(proxy.url) as client:
        for _ in range(3):
            answer = await client.ask(GET)
            assert (answer.body, answer.header("connection")) == (b"ok", None)
    assert up.connections == 3


async def test_many_clients_share_connections_one_after_the_other() -> None:
    up = SimulatedUpstream(always(OK))
    async with in_front_of(up) as proxy:
        for _ in range(10):
            assert (await ask(proxy.url, GET)).body == b"ok"
        assert up.connections == 1
        await asyncio.gather(*(ask(proxy.url, GET) for _ in range(20)))
        await recorded(proxy, 30)
    assert up.connections <= 20


async def test_pipelined_requests_are_answered_in_order() -> None:
    async def slow_ones_first(seen: SeenRequest) -> Plan:
        return (Wait(0.02 / (1 + len(seen.body))), *reply(200, seen.target + seen.body))

    asked = [request("GET", f"/{number}") for number in range(5)]
    asked += [request("POST", f"/{number}", body=b"x" * number) for number in range(5, 10)]
    asked += [post(chat_body(), target=f"/{number}/chat/completions") for number in range(10, 15)]
    up = SimulatedUpstream(slow_ones_first)
    async with in_front_of(up) as proxy, dial(proxy.url) as client:
        await client.send(*asked)
        answers = [(await client.reply()).body for _ in asked]
        await recorded(proxy, len(asked))
    assert answers == [seen.target + seen.body for seen in up.requests]
    assert [seen.target.split(b"/")[1] for seen in up.requests] == [b"%d" % number for number in range(15)]


async def test_hundreds_of_pipelined_requests_are_all_answered() -> None:
    up = SimulatedUpstream(lambda seen: reply(200, seen.target))
    async with in_front_of(up) as proxy, dial(proxy.url) as client:
        await client.send(*(request("GET", f"/{number}") for number in range(300)))
        for number in range(300):
            assert (await client.reply()).body == b"/%d" % number


async def test_a_request_behind_a_closing_one_is_not_answered() -> None:
    up = SimulatedUpstream(always(OK))
    async with in_front_of(up) as proxy, dial(proxy.url) as client:
        await client.send(request("GET", "/last", (b"Connection", b"close")), request("GET", "/behind"))
        answer = await client.reply()
        assert answer.status in (200, 400)  # whoever announces to close and goes on may be heard or not
        assert await client.closed()
    assert [seen.target for seen in up.requests] in ([b"/last"], [])


# -- old clients ---------------------------------------------------------------------------------------------


def old(*headers: Header, version: bytes = b"1.0") -> bytes:
    return b"GET /v1/x HTTP/%s\r\n" % version + b"".join(b"%s: %s\r\n" % each for each in headers) + b"\r\n"


@pytest.mark.parametrize("framing", ["length", "chunked", "eof"])
async def test_an_old_client_gets_a_body_without_chunks_and_then_the_end(framing: Any) -> None:
    up = SimulatedUpstream(always(reply(200, BODY, framing=framing)))
    async with in_front_of(up) as proxy, dial(proxy.url) as client:
        answer = await client.ask(old())
        assert (answer.header("transfer-encoding"), answer.header("connection")) == (None, b"close")
        assert answer.body == BODY
        assert await client.closed()
    assert up.requests[0].version == "1.1"


async def test_an_old_client_may_keep_its_connection_where_the_length_is_known() -> None:
    up = SimulatedUpstream(in_turn(OK, OK, reply(204, framing="none"), reply(200, b"all", framing="chunked")))
    kept = old((b"Connection", b"Keep-Alive"))
    async with in_front_of(up) as proxy, dial(proxy.url) as client:
        for _ in range(3):
            assert (await client.ask(kept)).header("connection") == b"keep-alive"
        answer = await client.ask(kept)
        assert (answer.header("connection"), answer.body) == (b"close", b"all")
        assert await client.closed()
    assert up.connections == 1


async def test_a_stream_reaches_an_old_client_as_it_comes() -> None:
    go = asyncio.Event()
    first, *rest = stream(stream_frames())
    up = SimulatedUpstream(always((first, rest[0], Until(go), *rest[1:])))
    asked = chat_body(stream=True, stream_options={"include_usage": True})
    async with in_front_of(up) as proxy, dial(proxy.url) as client:
        await client.send(b"POST /v1/chat/completions HTTP/1.0\r\nContent-Length: %d\r\n\r\n" % len(asked), asked)
        await client.final_head()
        piece = await client.reader.readuntil(b"\n\n")
        assert b'"role":"assistant"' in piece
        go.set()
        assert (await client.rest()).endswith(b"data: [DONE]\n\n")
        counted = await recorded(proxy)
    assert counted.outcomes == {"success": 1}
    assert counted.total("costproxy_tokens_total") == 15


# -- upstreams that are not as they should be ----------------------------------------------------------------

OLD_SERVER = b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nhello"
NOT_HTTP = {
    "length and chunks": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    "a length that is none": b"HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nhello",
    "no status": b"HTTP/1.1 OK\r\n\r\n",
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n",
    "an upgrade nobody asked for": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nx",
    "an endless head": b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 2_000_000,
}


async def test_an_old_upstream_is_understood() -> None:
    up = SimulatedUpstream(always((Send(OLD_SERVER), Close())))
    async with in_front_of(up) as proxy, dial(proxy.url) as client:
        for _ in range(2):
            answer = await client.ask(GET)
            assert (answer.start, answer.body) == (b"HTTP/1.1 200 OK", b"hello")
    assert up.connections == 2


@pytest.mark.parametrize("what", NOT_HTTP)
async def test_what_is_no_reply_is_not_passed_for_one(what: str) -> None:
    up = SimulatedUpstream(always((Send(NOT_HTTP[what]),)))
    async with in_front_of(up) as proxy, dial(proxy.url) as client:
        answer = await client.ask(post(chat_body()))
        assert (answer.status, answer.header("x-costproxy-error")) == (502, b"upstream_no_reply")
        assert answer.interims == []
        assert (await client.ask(post(chat_body()))).status == 502
        counted = await recorded(proxy, 2)
    assert counted.outcomes == {"upstream_error": 2}
    assert (up.connections, len(up.requests)) == (2, 2)


async def test_what_an_upstream_says_after_its_reply_reaches_nobody() -> None:
    stray = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret"
    up = SimulatedUpstream(in_turn((*OK, Send(stray)), (Send(OK[0].data + b"ok" + stray),), OK))  # type: ignore[union-attr]
    async with in_front_of(up) as proxy:
        for _ in range(4):
            assert (await ask(proxy.url, GET)).body == b"ok"
    assert len(up.requests) == 4


async def test_a_chunk_size_that_is_none_breaks_the_reply_off() -> None:
    wire = b"5\r\nhello\r\nzz\r\n"
    up = SimulatedUpstream(always((Send(head(200, [CHUNKED])), Send(wire))))
    async with in_front_of(up) as proxy, dial(proxy.url) as client:
        await client.send(GET)
        await client.final_head()
        assert not (await hear_out(client)).data.endswith(b"0\r\n\r\n")
        counted = await recorded(proxy)
    assert counted.outcomes == {"upstream_truncated": 1}


async def test_the_answer_to_head_that_brings_a_body_does_not_spoil_what_follows() -> None:
    up = SimulatedUpstream(in_turn((Send(head(200, [("Content-Length", "6")]) + b"secret"),), OK))
    async with in_front_of(up) as proxy, dial(proxy.url) as client:
        assert (await client.ask(request("HEAD", "/"))).header("content-length") == b"6"
        assert (await client.ask(GET)).body == b"ok"


async def test_the_id_of_a_reply_belongs_to_the_reply_that_was_asked_for() -> None:
    """Two hundred interleaved requests over shared connections; a mix-up would show in the body."""
    up = SimulatedUpstream(lambda seen: reply(200, seen.target, headers=[("X-Of", seen.path)]))

    async def ask_some(name: int, url: str) -> None:
        async with dial(url) as client:
            for number in range(20):
                target = f"/{name}/{number}"
                answer = await client.ask(request("GET", target))
                assert (answer.body, answer.header("x-of")) == (target.encode(), target.encode())

    async with in_front_of(up) as proxy:
        await asyncio.gather(*(ask_some(name, proxy.url) for name in range(10)))
