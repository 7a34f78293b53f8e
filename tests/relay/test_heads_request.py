"""Request heads reach the upstream as they were written, but for what concerns one connection only."""

import asyncio

import pytest

from costproxy.demo.replies import reply
from costproxy.demo.seen import SeenRequest
from costproxy.demo.upstream import SimulatedUpstream, always
from tests.support.proxy import in_front_of, running_proxy
from tests.support.raw import Header, ask, post, request

pytestmark = pytest.mark.timeout(20)

OK = reply(200, b"ok")
SDK: tuple[Header, ...] = (
    (b"Authorization", b"Bearer sk-test"),
    (b"OpenAI-Organization", b"org-1"),
    (b"OpenAI-Project", b"proj_1"),
    (b"Idempotency-Key", b"stainless-python-retry-1"),
    (b"anthropic-beta", b"a,b"),
    (b"X-Stainless-Retry-Count", b"0"),
    (b"x-stainless-lang", b"python"),
    (b"Cookie", b"__cf_bm=1; other=2"),
    (b"User-Agent", b"OpenAI/Python 3.54.0"),
    (b"Accept", b"text/event-stream"),
    (b"Accept-Encoding", b"gzip, deflate"),
    (b"Via", b"1.1 corporate"),
    (b"X-Forwarded-For", b"10.0.0.1"),
    (b"Traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
)


async def seen_after(*headers: Header, method: str = "GET", body: bytes | None = None) -> SeenRequest:
    up = SimulatedUpstream(always(OK))
    async with in_front_of(up) as proxy:
        assert (await ask(proxy.url, request(method, "/v1/x", *headers, body=body))).status == 200
    return up.requests[0]


async def test_headers_arrive_in_order_and_spelling_and_nothing_is_added() -> None:
    seen = await seen_after(*SDK)
    assert seen.headers[1:] == list(SDK)
    assert seen.headers[0][0] == b"Host"


async def test_a_head_is_the_same_byte_for_byte_but_for_the_host() -> None:
    up = SimulatedUpstream(always(OK))
    async with in_front_of(up) as proxy:
        sent = post(b'{"model":"m"}', *SDK)
        await ask(proxy.url, sent)
    assert up.requests[0].raw == sent.replace(b"proxy.test", up.url[7:].encode())


async def test_a_bare_request_stays_bare() -> None:
    seen = await seen_after()
    assert [name for name, _ in seen.headers] == [b"Host"]


async def test_repeated_headers_stay_apart() -> None:
    repeated = [(b"X-Tag", b"1"), (b"x-other", b"-"), (b"X-TAG", b"2"), (b"x-tag", b"1"), (b"X-Tag", b"")]
    assert (await seen_after(*repeated)).headers[1:] == repeated


async def test_values_arrive_whatever_their_bytes() -> None:
    odd = [
        (b"X-Latin", b"caf\xe9"),
        (b"X-UTF-8", "caf\u00e9 \u4f60\u597d".encode()),
        (b"X-Obs", bytes(range(0x80, 0x100))),
        (b"X-Tab", b"a\tb"),
        (b"X-Quoted", b'"a, b"; c=\\"d\\"'),
        (b"X-Spaces", b"a   b"),
        (b"X-Empty", b""),
        (b"!#$%&'*+-.^_`|~", b"a name of every legal sign"),
    ]
    assert (await seen_after(*odd)).headers[1:] == odd


async def test_a_header_longer_than_the_usual_limit_passes() -> None:
    long = (b"X-Long", b"x" * 9_000)
    assert long in (await seen_after(long)).headers


async def test_a_head_of_300_kilobytes_passes() -> None:
    heads: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        writer.close()

    # The simulated upstream is stricter than this.
    async with await asyncio.start_server(answer, "127.0.0.1", 0, limit=1024 * 1024) as server:
        where = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with running_proxy(f"http://{where}") as proxy:
            sent = request("GET", "/", (b"X-Long", b"x" * 300_000))
            assert (await ask(proxy.url, sent)).status == 204
    assert heads == [sent.replace(b"proxy.test", where.encode())]


async def test_a_long_name_and_many_headers_pass() -> None:
    many = [(b"X-Name-" + b"n" * 9_000, b"1"), *((b"X-%d" % number, b"v") for number in range(150))]
    assert (await seen_after(*many)).headers[1:] == many


async def test_headers_of_one_connection_stop_here() -> None:
    kept = [(b"X-Kept", b"1"), (b"Content-Type", b"text/plain")]
    hop = [
        (b"Connection", b"keep-alive, X-Mine ,x-also"),
        (b"Connection", b"X-Third"),
        (b"X-Mine", b"gone"),
        (b"x-also", b"gone"),
        (b"X-THIRD", b"gone"),
        (b"Keep-Alive", b"timeout=5"),
        (b"Proxy-Connection", b"keep-alive"),
        (b"Proxy-Authorization", b"Basic x"),
        (b"TE", b"trailers"),
        (b"Trailer", b"X-Sum"),
        (b"Upgrade", b"h2c"),
    ]
    assert (await seen_after(*hop, *kept)).headers[1:] == kept


async def test_framing_and_host_cannot_be_named_away() -> None:
    named = (b"Connection", b"close, Content-Length, Host, Transfer-Encoding")
    seen = await seen_after(named, method="POST", body=b"body")
    assert [name for name, _ in seen.headers] == [b"Host", b"Content-Length"]
    assert seen.body == b"body"


async def test_the_host_is_rewritten_where_it_stands() -> None:
    up = SimulatedUpstream(always(OK))
    async with in_front_of(up) as proxy:
        await ask(proxy.url, b"GET / HTTP/1.1\r\nA: 1\r\nhOST:   app.example:99  \r\nB: 2\r\n\r\n")
    assert up.requests[0].headers == [(b"A", b"1"), (b"hOST", up.url[7:].encode()), (b"B", b"2")]


async def test_a_request_without_a_host_gets_one() -> None:
    up = SimulatedUpstream(always(OK))
    async with in_front_of(up) as proxy:
        answer = await ask(proxy.url, b"GET / HTTP/1.0\r\nA: 1\r\n\r\n")
    assert answer.body == b"ok"
    assert up.requests[0].head == b"GET / HTTP/1.1\r\nHost: %s\r\nA: 1\r\n\r\n" % up.url[7:].encode()


@pytest.mark.parametrize("name", [b"X-Costproxy-App", b"x-costproxy-app"])
async def test_the_name_of_the_application_is_not_forwarded(name: bytes) -> None:
    headers = [(b"A", b"1"), (name, b"billing"), (b"B", b"2"), (name.upper(), b"again")]
    assert (await seen_after(*headers)).headers[1:] == [(b"A", b"1"), (b"B", b"2")]


async def test_the_name_of_the_application_goes_by_the_header_that_was_set() -> None:
    up = SimulatedUpstream(always(OK))
    async with in_front_of(up, apps_header="X-Team") as proxy:
        await ask(proxy.url, request("GET", "/", (b"x-team", b"search"), (b"X-Costproxy-App", b"mine")))
    assert up.requests[0].headers[1:] == [(b"X-Costproxy-App", b"mine")]


async def test_a_cookie_of_one_client_never_reaches_another() -> None:
    cookies = [("Set-Cookie", "__cf_bm=a; Path=/; HttpOnly"), ("set-cookie", "b=2; Domain=localhost")]
    up = SimulatedUpstream(always(reply(200, b"ok", headers=cookies)), host="localhost")
    async with in_front_of(up) as proxy:
        first = await ask(proxy.url, request("GET", "/"))
        await ask(proxy.url, request("GET", "/"))
    assert first.headers[:2] == [(name.encode(), value.encode()) for name, value in cookies]
    assert [seen.header("cookie") for seen in up.requests] == [None, None]
    assert up.connections == 1


async def test_a_sized_and_a_chunked_request_keep_their_framing() -> None:
    up = SimulatedUpstream(always(OK))
    async with in_front_of(up) as proxy:
        await ask(proxy.url, request("POST", "/v1/x", body=b"sized"))
        chunked = b"POST /v1/x HTTP/1.1\r\nHost: a\r\ntransfer-encoding: Chunked\r\n\r\n7\r\nchunked\r\n0\r\n\r\n"
        await ask(proxy.url, chunked)
    sized, in_chunks = up.requests
    assert sized.headers[1:] == [(b"Content-Length", b"5")]
    assert in_chunks.headers[1:] == [(b"transfer-encoding", b"Chunked")]
    assert (sized.body, in_chunks.body) == (b"sized", b"chunked")
