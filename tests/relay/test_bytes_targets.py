"""Request targets and methods reach the upstream byte for byte; where they go is nobody's to say but the operator's."""

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from costproxy.demo.replies import reply
from costproxy.demo.upstream import SimulatedUpstream, always
from tests.support.proxy import in_front_of, running_proxy, settings_file
from tests.support.raw import ask, request

pytestmark = pytest.mark.timeout(20)

OK = reply(200, b"ok")
TARGETS = (
    b"/",
    b"/v1/models",
    b"/v1/models/",
    b"/v1/files/it%27s%20%3A%41%7E",
    b"/v1/%2e%2E/%2F%5c",
    b"/a/../b/./c",
    b"//x",
    b"//evil.example/v1",
    b"///",
    b"/v1//chat///completions",
    b"/@evil.example/x",
    b"/v1/a:b;c=d,e!$&'()*+",
    b"/v1/models?",
    b"/v1/models?a=1&a=2&&a=1",
    b"/?x?y=/z:/..//",
    b"/v1/models?after=%41%7e+b%20c&after=",
    b"/v1/models?url=http://evil.example/",
    b"/?http://evil.example/",
    b'/v1/"quoted"<tag>{brace}|pipe^`back',
    b"/v1/%",
    b"/v1/%zz",
    b"/v1/#fragment?no",
    b"/openai/deployments/gpt%2D4/chat/completions?api-version=2024-10-21",
    b"/" + b"long/" * 4000 + b"?" + b"q=1&" * 4000,
)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "REPORT", "SEARCH", "PURGE", "LINK")


async def test_a_target_arrives_as_it_was_sent() -> None:
    up = SimulatedUpstream(always(OK))
    async with in_front_of(up) as proxy:
        for target in TARGETS:
            assert (await ask(proxy.url, request("GET", target))).body == b"ok", target
    assert [seen.target for seen in up.requests] == list(TARGETS)


@pytest.mark.parametrize("method", METHODS)
async def test_a_method_arrives_as_it_was_sent(method: str) -> None:
    up = SimulatedUpstream(always(OK))
    async with in_front_of(up) as proxy:
        with_body = await ask(proxy.url, request(method, "/v1/x", body=b"content"))
        without = await ask(proxy.url, request(method, "/v1/x"))
    assert (with_body.body, without.body) == (b"ok", b"ok")
    assert [(seen.method, seen.body) for seen in up.requests] == [(method, b"content"), (method, b"")]


async def test_a_request_without_a_body_gets_no_framing_for_one() -> None:
    up = SimulatedUpstream(always(OK))
    async with in_front_of(up) as proxy:
        for method in METHODS:
            await ask(proxy.url, request(method, "/"))
        await ask(proxy.url, request("POST", "/", body=b""))
    *without, empty = up.requests
    assert {(seen.header("content-length"), seen.header("transfer-encoding")) for seen in without} == {(None, None)}
    assert empty.header("content-length") == b"0"


async def test_options_asks_the_upstream_as_a_whole() -> None:
    up = SimulatedUpstream(always(reply(204, headers=[("Allow", "GET, POST")], framing="none")))
    async with in_front_of(up) as proxy:
        answer = await ask(proxy.url, request("OPTIONS", "*"))
    assert answer.header("allow") == b"GET, POST"
    assert up.requests[0].target == b"*"


async def test_a_preflight_passes_unchanged() -> None:
    asked = ((b"Origin", b"https://app.example"), (b"Access-Control-Request-Method", b"POST"))
    allowed = [("access-control-allow-origin", "*"), ("Access-Control-Max-Age", "600"), ("Vary", "Origin")]
    up = SimulatedUpstream(always(reply(204, headers=allowed, framing="none")))
    async with in_front_of(up) as proxy:
        answer = await ask(proxy.url, request("OPTIONS", "/v1/chat/completions", *asked))
    assert answer.headers == [(name.encode(), value.encode()) for name, value in allowed]
    assert up.requests[0].headers == [(b"Host", up.url[7:].encode()), *asked]


# -- where a request goes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "at_upstream"),
    [
        ("http://evil.example/v1/models?x=%41", b"/v1/models?x=%41"),
        ("HTTP://evil.example:8080//a/../b", b"//a/../b"),
        ("http://user:secret@evil.example/x", b"/x"),
        ("http://evil.example", b"/"),
        ("http://evil.example?x=/y", b"/?x=/y"),
        ("https://evil.example/http://worse.example/", b"/http://worse.example/"),
    ],
)
async def test_the_host_of_an_absolute_target_has_no_say(target: str, at_upstream: bytes) -> None:
    up = SimulatedUpstream(always(OK))
    async with in_front_of(up) as proxy:
        assert (await ask(proxy.url, request("GET", target))).status == 200
    assert [seen.target for seen in up.requests] == [at_upstream]
    assert up.requests[0].header("host") == up.url[7:].encode()


async def test_no_header_or_body_leads_a_request_elsewhere() -> None:
    async with SimulatedUpstream(always(OK)) as evil, SimulatedUpstream(always(OK)) as up:
        where = evil.url[7:].encode()
        headers = (
            *((b"X-Forwarded-Host", where), (b"Forwarded", b"host=" + where), (b"X-Original-URL", b"//" + where)),
            *((b"X-Custom-Host", where), (b"X-Upstream-URL", evil.url.encode()), (b"X-Rewrite-URL", b"//" + where)),
        )
        body = b'{"api_base": "%s", "base_url": "%s", "model": "x"}' % (evil.url.encode(), evil.url.encode())
        async with running_proxy(up.url) as proxy:
            for target in (b"//%s/v1/chat/completions" % where, b"/@%s/v1/chat/completions" % where):
                asked = b"POST %s HTTP/1.1\r\nHost: %s\r\n" % (target, where)
                lines = b"".join(b"%s: %s\r\n" % header for header in headers)
                answer = await ask(proxy.url, asked, lines, b"Content-Length: %d\r\n\r\n" % len(body), body)
                assert answer.status == 200
        assert evil.connections == 0
        assert [seen.header("host") for seen in up.requests] == [up.url[7:].encode()] * 2
        assert up.requests[0].headers[1:-1] == list(headers)
        assert up.requests[0].body == body


async def test_a_prefix_of_the_upstream_goes_before_every_target() -> None:
    async with SimulatedUpstream(always(OK)) as up, running_proxy(f"{up.url}/base/openai/") as proxy:
        for target in ("/v1/models", "/", "//x/..", "/?a", "http://evil.example/v1/x", "*"):
            await ask(proxy.url, request("OPTIONS", target))
        seen = [each.target for each in up.requests]
    base = b"/base/openai"
    assert seen == [base + b"/v1/models", base + b"/", base + b"//x/..", base + b"/?a", base + b"/v1/x", b"*"]


@pytest.mark.parametrize(
    ("target", "where", "at_upstream"),
    [
        ("/xai/v1/models?a=%41", "xai", b"/v1/models?a=%41"),
        ("/xai", "xai", b"/"),
        ("/xai/", "xai", b"/"),
        ("/xai?x=1", "xai", b"/?x=1"),
        ("/xai//v1", "xai", b"//v1"),
        ("/xai/xai/v1", "xai", b"/xai/v1"),
        ("/xai/../groq/v1", "xai", b"/../groq/v1"),
        ("http://evil.example/xai/v1", "xai", b"/v1"),
        ("/groq/v1/chat", "groq", b"/openai/v1/chat"),
        ("/groq", "groq", b"/openai/"),
        ("/xaiother/v1", "default", b"/xaiother/v1"),
        ("/XAI/v1", "default", b"/XAI/v1"),
        ("/%78ai/v1", "default", b"/%78ai/v1"),
        ("//xai/v1", "default", b"//xai/v1"),
        ("/v1/xai/", "default", b"/v1/xai/"),
        ("/?/xai/", "default", b"/?/xai/"),
        ("/xai%2Fv1", "default", b"/xai%2Fv1"),
        ("/xai;v=1/x", "default", b"/xai;v=1/x"),
    ],
)
async def test_the_first_segment_leads_to_a_mounted_upstream(
    target: str, where: str, at_upstream: bytes, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        ups = {name: SimulatedUpstream(always(reply(200, name.encode()))) for name in ("default", "xai", "groq")}
        for up in ups.values():
            await stack.enter_async_context(up)
        mounts = {"xai": f"{ups['xai'].url}/v1", "groq": f"{ups['groq'].url}/openai"}
        file = settings_file(tmp_path, mounts=mounts)
        proxy = await stack.enter_async_context(running_proxy(ups["default"].url, file=file))
        answer = await ask(proxy.url, request("GET", target))
        assert answer.body == where.encode()
        assert {name: [seen.target for seen in up.requests] for name, up in ups.items() if up.requests} == {
            where: [at_upstream]
        }
        assert ups[where].requests[0].header("host") == ups[where].url[7:].encode()
