"""Nothing that is large is refused, cut or held up, and many at once do not wait for one another."""

import asyncio
import hashlib

import pytest

from costproxy.demo.chat import usage
from costproxy.demo.plan import Plan, Until
from costproxy.demo.replies import json_reply, reply, stream
from costproxy.demo.seen import SeenRequest
from costproxy.demo.upstream import SimulatedUpstream, always
from tests.support.chats import CHAT, answer, chat_body, stream_frames
from tests.support.proxy import running_proxy
from tests.support.raw import RawClient, ask, chunked, dial, post, request
from tests.support.scrape import recorded, scrape

MB = 1_000_000
SIZES = [int(1.1 * MB), 20 * MB, 50 * MB]
BOTH_LOOPS = pytest.mark.asyncio(loop_factories=["asyncio", "uvloop"])

pytestmark = [pytest.mark.timeout(120)]


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("size", SIZES)
async def test_a_large_chat_request_passes_and_is_metered(size: int) -> None:
    body = chat_body(text="x" * size)
    async with SimulatedUpstream(always(answer())) as up, running_proxy(up.url) as proxy:
        assert (await ask(proxy.url, post(body))).status == 200
        assert digest(up.requests[0].body) == digest(body)
        counted = await recorded(proxy, within=20)
    assert counted.outcomes == {"success": 1}
    assert counted.by("costproxy_tokens_total", "kind") == {"input": 10, "output": 5}
    assert counted.by("costproxy_unmetered_total", "reason") == {}


@pytest.mark.parametrize("size", SIZES)
async def test_a_large_upload_in_chunks_passes(size: int) -> None:
    pieces = [bytes([number % 251]) * 100_000 for number in range(size // 100_000)]
    async with SimulatedUpstream(always(reply(200, b"ok"))) as up, running_proxy(up.url) as proxy:
        head = request("POST", "/v1/files", (b"Transfer-Encoding", b"chunked"))
        assert (await ask(proxy.url, head, chunked(*pieces))).body == b"ok"
        assert digest(up.requests[0].body) == digest(b"".join(pieces))
        assert (await recorded(proxy)).outcomes == {"success": 1}


@pytest.mark.parametrize("size", SIZES)
async def test_a_large_plain_reply_passes_and_is_metered(size: int) -> None:
    plan = json_reply(CHAT.completion("y" * size, usage(10, 5)))
    async with SimulatedUpstream(always(plan)) as up, running_proxy(up.url) as proxy:
        assert len((await ask(proxy.url, post(chat_body()))).body) > size
        counted = await recorded(proxy, within=20)
    assert counted.by("costproxy_tokens_total", "kind") == {"input": 10, "output": 5}


async def test_a_large_event_passes_and_is_metered() -> None:
    plan = stream(stream_frames("a", "b" * 3 * MB, "c"))
    async with SimulatedUpstream(always(plan)) as up, running_proxy(up.url) as proxy:
        assert len((await ask(proxy.url, post(chat_body(stream=True)))).body) > 3 * MB
        counted = await recorded(proxy, within=20)
    assert counted.by("costproxy_tokens_total", "kind") == {"input": 10, "output": 5}


async def test_beyond_what_is_kept_a_request_passes_unmetered() -> None:
    body = chat_body(text="x" * 70 * MB)
    async with SimulatedUpstream(always(answer())) as up, running_proxy(up.url) as proxy:
        assert (await ask(proxy.url, post(body))).status == 200
        assert digest(up.requests[0].body) == digest(body)
        counted = await recorded(proxy, within=20)
    assert counted.by("costproxy_unmetered_total", "reason") == {"request_too_large": 1}
    assert counted.outcomes == {"success": 1}


@BOTH_LOOPS
async def test_five_hundred_streams_run_at_once_and_none_waits_for_another() -> None:
    count = 500
    go_on = asyncio.Event()

    def held(seen: SeenRequest) -> Plan:
        *before, last = stream(stream_frames(f"number {seen.header('x-number')!r}"))
        return (*before[:2], Until(go_on), *before[2:], last)

    async with SimulatedUpstream(held) as up, running_proxy(up.url, log_level="error") as proxy:
        opened = asyncio.Semaphore(0)

        async def one(number: int) -> bytes:
            async with dial(proxy.url) as client:
                await client.send(post(chat_body(stream=True), (b"X-Number", b"%d" % number)))
                await client.final_head()
                first = await client.chunk()
                opened.release()
                return first + await the_rest(client)

        streams = [asyncio.create_task(one(number)) for number in range(count)]
        for _ in range(count):  # every one of them has had its first event before any may go on
            await opened.acquire()
        assert len(up.requests) == count
        assert (await scrape(proxy)).in_flight == count
        go_on.set()
        bodies = await asyncio.gather(*streams)
        assert all(b"number b'%d'" % number in body for number, body in enumerate(bodies))
        assert all(body.endswith(b"[DONE]\n\n") for body in bodies)
        counted = await recorded(proxy, count, within=20)
    assert counted.outcomes == {"success": count}
    assert counted.total("costproxy_tokens_total") == count * 15


async def the_rest(client: RawClient) -> bytes:
    pieces = []
    while piece := await client.chunk():
        pieces.append(piece)
    return b"".join(pieces)
