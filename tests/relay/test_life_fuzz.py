"""Thousands of requests that go wrong at random: the books balance, and nothing is left behind."""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import psutil
import pytest

from costproxy.app import Proxy
from costproxy.demo.frames import Comment, error_frame
from costproxy.demo.plan import Close, Drip, HalfClose, Hold, Plan, Reset, Send, Wait
from costproxy.demo.replies import interim, json_reply, reply, stream
from costproxy.demo.seen import SeenRequest
from costproxy.demo.upstream import SimulatedUpstream
from costproxy.relay.relay import Relay
from tests.support.chats import CHAT, answer, chat_body, stream_frames, streamed
from tests.support.proxy import running_proxy
from tests.support.raw import RawClient, chunked, dial, post, request
from tests.support.scrape import Scrape, scrape, scrape_until
from tests.support.waiting import until

pytestmark = [pytest.mark.timeout(120), pytest.mark.asyncio(loop_factories=["asyncio", "uvloop"])]

REQUESTS = 2000
AT_ONCE = 40
OUTCOMES = {
    "success",
    "client_abort",
    "client_error",
    "rate_limited",
    "context_exceeded",
    "upstream_error",
    "upstream_timeout",
    "upstream_truncated",
    "proxy_error",
}

# What the upstream does.
PLANS: tuple[Plan, ...] = (
    answer(),
    streamed(),
    stream(stream_frames(), slices=7),
    stream(stream_frames(), framing="eof"),
    stream(stream_frames(), every=0.002, eof_delay=0.005),
    stream([CHAT.role(), error_frame("boom")]),
    stream([Comment("ping")] * 5 + stream_frames()),
    (*interim(103), *answer()),
    (*answer(), Close()),
    json_reply({"error": {"code": "rate_limit_exceeded", "message": "requests per min"}}, 429),
    json_reply({"error": {"code": "context_length_exceeded"}}, 400),
    json_reply({"error": {"code": "invalid_api_key"}}, 401),
    reply(500, b"<html>"),
    reply(200, b"x" * 400_000),
    reply(200, b"\xff garbage \x00" * 100, framing="chunked"),
    *(stream(stream_frames(), cut_after=cut, then=then) for cut in (1, 50, 300, 900) for then in (Close(), Reset())),
    (Close(),),
    (Reset(),),
    (HalfClose(),),
    (Send(b"not http\r\n\r\n"), Close()),
    (Wait(0.01), *answer()),
    (Drip(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", size=9, every=0.001),),
    (Send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok"), Hold()),
    (Hold(),),
)


# What the client does: each leaves the connection for good, or as it was for the next request.
class LeftError(Exception):
    """The client has left its connection."""


@dataclass(frozen=True, slots=True)
class Asked:
    plan: int
    streaming: bool

    @property
    def whole(self) -> bytes:
        return post(chat_body(stream=self.streaming), (b"X-Plan", b"%d" % self.plan))


async def listen(client: RawClient, asked: Asked, dice: random.Random) -> None:
    await client.send(asked.whole)
    await client.reply()


async def leave_at_once(client: RawClient, asked: Asked, dice: random.Random) -> None:
    await client.send(asked.whole)
    raise LeftError


async def leave_in_a_moment(client: RawClient, asked: Asked, dice: random.Random) -> None:
    await client.send(asked.whole)
    await asyncio.sleep(dice.random() * 0.02)
    raise LeftError


async def leave_after_some_bytes(client: RawClient, asked: Asked, dice: random.Random) -> None:
    await client.send(asked.whole)
    await client.reader.read(dice.randrange(1, 1500))
    raise LeftError


async def leave_half_way_through_asking(client: RawClient, asked: Asked, dice: random.Random) -> None:
    await client.send(asked.whole[: dice.randrange(1, len(asked.whole))])
    await asyncio.sleep(dice.random() * 0.01)
    raise LeftError


async def upload_in_chunks(client: RawClient, asked: Asked, dice: random.Random) -> None:
    headers = ((b"X-Plan", b"%d" % asked.plan), (b"Transfer-Encoding", b"chunked"))
    body = chunked(b"a" * 10, b"b" * dice.randrange(1, 90_000))
    if dice.random() < 0.5:
        await client.send(request("POST", "/v1/files", *headers), body)
        await client.reply()
    else:
        await client.send(request("POST", "/v1/files", *headers), body[: dice.randrange(len(body))])
        raise LeftError


async def break_the_chunks(client: RawClient, asked: Asked, dice: random.Random) -> None:
    path = dice.choice(["/v1/files", "/v1/chat/completions"])
    await client.send(request("POST", path, (b"Transfer-Encoding", b"chunked")), b"5\r\nhello\r\nnonsense\r\n\r\n")
    await client.rest()
    raise LeftError


async def talk_nonsense(client: RawClient, asked: Asked, dice: random.Random) -> None:
    await client.send(dice.randbytes(50), b"\r\n\r\n")
    await client.rest()
    raise LeftError


CLIENTS: tuple[Callable[[RawClient, Asked, random.Random], Awaitable[None]], ...] = (
    *(listen,) * 8,
    leave_at_once,
    leave_in_a_moment,
    leave_after_some_bytes,
    leave_half_way_through_asking,
    upload_in_chunks,
    break_the_chunks,
    talk_nonsense,
)


async def one_client(proxy: Proxy, dice: random.Random, left: list[None]) -> None:
    """Ask on one connection until it is gone, then on the next, as long as there are requests left."""
    while left:
        async with dial(proxy.url) as client:
            with contextlib.suppress(OSError, EOFError, LeftError):
                while left:
                    left.pop()
                    asked = Asked(plan=dice.randrange(len(PLANS)), streaming=dice.random() < 0.6)
                    act = dice.choice(CLIENTS)
                    try:
                        async with asyncio.timeout(10):
                            await act(client, asked, dice)
                    except TimeoutError:
                        raise AssertionError(f"{act.__name__} {asked}: hung") from None
            if dice.random() < 0.5 and not client.writer.transport.is_closing():
                client.reset()


def by_header(seen: SeenRequest) -> Plan:
    return PLANS[int(seen.header("x-plan") or 0)]


@pytest.mark.parametrize("seed", [1])
async def test_the_books_balance_and_nothing_is_left_behind(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    started = 0
    handle = Relay.handle

    async def counting(relay: Relay, client_request: object) -> object:
        nonlocal started
        started += 1
        return await handle(relay, client_request)

    monkeypatch.setattr(Relay, "handle", counting)
    flags = {"log_level": "error", "upstream_idle_timeout": 0.5, "upstream_keepalive": 0.2}
    async with SimulatedUpstream(by_header) as up, running_proxy(up.url, **flags) as proxy:
        await scrape(proxy)
        tasks, files = len(asyncio.all_tasks()), psutil.Process().num_fds()
        left = [None] * REQUESTS
        clients = [one_client(proxy, random.Random(f"{seed} {number}"), left) for number in range(AT_ONCE)]
        watching = asyncio.create_task(watch(proxy, lambda: started))
        await asyncio.gather(*clients)
        counted = await scrape_until(proxy, lambda seen: not seen.in_flight and seen.requests >= started)
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching
        assert counted.requests == started
        assert set(counted.outcomes) == OUTCOMES - {"proxy_error"}
        assert counted.total("costproxy_record_failures_total") == 0
        assert counted.total("costproxy_unmetered_total", reason="fault") == 0
        assert started > REQUESTS * 0.8
        assert up.faults == []
        assert up.errors == []
        assert len(up.requests) <= started
        await asyncio.wait_for(up.emptied(), 5)
        await until(lambda: len(asyncio.all_tasks()) <= tasks)
        await until(lambda: psutil.Process().num_fds() <= files)


async def watch(proxy: Proxy, started: Callable[[], int]) -> None:
    """Scrape all along: counts only rise, and never add up to more than there is."""
    before: Scrape | None = None
    while True:
        seen = await scrape(proxy)
        assert seen.requests + seen.in_flight <= started()
        if before is not None:
            assert all(seen.outcomes.get(name, 0) >= count for name, count in before.outcomes.items())
        before = seen
        await asyncio.sleep(0.05)
