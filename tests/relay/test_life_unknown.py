"""What is not known is never counted as zero: it is counted as missing, with a reason."""

import pytest

from costproxy.demo.chat import AZURE_PRELUDE, usage
from costproxy.demo.frames import Comment, error_frame
from costproxy.demo.plan import Close, Hold, Plan, Reset, Send
from costproxy.demo.replies import head, json_reply, reply, stream
from costproxy.demo.upstream import SimulatedUpstream, always
from tests.support.chats import CHAT, MODEL, answer, chat_body, streamed
from tests.support.hearing import hear_out
from tests.support.proxy import running_proxy
from tests.support.raw import ask, dial, post, request
from tests.support.scrape import Scrape, recorded

pytestmark = pytest.mark.timeout(20)

EVENTS = ("Content-Type", "text/event-stream")
JSON = ("Content-Type", "application/json")
GARBAGE = b"\x1f\x8b\x08\x00 this is no gzip at all"

MISSING: dict[str, tuple[bool, Plan, str]] = {
    "a stream without usage": (True, stream(CHAT.text("a")), "not_sent"),
    "a plain reply without usage": (False, json_reply(CHAT.completion("a")), "not_sent"),
    "usage that is null": (False, json_reply({**CHAT.completion("a"), "usage": None}), "not_sent"),
    "usage that is all zeros beside content": (False, json_reply(CHAT.completion("a", usage(0, 0))), "not_sent"),
    "usage of the wrong kind": (False, json_reply({**CHAT.completion("a"), "usage": "many"}), "not_sent"),
    "a stream whose end is missing": (True, stream(CHAT.text("a")[:-1], framing="eof", done=False), "truncated"),
    "a stream that is cut": (True, stream(CHAT.text("a"), cut_after=300, then=Close()), "truncated"),
    "a plain reply that is cut": (
        False,
        (Send(head(200, [JSON, ("Content-Length", "99")]) + b'{"i'), Close()),
        "truncated",
    ),
    "an error inside a stream": (True, stream([CHAT.role(), error_frame("boom")]), "error"),
    "nothing but heartbeats": (True, stream([Comment("ping")], done=False, framing="eof"), "truncated"),
    "nothing but a prelude": (True, stream([AZURE_PRELUDE], done=False), "truncated"),
    "a broken compression": (False, reply(200, GARBAGE, headers=[JSON, ("Content-Encoding", "gzip")]), "encoding"),
    "a compression nobody knows": (False, reply(200, b"?", headers=[JSON, ("Content-Encoding", "zip9")]), "encoding"),
    "a stream in a compression nobody knows": (
        True,
        reply(200, b"?", headers=[EVENTS, ("Content-Encoding", "zip9")], framing="chunked"),
        "encoding",
    ),
}


@pytest.mark.parametrize(("streaming", "plan", "reason"), MISSING.values(), ids=MISSING)
async def test_missing_usage_is_counted_as_missing_once(streaming: bool, plan: Plan, reason: str) -> None:
    async with SimulatedUpstream(always(plan)) as up, running_proxy(up.url) as proxy:
        async with dial(proxy.url) as client:
            await client.send(post(chat_body(stream=streaming), (b"Connection", b"close")))
            await hear_out(client)
        counted = await recorded(proxy)
    assert counted.by("costproxy_usage_missing_total", "reason") == {reason: 1}
    assert counted.by("costproxy_usage_total", "source") == {"missing": 1}
    assert_nothing_reported(counted)


async def test_a_reply_beyond_what_is_kept_is_missing_too() -> None:
    async with (
        SimulatedUpstream(always(answer("x" * 3000))) as up,
        running_proxy(up.url, limits_metered_bytes=2000) as proxy,
    ):
        assert len((await ask(proxy.url, post(chat_body()))).body) > 3000
        counted = await recorded(proxy)
    assert counted.by("costproxy_usage_missing_total", "reason") == {"too_large": 1}
    assert counted.by("costproxy_unmetered_total", "reason") == {"reply_too_large": 1}
    assert_nothing_reported(counted)


async def test_an_aborted_stream_counts_no_tokens() -> None:
    plan = (*stream(CHAT.text("a", "b"), done=False)[:-1], Hold())
    async with SimulatedUpstream(always(plan)) as up, running_proxy(up.url) as proxy:
        async with dial(proxy.url) as client:
            await client.send(post(chat_body(stream=True)))
            await client.final_head()
            await client.chunk()
        counted = await recorded(proxy)
    assert counted.outcomes == {"client_abort": 1}
    assert counted.by("costproxy_usage_missing_total", "reason") == {"client_abort": 1}
    assert_nothing_reported(counted)


FAILURES: dict[str, Plan] = {
    "400": json_reply({"error": {"message": "no", "code": "bad"}}, 400),
    "500 of no words": reply(500),
    "502 of a balancer": reply(502, b"<html>bad gateway</html>"),
    "a reset": (Reset(),),
}


@pytest.mark.parametrize("plan", FAILURES.values(), ids=FAILURES)
async def test_a_failed_request_has_no_usage_to_miss(plan: Plan) -> None:
    async with SimulatedUpstream(always(plan)) as up, running_proxy(up.url) as proxy:
        await ask(proxy.url, post(chat_body()))
        counted = await recorded(proxy)
    assert counted.by("costproxy_usage_missing_total", "reason") == {}
    assert counted.by("costproxy_usage_total", "source") == {}
    assert_nothing_reported(counted)


UNMETERED: dict[str, tuple[bytes, Plan, str]] = {
    "no JSON": (post(b"{not json"), answer(), "request_unreadable"),
    "JSON, but no object": (post(b"[1, 2]"), answer(), "request_unreadable"),
    "an empty body": (post(b""), answer(), "request_unreadable"),
    "3,000 brackets": (post(b"[" * 3000), answer(), "request_unreadable"),
    "a compression nobody knows": (post(chat_body(), (b"Content-Encoding", b"zip9")), answer(), "request_encoding"),
    "a broken compression": (post(chat_body(), (b"Content-Encoding", b"gzip")), answer(), "request_encoding"),
    "a body beyond what is kept": (post(chat_body(text="x" * 5000)), answer(), "request_too_large"),
    "a reply nobody can decompress": (
        post(chat_body()),
        reply(200, GARBAGE, headers=[JSON, ("Content-Encoding", "br")]),
        "reply_encoding",
    ),
    "an API not read yet": (request("POST", "/v1/completions", body=b"{}"), answer(), "api"),
    "another one": (request("POST", "/v1/embeddings", body=b"{}"), answer(), "api"),
}


@pytest.mark.parametrize(("asked", "plan", "reason"), UNMETERED.values(), ids=UNMETERED)
async def test_what_cannot_be_read_passes_and_is_counted(asked: bytes, plan: Plan, reason: str) -> None:
    async with SimulatedUpstream(always(plan)) as up, running_proxy(up.url, limits_metered_bytes=4000) as proxy:
        assert (await ask(proxy.url, asked)).status == 200
        counted = await recorded(proxy)
        assert up.requests[0].body == asked.partition(b"\r\n\r\n")[2]
    assert counted.by("costproxy_unmetered_total", "reason") == {reason: 1}
    assert counted.outcomes == {"success": 1}


FREE = (
    request("GET", "/v1/models"),
    request("GET", "/"),
    request("POST", "/v1/files", body=b"x"),
    request("HEAD", "/v1"),
)


@pytest.mark.parametrize("asked", FREE, ids=lambda asked: asked[:14].decode())
async def test_what_costs_nothing_is_not_called_unmetered(asked: bytes) -> None:
    async with SimulatedUpstream(always(answer())) as up, running_proxy(up.url) as proxy:
        await ask(proxy.url, asked)
        counted = await recorded(proxy)
    assert counted.by("costproxy_unmetered_total", "reason") == {}


async def test_a_request_that_cannot_be_read_has_its_reply_counted_all_the_same() -> None:
    async with SimulatedUpstream(always(answer())) as up, running_proxy(up.url) as proxy:
        await ask(proxy.url, post(b"{not json"))
        counted = await recorded(proxy)
    assert counted.total("costproxy_tokens_total", model=MODEL, kind="input") == 10
    assert counted.total("costproxy_tokens_total", model=MODEL, kind="output") == 5


@pytest.mark.parametrize("streaming", [True, False], ids=["stream", "plain"])
async def test_known_usage_is_counted_and_not_missing(streaming: bool) -> None:
    plan = streamed() if streaming else answer()
    async with SimulatedUpstream(always(plan)) as up, running_proxy(up.url) as proxy:
        await ask(proxy.url, post(chat_body(stream=streaming)))
        counted = await recorded(proxy)
    assert counted.by("costproxy_tokens_total", "kind", quality="exact") == {"input": 10, "output": 5}
    assert counted.by("costproxy_usage_total", "source") == {"reported": 1}
    assert counted.by("costproxy_usage_missing_total", "reason") == {}


def assert_nothing_reported(counted: Scrape) -> None:
    for quality in ("exact", "adjusted"):  # what was processed may be estimated, in a series of its own
        assert counted.total("costproxy_tokens_total", quality=quality) == 0
        assert counted.total("costproxy_cost_usd_total", quality=quality) == 0
    assert counted.total("costproxy_prompt_tokens_count") == 0
    assert counted.total("costproxy_completion_tokens_count") == 0
