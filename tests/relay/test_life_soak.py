"""Memory reaches a plateau, whatever passes: junk, floods of names, and errors of a hundred megabytes."""

import asyncio
from pathlib import Path

import pytest

from costproxy.demo.plan import Close, Plan, Reset
from costproxy.demo.replies import json_reply, reply, stream
from costproxy.demo.seen import SeenRequest
from costproxy.demo.upstream import SimulatedUpstream
from tests.support.chats import answer, chat_body, stream_frames, streamed
from tests.support.process import Served, served
from tests.support.raw import dial, post
from tests.support.scrape import recorded

pytestmark = [pytest.mark.serial, pytest.mark.timeout(180)]

MB = 1_000_000
REQUESTS = 20_000
WARM_UP = 5_000
AT_ONCE = 16
# They are remembered on purpose; with as many as is usual the plateau would be reached after the test.
FEW_CONVERSATIONS = {"COSTPROXY_CONVERSATIONS_THREADS": "500"}
HUGE_ERROR = reply(500, b"<html>" + b"x" * 100 * MB)
PLANS: tuple[Plan, ...] = (
    answer(),
    streamed(),
    stream(stream_frames("a" * 5000)),
    json_reply({"error": {"message": "no such model", "code": "model_not_found"}}, 404),
    json_reply({"error": {"message": "slow down"}}, 429, headers=[("Retry-After", "1")]),
    stream(stream_frames(), cut_after=300, then=Reset()),
    (Close(),),
    reply(200, b"\xff" * 3000),
)


def by_target(seen: SeenRequest) -> Plan:
    number = int(seen.target.rpartition(b"=")[2])
    return HUGE_ERROR if number < 0 else PLANS[number % len(PLANS)]


def asked(number: int) -> bytes:
    """Return a request unlike any other: its conversation, names, target and length are its own."""
    body = chat_body(
        stream=number % 3 > 0, model=f"m-{number}", text=f"conversation {number} " * (number % 90), user=f"u-{number}"
    )
    headers = ((b"x-costproxy-app", b"a-%d" % number), (b"Authorization", b"Bearer %d" % number))
    if number % 10 == 9:
        body = body[: number % len(body)]
    return post(body, *headers, target=f"/j{number}/v1/chat/completions?n={number}")


async def send(proxy: Served, first: int, last: int) -> None:
    async def one(start: int) -> None:
        left = list(range(start, last, AT_ONCE))
        while left:
            async with dial(proxy.url) as client:
                try:
                    while left:
                        await client.ask(asked(left.pop()))
                except (ConnectionError, EOFError):
                    continue

    await asyncio.gather(*(one(first + offset) for offset in range(AT_ONCE)))


async def test_twenty_thousand_odd_requests_do_not_add_up(tmp_path: Path) -> None:
    async with SimulatedUpstream(by_target) as up, served(up.url, home=tmp_path, env=FEW_CONVERSATIONS) as proxy:
        await send(proxy, 0, WARM_UP)
        await recorded(proxy, WARM_UP)
        before = proxy.memory()
        await send(proxy, WARM_UP, REQUESTS)
        await recorded(proxy, REQUESTS)
        grown = proxy.memory() - before
    assert grown < 10 * MB, f"{grown / MB:.1f} MB more after {REQUESTS - WARM_UP} further requests"


async def test_huge_errors_pass_without_being_kept(tmp_path: Path) -> None:
    async with SimulatedUpstream(by_target) as up, served(up.url, home=tmp_path) as proxy:
        assert await huge_error(proxy) > 100 * MB
        before = most = proxy.memory()
        for _ in range(3):
            under_way = asyncio.gather(*(huge_error(proxy) for _ in range(3)))
            while not under_way.done():
                most = max(most, proxy.memory())
                await asyncio.sleep(0.005)
        counted = await recorded(proxy, 10)
    assert counted.outcomes == {"upstream_error": 10}
    assert most - before < 20 * MB, f"{(most - before) / MB:.1f} MB more while errors of 100 MB passed"


async def huge_error(proxy: Served) -> int:
    """Ask for an error that is huge; return its size."""
    size = 0
    async with dial(proxy.url) as client:
        await client.send(post(chat_body(), (b"Connection", b"close"), target="/v1/chat/completions?n=-1"))
        while piece := await client.reader.read(MB):
            size += len(piece)
    return size
