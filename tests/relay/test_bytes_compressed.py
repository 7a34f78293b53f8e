"""Compressed bodies pass as they are, in both directions; what is read of them is read on a copy."""

import asyncio
import gzip
import json
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from costproxy.demo.chat import usage
from costproxy.demo.coding import encoded
from costproxy.demo.frames import written
from costproxy.demo.plan import Send
from costproxy.demo.replies import json_reply, reply, stream
from costproxy.demo.upstream import SimulatedUpstream, always
from tests.support.chats import CHAT, MODEL, chat_body, stream_frames
from tests.support.proxy import in_front_of
from tests.support.raw import ask, chunked, dial, post, request
from tests.support.scrape import recorded

pytestmark = pytest.mark.timeout(30)

MIB = 1024 * 1024
ENCODINGS = ("gzip", "deflate", "br", "zstd", "gzip, gzip", "br, gzip", "identity")
NAMELESS = json_reply({"object": "chat.completion", "choices": []})
JUNK = {
    "garbage": (b"gzip", b"this is no gzip at all"),
    "cut off": (b"gzip", gzip.compress(chat_body())[:-20]),
    "another's": (b"zstd", gzip.compress(chat_body())),
    "unknown": (b"rot13", b"\x00\xff" * 100),
    "too many": (b"gzip, gzip, gzip, gzip, gzip", b"\x1f\x8b"),
    "nothing": (b"br", b""),
}


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """About 50 KB that unpack to 50 MB."""
    return gzip.compress(b'{"model":"' + b"0" * 50 * MIB)


# -- requests ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("framing", ["length", "chunked"])
@pytest.mark.parametrize("encoding", ENCODINGS)
async def test_a_compressed_request_arrives_as_it_is_and_is_read(encoding: str, framing: str) -> None:
    body = encoded(chat_body(stream=True), encoding)
    headers = ((b"Content-Encoding", encoding.encode()), (b"Accept-Encoding", b"gzip"))
    up = SimulatedUpstream(always(NAMELESS))
    async with in_front_of(up) as proxy:
        in_chunks = request("POST", "/v1/chat/completions", *headers, (b"Transfer-Encoding", b"chunked"))
        sent = post(body, *headers) if framing == "length" else in_chunks + chunked(body[:10], body[10:])
        assert (await ask(proxy.url, sent)).status == 200
        counted = await recorded(proxy)
    seen = up.requests[0]
    if encoding != "identity":
        assert seen.body == body
        assert seen.head == sent.partition(b"\r\n\r\n")[0].replace(b"proxy.test", up.url[7:].encode()) + b"\r\n\r\n"
        assert seen.header("accept-encoding") == b"gzip"
    assert seen.header("content-encoding") == encoding.encode()
    assert counted.by("costproxy_requests_total", "model") == {MODEL: 1}
    assert counted.by("costproxy_unmetered_total", "reason") == {}


@pytest.mark.parametrize("what", JUNK)
async def test_a_request_that_is_not_what_it_says_arrives_all_the_same_and_is_counted(what: str) -> None:
    encoding, body = JUNK[what]
    up = SimulatedUpstream(always(NAMELESS))
    async with in_front_of(up) as proxy:
        sent = post(body, (b"Content-Encoding", encoding))
        assert (await ask(proxy.url, sent)).status == 200
        counted = await recorded(proxy)
    assert up.requests[0].raw == sent.replace(b"proxy.test", up.url[7:].encode())
    assert counted.by("costproxy_requests_total", "model") == {"none": 1}
    reasons = counted.by("costproxy_unmetered_total", "reason")
    assert reasons in ({"request_encoding": 1}, {"request_unreadable": 1})


async def test_a_bomb_passes_in_little_memory(bomb: bytes) -> None:
    up = SimulatedUpstream(always(NAMELESS))
    async with in_front_of(up) as proxy, dial(proxy.url) as client:
        tracemalloc.start()
        try:
            for _ in range(3):
                await client.ask(post(bomb, (b"Content-Encoding", b"gzip")))
            counted = await recorded(proxy, 3, within=15)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert [seen.body for seen in up.requests] == [bomb] * 3
    assert counted.total("costproxy_unmetered_total") == 3
    assert peak < 100 * MIB


@asynccontextmanager
async def longest_gap() -> AsyncIterator[list[float]]:
    """Measure the longest time, in seconds, for which the event loop did nothing else; it is there at the end."""
    gaps: list[float] = []
    found: list[float] = []

    async def tick() -> None:
        loop = asyncio.get_running_loop()
        last = loop.time()
        while True:
            await asyncio.sleep(0.001)
            now = loop.time()
            gaps.append(now - last)
            last = now

    ticking = asyncio.create_task(tick())
    try:
        yield found
    finally:
        ticking.cancel()
        found.append(max(gaps))


@pytest.mark.serial
async def test_a_bomb_does_not_hold_up_the_loop(bomb: bytes) -> None:
    up = SimulatedUpstream(always(NAMELESS))
    attempts = []
    async with in_front_of(up) as proxy, dial(proxy.url) as client:
        for attempt in range(1, 6):
            async with longest_gap() as found:
                await client.ask(post(bomb, (b"Content-Encoding", b"gzip")))
                await recorded(proxy, attempt)
            attempts += found
    assert min(attempts) < 0.04, attempts  # unpacking takes at least twice that


# -- replies -------------------------------------------------------------------------------------------------

FRAMES = stream_frames("one", "caf\u00e9 \u4f60\u597d", "three")
ASKED = chat_body(stream=True, stream_options={"include_usage": True})


@pytest.mark.parametrize("framing", ["length", "chunked", "eof"])
@pytest.mark.parametrize("encoding", ENCODINGS)
async def test_a_compressed_reply_arrives_as_it_is_and_is_read(encoding: str, framing: str) -> None:
    plan = json_reply(CHAT.completion("hi", usage(10, 5)), encoding=encoding, framing=framing)  # type: ignore[arg-type]
    up = SimulatedUpstream(always(plan))
    async with in_front_of(up) as proxy:
        answer = await ask(proxy.url, post(chat_body(), (b"Accept-Encoding", encoding.encode())))
        counted = await recorded(proxy)
    sent = b"".join(step.data for step in plan if isinstance(step, Send) and not step.body)
    assert answer.header("content-encoding") == encoding.encode()
    assert answer.body == encoded(
        json.dumps(CHAT.completion("hi", usage(10, 5)), separators=(",", ":")).encode(), encoding
    )
    assert framing == "eof" or answer.raw == sent
    assert counted.total("costproxy_tokens_total") == 15


@pytest.mark.parametrize("encoding", ENCODINGS)
async def test_a_compressed_stream_arrives_as_it_is_and_is_read(encoding: str) -> None:
    plan = stream(FRAMES, encoding=encoding)
    content = b"".join(_unchunked(step.data) for step in plan if isinstance(step, Send) and step.body)
    up = SimulatedUpstream(always(plan))
    async with in_front_of(up) as proxy:
        answer = await ask(proxy.url, post(ASKED, (b"Accept-Encoding", encoding.encode())))
        counted = await recorded(proxy)
    assert up.requests[0].header("accept-encoding") == encoding.encode()
    assert (answer.header("content-encoding"), answer.body) == (encoding.encode(), content)
    assert counted.outcomes == {"success": 1}
    assert counted.total("costproxy_tokens_total") == 15


def _unchunked(chunk: bytes) -> bytes:
    return chunk.partition(b"\r\n")[2].removesuffix(b"\r\n")


@pytest.mark.parametrize("what", JUNK)
async def test_a_reply_that_is_not_what_it_says_arrives_all_the_same_and_is_counted(what: str) -> None:
    encoding, body = JUNK[what]
    up = SimulatedUpstream(always(reply(200, body, headers=[(b"Content-Encoding", encoding)])))
    async with in_front_of(up) as proxy:
        answer = await ask(proxy.url, post(chat_body()))
        counted = await recorded(proxy)
    assert (answer.status, answer.body) == (200, body)
    assert counted.total("costproxy_tokens_total", quality="exact") == 0
    assert counted.by("costproxy_usage_total", "source") == {"missing": 1}


async def test_a_bomb_of_a_reply_passes_in_little_memory(bomb: bytes) -> None:
    up = SimulatedUpstream(always(reply(200, bomb, headers=[("Content-Encoding", "gzip")])))
    async with in_front_of(up) as proxy, dial(proxy.url) as client:
        tracemalloc.start()
        try:
            for _ in range(3):
                assert (await client.ask(post(chat_body()))).body == bomb
            counted = await recorded(proxy, 3, within=15)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert counted.by("costproxy_unmetered_total", "reason") == {"reply_too_large": 3}
    assert peak < 100 * MIB


async def test_an_upstream_that_compresses_unasked_has_the_extra_chunk_seen_but_nothing_broken() -> None:
    up = SimulatedUpstream(always(stream(FRAMES, encoding="gzip")))
    async with in_front_of(up) as proxy:
        answer = await ask(proxy.url, post(chat_body(stream=True), (b"Accept-Encoding", b"gzip")))
        counted = await recorded(proxy)
    assert up.requests[0].header("accept-encoding") == b"identity"
    assert gzip.decompress(answer.body) == b"".join(map(written, FRAMES)) + b"data: [DONE]\n\n"
    assert counted.total("costproxy_tokens_total") == 15


@pytest.mark.serial
@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
async def test_each_compressed_event_arrives_when_it_is_sent(encoding: str) -> None:
    up = SimulatedUpstream(always(stream(FRAMES * 4, every=0.03, encoding=encoding)))
    async with in_front_of(up) as proxy:
        direct, proxied = await asyncio.gather(arrivals(up.url), arrivals(proxy.url))
    late = sorted(there - here for here, there in zip(direct, proxied, strict=True))
    assert late[-1] < 0.1, late


async def arrivals(url: str) -> list[float]:
    """Ask for a stream; return when its chunks came, in seconds after its head."""
    clock = asyncio.get_running_loop().time
    async with dial(url) as client:
        await client.send(post(ASKED))
        await client.final_head()
        started, found = clock(), []
        while await client.chunk():
            found.append(clock() - started)
        return found
