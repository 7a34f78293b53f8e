"""What is not for a proxy to pass is refused, in a shape that SDKs read; the upstream never hears of it."""

import asyncio
import json

import pytest

from costproxy.demo.plan import Until
from costproxy.demo.replies import reply
from costproxy.demo.upstream import SimulatedUpstream, always
from tests.support.proxy import in_front_of
from tests.support.raw import RawReply, dial, request
from tests.support.scrape import recorded, scrape

pytestmark = pytest.mark.timeout(20)

OK = reply(200, b"ok")
SECRET = b"sk-canary-1234567890"
LINE = b"POST /v1/chat/completions?key=%s HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n" % (SECRET, SECRET)
CHUNKED = LINE + b"Transfer-Encoding: chunked\r\n"

MALFORMED = {
    "length and chunks": CHUNKED + b"Content-Length: 5\r\n\r\n0\r\n\r\n",
    "chunks and length": LINE + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": LINE + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    "the same length twice": LINE + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    "a list of lengths": LINE + b"Content-Length: 5, 5\r\n\r\nhello",
    "a signed length": LINE + b"Content-Length: +5\r\n\r\nhello",
    "a negative length": LINE + b"Content-Length: -5\r\n\r\nhello",
    "a length in hex": LINE + b"Content-Length: 0x5\r\n\r\nhello",
    "a length beyond 64 bits": LINE + b"Content-Length: 99999999999999999999\r\n\r\n",
    "chunked twice": LINE + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "chunked in two headers": CHUNKED + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked not last": LINE + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "an unknown transfer coding": LINE + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a chunk size that is none": CHUNKED + b"\r\n%s\r\n\r\n" % SECRET,
    "a chunk longer than its size": CHUNKED + b"\r\n3\r\n%s\r\n0\r\n\r\n" % SECRET,
    "chunks with bare line feeds": CHUNKED + b"\r\n3\nabc\n0\n\n",
    "a folded header": LINE + b"X-A: %s\r\n %s\r\n\r\n" % (SECRET, SECRET),
    "a blank before the colon": LINE + b"X-%s : a\r\n\r\n" % SECRET,
    "a header without a name": LINE + b": %s\r\n\r\n" % SECRET,
    "a header without a colon": LINE + b"%s\r\n\r\n" % SECRET,
    "a NUL in a value": LINE + b"X-A: %s\x00\r\n\r\n" % SECRET,
    "a NUL in a name": LINE + b"X-\x00%s: a\r\n\r\n" % SECRET,
    "a bare CR in a value": LINE + b"X-A: %s\rX-B: b\r\n\r\n" % SECRET,
    "a bare LF after a value": LINE + b"X-A: %s\nX-B: b\r\n\r\n" % SECRET,
    "bare line feeds": LINE.replace(b"\r\n", b"\n") + b"\n",
    "two hosts": LINE + b"Host: %s\r\n\r\n" % SECRET,
    "no host": b"GET /%s HTTP/1.1\r\n\r\n" % SECRET,
    "a blank in the target": b"GET /a %s HTTP/1.1\r\nHost: a\r\n\r\n" % SECRET,
    "a target outside ASCII": b"GET /caf\xc3\xa9?%s HTTP/1.1\r\nHost: a\r\n\r\n" % SECRET,
    "a target without a slash": b"GET v1/%s HTTP/1.1\r\nHost: a\r\n\r\n" % SECRET,
    "a method in lower case": b"get /%s HTTP/1.1\r\nHost: a\r\n\r\n" % SECRET,
    "a method nobody knows": b"%s / HTTP/1.1\r\nHost: a\r\n\r\n" % SECRET.upper(),
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + SECRET * 2 + b"\r\n\r\n",
    "a line without an end": b"GET /" + SECRET * 60_000,
    "too many headers": LINE + b"A: b\r\n" * 11_000 + b"\r\n",
}


def assert_refused(answer: RawReply, status: int, code: str) -> None:
    assert answer.status == status, answer
    assert answer.header("x-costproxy-error") == code.encode()
    assert answer.header("content-type") == b"application/json"
    error = json.loads(answer.body)["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    assert error["code"] == code
    assert SECRET not in answer.raw + answer.body


@pytest.mark.parametrize("what", MALFORMED)
async def test_a_malformed_request_is_refused_and_quoted_nowhere(what: str, capfd: pytest.CaptureFixture[str]) -> None:
    up = SimulatedUpstream(always(OK))
    async with in_front_of(up, log_level="debug") as proxy, dial(proxy.url) as client:
        await client.send(MALFORMED[what])
        assert_refused(await client.reply(), 400, "malformed_request")
        assert await client.closed()
    assert up.requests == []
    assert SECRET.decode() not in "".join(capfd.readouterr())


@pytest.mark.parametrize("target", ["/v1/chat/completions", "/v1/files"])
async def test_a_body_that_turns_out_malformed_never_arrives_as_if_it_were_whole(
    target: str, capfd: pytest.CaptureFixture[str]
) -> None:
    up = SimulatedUpstream(always(OK))
    async with in_front_of(up, log_level="debug") as proxy, dial(proxy.url) as client:
        await client.send(b"POST %s HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" % target.encode())
        await client.send(b"5\r\nhello\r\n")
        await scrape(proxy)  # which comes after the request has begun, so that it is its body that breaks
        await client.send(b"%s\r\n\r\n" % SECRET)
        said = await _what_is_left(client.reader)
        counted = await recorded(proxy)
        assert up.open_connections == 0 or not up.requests
    assert said.count(b"HTTP/1.1 ") <= 1
    assert said == b"" or said.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert counted.outcomes.keys() <= {"client_error", "client_abort"}
    assert not any(seen.complete.is_set() for seen in up.requests)
    assert SECRET.decode() not in "".join(capfd.readouterr())


async def test_a_broken_body_behind_another_request_is_not_waited_for_either() -> None:
    go = asyncio.Event()
    up = SimulatedUpstream(always((Until(go), *OK)))
    async with in_front_of(up) as proxy, dial(proxy.url) as client:
        await client.send(request("GET", "/first"))
        await up.arrived()
        await client.send(b"POST /second HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel")
        await scrape(proxy)
        await client.send(b"lo, but longer than its size\r\n")
        go.set()
        assert (await client.reply()).body == b"ok"
        said = await _what_is_left(client.reader)
        await recorded(proxy, 2)
    assert said.count(b"HTTP/1.1 ") <= 1
    assert not any(seen.complete.is_set() for seen in up.requests[1:])


async def _what_is_left(reader: asyncio.StreamReader) -> bytes:
    said = b""
    try:
        while piece := await reader.read(65536):
            said += piece
    except ConnectionError:
        pass
    return said


async def test_junk_after_a_request_does_not_spoil_its_reply() -> None:
    up = SimulatedUpstream(always(OK))
    async with in_front_of(up) as proxy, dial(proxy.url) as client:
        await client.send(request("GET", "/v1/models"), b"\x00\x01 junk\r\n\r\n")
        first = await client.reply()
        if first.status == 200:
            assert first.body == b"ok"
            first = await client.reply()
        assert_refused(first, 400, "malformed_request")
        assert await client.closed()


# -- leaving HTTP --------------------------------------------------------------------------------------------

WEBSOCKET = request(
    *("GET", "/v1/realtime?model=gpt-realtime"),
    *((b"Connection", b"keep-alive, Upgrade"), (b"Upgrade", b"WebSocket"), (b"Sec-WebSocket-Version", b"13")),
    (b"Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ=="),
)


async def test_a_websocket_is_refused_and_the_connection_stays_usable() -> None:
    up = SimulatedUpstream(always(OK))
    async with in_front_of(up) as proxy, dial(proxy.url) as client:
        assert_refused(await client.ask(WEBSOCKET), 501, "upgrade_not_supported")
        assert (await client.ask(request("GET", "/"))).body == b"ok"
        assert_refused(await client.ask(WEBSOCKET), 501, "upgrade_not_supported")
        counted = await recorded(proxy, 3)
    assert counted.outcomes == {"client_error": 2, "success": 1}
    assert [seen.target for seen in up.requests] == [b"/"]


async def test_frames_sent_before_the_refusal_do_not_become_requests() -> None:
    up = SimulatedUpstream(always(OK))
    async with in_front_of(up) as proxy, dial(proxy.url) as client:
        await client.send(WEBSOCKET, b"\x81\x85\x00\x00\x00\x00hello" * 3)
        assert_refused(await client.reply(), 501, "upgrade_not_supported")
        assert_refused(await client.reply(), 400, "malformed_request")
        assert await client.closed()
    assert up.requests == []


@pytest.mark.parametrize("target", ["evil.example:443", "127.0.0.1:80"])
async def test_no_tunnel_is_opened(target: str) -> None:
    up = SimulatedUpstream(always(OK))
    async with in_front_of(up) as proxy, dial(proxy.url) as client:
        assert_refused(await client.ask(request("CONNECT", target)), 501, "upgrade_not_supported")
        counted = await recorded(proxy)
    assert counted.outcomes == {"client_error": 1}
    assert up.connections == 0


async def test_an_upgrade_to_http2_is_ignored_as_it_may_be() -> None:
    up = SimulatedUpstream(always(OK))
    offer = ((b"Connection", b"Upgrade, HTTP2-Settings"), (b"Upgrade", b"h2c"), (b"HTTP2-Settings", b"AAMAAABk"))
    async with in_front_of(up) as proxy, dial(proxy.url) as client:
        assert (await client.ask(request("GET", "/", *offer))).body == b"ok"
        assert (await client.ask(request("POST", "/", *offer, body=b"with a body"))).body == b"ok"
    assert [(len(seen.headers), seen.body) for seen in up.requests] == [(1, b""), (2, b"with a body")]
