"""Request bodies are sacred: they arrive byte for byte, but for one span that asks for a stream's usage."""

import json
from hashlib import sha256
from typing import Any

import pytest

from costproxy.demo.chat import usage
from costproxy.demo.frames import written
from costproxy.demo.plan import Plan
from costproxy.demo.replies import json_reply, stream
from costproxy.demo.seen import SeenRequest
from costproxy.demo.upstream import SimulatedUpstream, always
from tests.support.bodies import odd_bodies
from tests.support.chats import CHAT, chat_body, stream_frames
from tests.support.proxy import in_front_of
from tests.support.raw import ask, chunked, dial, post, request
from tests.support.scrape import recorded

pytestmark = pytest.mark.timeout(30)

ASK = b'"include_usage":true'
AT_THE_END = b',"stream_options":{%s}' % ASK
TEXT = CHAT.text("hel", "lo")
EXTRA = CHAT.usage(usage(10, 5))


def like_openai(request: SeenRequest) -> Plan:
    """Answer as OpenAI does: a stream if asked for one, and its usage only if asked for that."""
    asked = request.json()
    if asked.get("stream") is not True:
        return json_reply(CHAT.completion("hello", usage(10, 5)))
    options = asked.get("stream_options")
    wanted = isinstance(options, dict) and options.get("include_usage") is True
    return stream([*TEXT, EXTRA] if wanted else TEXT)


def expects_a_change(body: bytes) -> bool:
    """Tell it the slow way: a stream that does not mention whether it wants its usage."""
    asked = json.loads(body)
    options = asked.get("stream_options", {})
    return asked.get("stream") is True and isinstance(options, dict) and "include_usage" not in options


def assert_one_span_was_inserted(sent: bytes, seen: bytes) -> None:
    """Check that it is one span, at the end of the top-level object or in the stream options that were there."""
    if "stream_options" not in json.loads(sent):
        end = sent.rstrip()[:-1]
        assert seen == end + AT_THE_END + sent[len(end) :]
    else:
        spans = [ASK + b",", ASK]
        assert sent in {seen.replace(span, b"", 1) for span in spans}
        del (options := json.loads(seen)["stream_options"])["include_usage"]
        assert repr(options) == repr(json.loads(sent)["stream_options"])
    assert json.loads(seen)["stream_options"]["include_usage"] is True


# -- any body ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("framing", ["length", "chunked"])
async def test_any_body_arrives_as_it_was_but_for_the_span(framing: str) -> None:
    bodies = list(odd_bodies(500, seed=3))
    up = SimulatedUpstream(always(json_reply({"object": "chat.completion"})))
    async with in_front_of(up) as proxy, dial(proxy.url) as client:
        for body in bodies:
            head = request("POST", "/v1/chat/completions", (b"Transfer-Encoding", b"chunked"))
            sent = post(body) if framing == "length" else head + chunked(body[:7], body[7:])
            assert (await client.ask(sent)).status == 200
    changed = [expects_a_change(body) for body in bodies]
    assert 50 < sum(changed) < 450
    for body, change, seen in zip(bodies, changed, up.requests, strict=True):
        if change:
            assert_one_span_was_inserted(body, seen.body)
        else:
            assert sha256(seen.body).digest() == sha256(body).digest()
        assert seen.header("accept-encoding") == (b"identity" if change else None)
        assert seen.header("content-length") == (b"%d" % len(seen.body) if framing == "length" else None)


async def test_any_body_arrives_untouched_where_nothing_may_be_asked_for() -> None:
    bodies = list(odd_bodies(200, seed=5))
    up = SimulatedUpstream(always(json_reply({})))
    async with in_front_of(up, upstream_include_usage="false") as proxy, dial(proxy.url) as client:
        for body in bodies:
            await client.ask(post(body, (b"Accept-Encoding", b"gzip")))
    assert [seen.body for seen in up.requests] == bodies
    assert {seen.header("accept-encoding") for seen in up.requests} == {b"gzip"}


@pytest.mark.parametrize("target", ["/v1/completions", "/v1/responses", "/v1/messages", "/v1/audio/speech", "/v1/x"])
async def test_only_chat_is_ever_changed(target: str) -> None:
    up = SimulatedUpstream(always(json_reply({})))
    async with in_front_of(up) as proxy:
        await ask(proxy.url, post(chat_body(stream=True), target=target))
    assert up.requests[0].body == chat_body(stream=True)


NOT_JSON = {
    "cut off": b'{"stream":true',
    "one brace too many": b'{"stream":true}}',
    "an array": b'[{"stream":true}]',
    "no braces": b'"stream":true',
    "a comma too many": b'{"stream":true,}',
    "two objects": b'{"model":"m","stream":true} {"stream":true}',
    "a broken word": b'{"stream":true,"a":tru\xc3}',
    "another encoding": '{"stream":true}'.encode("utf-16"),
    "nothing": b"\x00" * 1000,
    "a blank": b" ",
}


@pytest.mark.parametrize("what", NOT_JSON)
async def test_what_is_not_a_json_object_arrives_as_it_is(what: str) -> None:
    up = SimulatedUpstream(always(json_reply({"error": {}}, 400)))
    async with in_front_of(up) as proxy:
        assert (await ask(proxy.url, post(NOT_JSON[what]))).status == 400
    assert up.requests[0].body == NOT_JSON[what]


async def test_a_body_too_deep_to_be_read_arrives_all_the_same() -> None:
    body = b'{"stream":true,"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    up = SimulatedUpstream(always(json_reply({})))
    async with in_front_of(up) as proxy:
        assert (await ask(proxy.url, post(body))).status == 200
    assert up.requests[0].body.replace(AT_THE_END, b"", 1) == body


# -- the one change ------------------------------------------------------------------------------------------

MENTIONS: dict[str, tuple[bytes, bool | None]] = {
    # what is said of stream_options: whether the usage was asked for (None: that is ours to ask)
    "absent": (b"", None),
    "empty": (b'"stream_options":{}', None),
    "something else": (b'"stream_options": { "include_obfuscation" : false }', None),
    "true": (b'"stream_options":{"include_usage":true}', True),
    "false": (b'"stream_options":{"include_usage":false}', False),
    "null": (b'"stream_options":{"include_usage":null}', False),
    "no options": (b'"stream_options":null', False),
    "malformed": (b'"stream_options":{"include_usage":"yes"}', False),
    "malformed options": (b'"stream_options":[true]', False),
}
STREAMS = {"streamed": b'"stream":true', "plain": b'"stream":false', "not said": b""}


@pytest.mark.parametrize("asked_to_stream", STREAMS)
@pytest.mark.parametrize("mention", MENTIONS)
@pytest.mark.parametrize("allowed", [True, False], ids=["on", "off"])
async def test_usage_is_asked_for_where_nothing_was_said_and_then_hidden(
    mention: str, asked_to_stream: str, allowed: bool
) -> None:
    said, wanted = MENTIONS[mention]
    members = [b'"model":"m"', said, b'"messages":[]', STREAMS[asked_to_stream]]
    body = b"{%s}" % b", ".join(filter(None, members))
    streams = asked_to_stream == "streamed"
    up = SimulatedUpstream(like_openai)
    async with in_front_of(up, upstream_include_usage=str(allowed).lower()) as proxy:
        answer = await ask(proxy.url, post(body, (b"Accept-Encoding", b"gzip, br"), (b"Accept", b"*/*")))
        counted = await recorded(proxy)
    seen = up.requests[0]
    changes = streams and allowed and wanted is None
    assert (seen.body != body) == changes
    if changes:
        assert_one_span_was_inserted(body, seen.body)
    assert seen.header("accept-encoding") == (b"identity" if changes else b"gzip, br")
    assert [name for name, _ in seen.headers] == [
        b"Host",
        b"Content-Type",
        b"Accept-Encoding",
        b"Accept",
        b"Content-Length",
    ]
    if streams:
        expected = [*TEXT, EXTRA] if wanted else TEXT
        assert answer.body == b"".join(map(written, expected)) + b"data: [DONE]\n\n"
    knows = not streams or changes or bool(wanted)
    assert counted.total("costproxy_tokens_total", quality="exact") == (15 if knows else 0)
    assert counted.by("costproxy_usage_total", "source") == {"reported" if knows else "missing": 1}


def choices_of(body: bytes) -> list[Any]:
    """Read a stream as the official SDK does, up to its end marker."""
    events = [event.removeprefix(b"data: ") for event in body.split(b"\n\n") if event.startswith(b"data: {")]
    return [json.loads(event)["choices"] for event in events]


@pytest.mark.parametrize("framing", ["length", "chunked", "eof"])
async def test_the_hidden_chunk_leaves_no_trace_in_any_framing(framing: Any) -> None:
    up = SimulatedUpstream(always(stream([*TEXT, EXTRA], framing=framing)))
    async with in_front_of(up) as proxy:
        answer = await ask(proxy.url, post(chat_body(stream=True)))
        counted = await recorded(proxy)
    assert answer.body == b"".join(map(written, TEXT)) + b"data: [DONE]\n\n"
    assert all(choices_of(answer.body))
    assert [chunk for chunk in answer.chunks if not chunk] == []
    assert counted.total("costproxy_tokens_total") == 15


async def test_an_old_client_gets_the_stream_without_the_chunk_up_to_the_end_of_its_connection() -> None:
    body = chat_body(stream=True)
    up = SimulatedUpstream(always(stream([*TEXT, EXTRA])))
    async with in_front_of(up) as proxy, dial(proxy.url) as client:
        await client.send(b"POST /v1/chat/completions HTTP/1.0\r\nContent-Length: %d\r\n\r\n" % len(body), body)
        answer = await client.reply()
    assert answer.header("transfer-encoding") is None
    assert answer.body == b"".join(map(written, TEXT)) + b"data: [DONE]\n\n"


@pytest.mark.parametrize(
    "frames",
    [
        [*CHAT.text("a")[:-1], CHAT.finish(usage=usage(10, 5))],
        [CHAT.content("a"), {**EXTRA, "choices": [{"index": 0, "delta": {}}]}],
        [{**EXTRA, "usage": None}, CHAT.finish()],
        [{"choices": [], "prompt_filter_results": []}, *TEXT],
        [{"error": {"message": "usage", "type": "server_error"}, "usage": {}}],
        [CHAT.content('{"choices":[],"usage":{}}'), CHAT.finish()],
        [b'data: {"choices":[],"usage":{"prompt\n\n'],
        [b": usage\n\n", b'event: x\ndata: {"usage"\n\n'],
    ],
    ids=range(8),
)
async def test_nothing_but_the_usage_chunk_is_hidden(frames: Any) -> None:
    up = SimulatedUpstream(always(stream(frames)))
    async with in_front_of(up) as proxy:
        answer = await ask(proxy.url, post(chat_body(stream=True)))
    assert answer.body == b"".join(map(written, frames)) + b"data: [DONE]\n\n"
    assert ASK in up.requests[0].body


async def test_an_upstream_that_does_not_know_the_option_says_so_to_the_client() -> None:
    error = {"error": {"message": "Unknown parameter: stream_options", "type": "invalid_request_error"}}
    up = SimulatedUpstream(always(json_reply(error, 400)))
    async with in_front_of(up) as proxy:
        answer = await ask(proxy.url, post(chat_body(stream=True)))
    assert (answer.status, json.loads(answer.body)) == (400, error)
    assert len(up.requests) == 1


async def test_a_stream_that_is_answered_by_plain_json_keeps_its_length() -> None:
    up = SimulatedUpstream(always(json_reply({"choices": [], "usage": {"prompt_tokens": 1}})))
    async with in_front_of(up) as proxy:
        answer = await ask(proxy.url, post(chat_body(stream=True)))
    assert answer.header("content-length") == b"%d" % len(answer.body)
    assert json.loads(answer.body) == {"choices": [], "usage": {"prompt_tokens": 1}}


async def test_the_usage_that_is_asked_for_is_the_applications_own_in_every_other_chunk() -> None:
    chunks = [{**chunk, "usage": None} for chunk in stream_frames()[:-1]]
    up = SimulatedUpstream(always(stream([*chunks, EXTRA])))
    async with in_front_of(up) as proxy:
        answer = await ask(proxy.url, post(chat_body(stream=True)))
    assert answer.body == b"".join(map(written, chunks)) + b"data: [DONE]\n\n"
