"""No secret ever leaves: canaries in everything a client and an upstream say, and nothing in what the process tells."""

import asyncio
import contextlib
import json
from collections.abc import Mapping
from pathlib import Path

import aiohttp
import pytest

from costproxy.admin.server import ROUTES
from costproxy.demo.chat import usage
from costproxy.demo.frames import error_frame
from costproxy.demo.plan import Close, Hold, Plan, Reset, Send
from costproxy.demo.replies import json_reply, reply, stream
from costproxy.demo.seen import SeenRequest
from costproxy.demo.upstream import SimulatedUpstream
from tests.support.chats import CHAT
from tests.support.hearing import hear_out
from tests.support.process import COMMAND, Served, served
from tests.support.raw import dial, request

pytestmark = pytest.mark.timeout(60)

CANARY = "cAnArY"
SECRET = f"{CANARY}-secret"
HEADERS = (
    (b"Authorization", f"Bearer sk-{SECRET}".encode()),
    (b"api-key", SECRET.encode()),
    (b"x-api-key", SECRET.encode()),
    (b"x-goog-api-key", SECRET.encode()),
    (b"Cookie", f"session={SECRET}".encode()),
    (b"Proxy-Authorization", f"Basic {SECRET}".encode()),
    (b"X-Conversation", SECRET.encode()),
    (b"X-Session-Id", SECRET.encode()),
    (b"X-Costproxy-Session-Id", SECRET.encode()),
    (b"X-Costproxy-Thread-Id", SECRET.encode()),
    (b"Baggage", f"session.id={SECRET},gen_ai.conversation.id={SECRET}".encode()),
    (b"X-Claude-Code-Session-Id", f"{SECRET} {'x' * 300}".encode()),
)
REPLY_HEADERS = [("Set-Cookie", SECRET), ("X-Request-Id", SECRET), ("Content-Type", "application/json")]
TOOL = {"type": "function", "function": {"name": SECRET, "description": SECRET, "parameters": {SECRET: SECRET}}}
ARGUMENTS = json.dumps({"password": SECRET})
CALL = {"id": SECRET, "type": "function", "function": {"name": SECRET, "arguments": ARGUMENTS}}
TARGET = f"/v1/chat/completions?key={SECRET}&{SECRET}=1#{SECRET}"
ERROR = {"error": {"message": f"bad key {SECRET}", "type": SECRET, "code": SECRET, "param": SECRET}}

PLANS: Mapping[str, Plan] = {
    "plain": json_reply(
        CHAT.completion(SECRET, usage(10, 5), tool_calls=[CALL], reasoning_content=SECRET), headers=REPLY_HEADERS[:2]
    ),
    "stream": stream(
        [
            CHAT.role(),
            CHAT.content(SECRET),
            CHAT.reasoning(SECRET),
            CHAT.tool(ARGUMENTS, name=SECRET, id=SECRET),
            CHAT.finish("tool_calls"),
            CHAT.usage(usage(10, 5)),
        ]
    ),
    "400": json_reply(ERROR, 400, headers=REPLY_HEADERS[:2]),
    "401": json_reply(ERROR, 401),
    "429": json_reply(ERROR, 429),
    "500": reply(500, f"<html>{SECRET}</html>".encode(), reason=SECRET),
    "error in the stream": stream([CHAT.content(SECRET), error_frame(SECRET, kind=SECRET, code=SECRET)]),
    "an error event": stream(
        [f"event: {SECRET}\nid: {SECRET}\ndata: {SECRET}\n\n".encode(), f": {SECRET}\n\n".encode()]
    ),
    "broken JSON": reply(200, f'{{"choices": [{{"message": "{SECRET}"'.encode(), headers=REPLY_HEADERS),
    "broken gzip": reply(200, SECRET.encode() * 9, headers=[*REPLY_HEADERS, ("Content-Encoding", "gzip")]),
    "strange encoding": reply(200, SECRET.encode(), headers=[*REPLY_HEADERS, ("Content-Encoding", SECRET)]),
    "no HTTP": (Send(f"{SECRET}\r\n\r\n".encode()), Close()),
    "a reset": (Reset(),),
    "a reset late": stream([CHAT.content(SECRET)] * 9, cut_after=900, then=Reset()),
    "silence": (Hold(),),
    "silence late": (*stream([CHAT.content(SECRET)], done=False)[:-1], Hold()),
}


def by_header(seen: SeenRequest) -> Plan:
    return PLANS[(seen.header("x-plan") or b"plain").decode()]


def body(*, streaming: bool) -> bytes:
    message = {"role": "user", "content": [{"type": "text", "text": SECRET}], "name": SECRET}
    asked = {"model": "gpt-4o-mini", "stream": streaming, "messages": [message], "tools": [TOOL], "user": SECRET}
    sessions = {"session_id": SECRET, "prompt_cache_key": SECRET, "previous_response_id": SECRET}
    metadata = {SECRET: SECRET, "session_id": SECRET, "user_id": f"user_{SECRET}_session_{SECRET}"}
    return json.dumps({**asked, **sessions, "metadata": metadata, SECRET: SECRET}).encode()


MALFORMED = (
    f"GET {SECRET}\r\n\r\n".encode(),
    f"GET / HTTP/1.1\r\n{SECRET}\r\n\r\n".encode(),
    f"GET / HTTP/9.9\r\nAuthorization: {SECRET}\r\n\r\n".encode(),
    f"POST /{SECRET} HTTP/1.1\r\nContent-Length: {SECRET}\r\n\r\n".encode(),
    f"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\nCookie: {SECRET}\r\n\r\n".encode(),
    f"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{SECRET}\r\n".encode(),
    f"POST /v1/files HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello{SECRET}\r\n".encode(),
    f"GET / HTTP/1.1\r\nHost: a\r\nX-Long: {SECRET * 90_000}\r\n\r\n".encode(),
    f"CONNECT {SECRET}.example:443 HTTP/1.1\r\nHost: {SECRET}\r\nConnection: close\r\n\r\n".encode(),
    f"GET /{SECRET} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade, close\r\n\r\n".encode(),
    b"\x16\x03\x01" + SECRET.encode() * 10 + b"\r\n\r\n",
)
UNREADABLE = (SECRET.encode(), b'{"model":"m","messages":"' + SECRET.encode(), b"[" * 200_000 + SECRET.encode())


async def say_everything(proxy: Served) -> int:
    """Send canaries in all ways; return how many requests were whole."""
    count = 0
    for name in PLANS:
        for streaming in (True, False):
            await say(proxy, post(body(streaming=streaming), (b"X-Plan", name.encode())))
            count += 1
    for unreadable in UNREADABLE:
        await say(proxy, post(unreadable))
        await say(proxy, post(unreadable, (b"Content-Encoding", b"gzip")))
        count += 2
    await say(proxy, request("GET", f"/{SECRET}/models?api_key={SECRET}", *HEADERS, (b"Connection", b"close")))
    for malformed in MALFORMED:
        await say(proxy, malformed)
    async with dial(proxy.url) as client:  # one that leaves
        await client.send(post(body(streaming=True), (b"X-Plan", b"silence late")))
        await client.final_head()
    return count + 2


async def say(proxy: Served, what: bytes) -> None:
    async with dial(proxy.url) as client:
        with contextlib.suppress(OSError):
            await client.send(what)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(hear_out(client), 2)


def post(content: bytes, *headers: tuple[bytes, bytes]) -> bytes:
    return request("POST", TARGET, *HEADERS, (b"Connection", b"close"), *headers, body=content)


async def told(proxy: Served) -> str:
    """Return all that the admin port tells, in both of Prometheus' formats."""
    texts = []
    async with aiohttp.ClientSession() as session:
        for accept in ("*/*", "application/openmetrics-text; version=1.0.0"):
            for route in ROUTES:
                async with session.get(f"{proxy.admin_url}{route}", headers={"Accept": accept}) as answer:
                    texts.append(await answer.text())
    return "\n".join(texts)


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
async def test_nothing_of_the_traffic_is_told_at_any_level(tmp_path: Path, level: str) -> None:
    env = {
        "COSTPROXY_UPSTREAM_IDLE_TIMEOUT": "0.2",
        "COSTPROXY_LOG_LEVEL": level,
        "COSTPROXY_CONVERSATIONS_RESPONSE_HEADERS": "true",
    }
    quiet = level in ("warning", "error")
    async with SimulatedUpstream(by_header) as up, served(up.url, home=tmp_path, env=env, quiet=quiet) as proxy:
        count = await say_everything(proxy)
        metrics = await told(proxy)
        proxy.terminate()
        assert await proxy.ended() == 0
        errors = await proxy.errors()
        assert any(SECRET.encode() in seen.raw for seen in up.requests)
    assert errors == ""
    assert CANARY.lower() not in metrics.lower()
    assert CANARY.lower() not in json.dumps(proxy.lines).lower()
    if not quiet:
        assert len(proxy.exchanges()) >= count


FAULTS = {
    "opening": "costproxy.relay.relay.Relay._open",
    "preparing": "costproxy.relay.passage.Passage._prepare",
    "announcing": "costproxy.recording.metrics.Metrics.announce",
    "sitting at the desk": "costproxy.recording.recorder.Recorder.open",
    "asking": "costproxy.relay.metering.Metering._asked",
    "placing": "costproxy.meter.Meter.place",
    "hearing": "costproxy.relay.connection.UpstreamConnection._hand_on",
    "passing on": "costproxy.relay.client_reply.ClientReply.head",
    "observing": "costproxy.wire.observer.Observer.body",
    "reading": "costproxy.wire.observer.Observer.facts",
    "metering": "costproxy.meter.Meter.turn",
    "counting": "costproxy.recording.metrics.Metrics.record",
    "logging": "costproxy.recording.log.Log.record",
}
BREAK = """
import sys, importlib
module, owner, name = sys.argv.pop(1).rsplit(".", 2)
secret = sys.argv.pop(1)

def broken(*args, **kwargs):
    raise RuntimeError(f"{secret} {args!r} {kwargs!r}")

whole = getattr(importlib.import_module(module), owner)
assert callable(getattr(whole, name))
setattr(whole, name, broken)
from costproxy.cli import main
sys.exit(main())
"""


@pytest.mark.parametrize("place", FAULTS.values(), ids=FAULTS)
async def test_an_exception_that_quotes_a_secret_is_not_told_either(tmp_path: Path, place: str) -> None:
    command = (*COMMAND[:2], "-c", BREAK, place, SECRET)
    env = {"COSTPROXY_UPSTREAM_IDLE_TIMEOUT": "0.2", "COSTPROXY_LOG_LEVEL": "debug"}
    async with SimulatedUpstream(by_header) as up, served(up.url, home=tmp_path, env=env, command=command) as proxy:
        for name in ("plain", "stream", "400", "a reset late"):
            for streaming in (True, False):
                await say(proxy, post(body(streaming=streaming), (b"X-Plan", name.encode())))
        metrics = await told(proxy)
        proxy.terminate()
        assert await proxy.ended() == 0
        errors = await proxy.errors()
    for text in (metrics, errors, json.dumps(proxy.lines)):
        assert CANARY.lower() not in text.lower()
    assert "Traceback" not in errors
