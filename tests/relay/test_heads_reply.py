"""Reply heads reach the client as the upstream wrote them."""

import asyncio

import pytest

from costproxy.demo.plan import Plan, Send, Until
from costproxy.demo.replies import head, interim, reply
from costproxy.demo.upstream import SimulatedUpstream, always, in_turn
from tests.support.proxy import in_front_of
from tests.support.raw import RawReply, ask, dial, post, request

pytestmark = pytest.mark.timeout(20)

LIMITS = [
    ("x-request-id", "req_011"),
    ("openai-processing-ms", "57"),
    ("Retry-After", "0"),
    ("retry-after-ms", "-1.5"),
    ("X-Should-Retry", "false"),
    ("x-ratelimit-limit-requests", "60"),
    ("X-RateLimit-Remaining-Tokens", "149984"),
    ("x-ratelimit-reset-tokens", "6m0s"),
    ("anthropic-ratelimit-tokens-reset", "2026-01-01T00:00:00Z"),
    ("Set-Cookie", "a=1"),
    ("set-cookie", "b=2"),
    ("Server", "cloudflare"),
    ("Date", "Thu, 01 Jan 1970 00:00:00 GMT"),
    ("Age", "3"),
    ("Via", "1.1 google"),
    ("X-Accel-Buffering", "no"),
    ("Cache-Control", "no-cache, no-transform"),
    ("alt-svc", 'h3=":443"; ma=86400'),
]
ODD_BODIES = (
    b'{"error":{"message":"no","type":"x","param":null,"code":null}}',
    b"",
    b"<html>\xff\xfe</html>",
    b'{"error": "truncated',
    b"null",
    b"\x00" * 100,
)
STATUSES = (400, 401, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 529)


async def answer_of(plan: Plan, asked: bytes = request("GET", "/v1/x")) -> RawReply:
    up = SimulatedUpstream(always(plan))
    async with in_front_of(up) as proxy:
        return await ask(proxy.url, asked)


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("framing", ["length", "chunked"])
async def test_an_error_passes_verbatim(status: int, framing: str) -> None:
    plans = [reply(status, body, headers=LIMITS, framing=framing) for body in ODD_BODIES]  # type: ignore[arg-type]
    up = SimulatedUpstream(in_turn(*plans))
    async with in_front_of(up) as proxy, dial(proxy.url) as client:
        for body, plan in zip(ODD_BODIES, plans, strict=True):
            answer = await client.ask(post(b'{"model":"m","messages":[]}'))
            assert isinstance(plan[0], Send)
            assert (answer.raw, answer.body) == (plan[0].data, body)
    assert len(up.requests) == len(ODD_BODIES)


async def test_a_reply_head_is_the_same_byte_for_byte() -> None:
    odd = [
        (b"X-TAG", b"1"),
        (b"x-tag", b"caf\xe9"),
        (b"X-Tag", "\u4f60\u597d".encode()),
        (b"X-Obs", bytes(range(0x80, 0x100))),
        (b"X-Empty", b""),
        (b"X-Tab", b"a\tb"),
        (b"X-Long", b"x" * 9_000),
        (b"X-Longer", b"y" * 300_000),
        *((b"X-%d" % number, b"v") for number in range(150)),
    ]
    start = head(200, [*odd, (b"Content-Length", b"2")])
    assert (await answer_of((Send(start), Send(b"ok")))).raw == start


@pytest.mark.parametrize(
    "line", [b"HTTP/1.1 200 Fine\tby me", b"HTTP/1.1 299 ", b"HTTP/1.1 404 Ne\xe9 \xff", b"HTTP/1.1 599 x" + b"y" * 500]
)
async def test_a_status_line_passes_with_its_reason(line: bytes) -> None:
    assert (await answer_of((Send(line + b"\r\nContent-Length: 0\r\n\r\n"),))).start == line


async def test_a_status_line_without_a_reason_has_none_here_either() -> None:
    answer = await answer_of((Send(b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n"),))
    assert answer.start.rstrip(b" ") == b"HTTP/1.1 200"


async def test_headers_of_one_connection_stop_here() -> None:
    kept = [(b"X-Kept", b"1"), (b"Content-Length", b"2")]
    hop = [
        (b"Connection", b"keep-alive, X-Mine"),
        (b"Keep-Alive", b"timeout=5"),
        (b"X-MINE", b"gone"),
        (b"Proxy-Authenticate", b"Basic"),
        (b"Proxy-Connection", b"x"),
        (b"Upgrade", b"h2,h2c"),
    ]
    answer = await answer_of((Send(head(200, [*hop, *kept])), Send(b"ok")))
    assert answer.headers == kept
    assert answer.body == b"ok"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_the_clients_to_follow(status: int) -> None:
    async with SimulatedUpstream(always(reply(200))) as elsewhere:
        location = [("Location", f"{elsewhere.url}/v1/chat/completions"), ("Set-Cookie", "a=b")]
        up = SimulatedUpstream(always(reply(status, b"moved", headers=location)))
        async with in_front_of(up) as proxy:
            answer = await ask(proxy.url, post(b"{}", (b"api-key", b"secret")))
        assert (answer.status, answer.body) == (status, b"moved")
        assert answer.headers[:2] == [(name.encode(), value.encode()) for name, value in location]
        assert elsewhere.connections == 0
    assert len(up.requests) == 1


async def test_a_host_that_redirects_within_itself_is_not_followed_either() -> None:
    up = SimulatedUpstream(in_turn(reply(307, headers=[("Location", "/v2/x")]), reply(200)))
    async with in_front_of(up) as proxy:
        answer = await ask(proxy.url, request("GET", "/v1/x"))
    assert (answer.status, answer.header("location"), len(up.requests)) == (307, b"/v2/x", 1)


# -- interim replies -----------------------------------------------------------------------------------------


async def test_an_interim_reply_comes_before_the_final_head() -> None:
    go = asyncio.Event()
    hints = [("Link", "</a.css>; rel=preload"), ("Link", "</b.css>"), ("X-Tag", "1")]
    up = SimulatedUpstream(always((*interim(103, hints), Until(go), *interim(102), *reply(200, b"ok"))))
    async with in_front_of(up) as proxy, dial(proxy.url) as client:
        await client.send(request("GET", "/"))
        first = await client.head()
        assert first.start == b"HTTP/1.1 103 Early Hints"
        assert first.headers == [(name.encode(), value.encode()) for name, value in hints]
        go.set()
        answer = await client.reply()
    assert ([each.status for each in answer.interims], answer.body) == ([102], b"ok")


async def test_an_old_client_is_spared_interim_replies() -> None:
    answer = await answer_of((*interim(103), *reply(200, b"ok")), b"GET / HTTP/1.0\r\n\r\n")
    assert (answer.interims, answer.status, answer.body) == ([], 200, b"ok")


async def test_a_continue_that_nobody_waits_for_stops_here() -> None:
    answer = await answer_of((*interim(100), *reply(200, b"ok")), post(b"{}"))
    assert (answer.interims, answer.body) == ([], b"ok")


# -- replies without a body ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "framing",
    [(), (("Content-Length", "12345"),), (("Transfer-Encoding", "chunked"),)],
    ids=["none", "length", "chunked"],
)
async def test_the_answer_to_head_keeps_its_headers_and_has_no_body(framing: tuple[tuple[str, str], ...]) -> None:
    start = head(200, [("Content-Type", "text/plain"), *framing, ("ETag", '"x"')])
    up = SimulatedUpstream(always((Send(start),)))
    async with in_front_of(up) as proxy, dial(proxy.url) as client:
        for _ in range(2):
            answer = await client.ask(request("HEAD", "/v1/models"))
            assert answer.raw == start
    assert [seen.method for seen in up.requests] == ["HEAD", "HEAD"]


@pytest.mark.parametrize("status", [204, 304])
@pytest.mark.parametrize("framing", [(), (("Content-Length", "12"),)], ids=["none", "length"])
async def test_a_reply_that_has_no_body_by_its_status_ends_with_its_head(
    status: int, framing: tuple[tuple[str, str], ...]
) -> None:
    start = head(status, [("ETag", '"x"'), *framing])
    up = SimulatedUpstream(always((Send(start),)))
    async with in_front_of(up) as proxy, dial(proxy.url) as client:
        for _ in range(2):
            assert (await client.ask(request("GET", "/v1/models"))).raw == start
