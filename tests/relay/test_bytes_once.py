"""One request in, one request out: nothing is repeated, whatever the upstream does."""

import asyncio
import json
import random
from collections import Counter

import pytest

from costproxy.demo.plan import Close, HalfClose, Hold, Plan, Reset, Send, Wait
from costproxy.demo.replies import head, reply
from costproxy.demo.seen import SeenRequest
from costproxy.demo.upstream import SimulatedUpstream, always, in_turn
from tests.support.chats import answer, chat_body
from tests.support.proxy import in_front_of
from tests.support.raw import RawReply, ask, dial, post, request
from tests.support.scrape import recorded

pytestmark = pytest.mark.timeout(60)

BREAKS: dict[str, tuple[Plan, int, str, str]] = {
    # what the upstream does once it has the request: what the client is told, and how it is counted
    "resets": ((Reset(),), 502, "upstream_no_reply", "upstream_error"),
    "closes": ((Close(),), 502, "upstream_no_reply", "upstream_error"),
    "half closes": ((HalfClose(),), 502, "upstream_no_reply", "upstream_error"),
    "resets in its head": ((Send(b"HTTP/1.1 200 OK\r\nX-"), Reset()), 502, "upstream_no_reply", "upstream_error"),
    "closes after a hint": ((Send(head(103)), Close()), 502, "upstream_no_reply", "upstream_error"),
    "is silent": ((Hold(),), 504, "upstream_idle_timeout", "upstream_timeout"),
}
REFUSALS = {
    500: {"X-Should-Retry": "true"},
    503: {"Retry-After": "7", "x-request-id": "req_1"},
    429: {"retry-after-ms": "1500", "x-should-retry": "true", "x-ratelimit-remaining-requests": "0"},
    529: {"x-should-retry": "true"},
    408: {},
    409: {"x-should-retry": "false"},
}


async def answer_to(plan: Plan, asked: bytes, *, warm: bool, **flags: object) -> tuple[RawReply, list[SeenRequest]]:
    """Ask once; `warm` asks something else first, so that the connection is a used one."""
    up = SimulatedUpstream(in_turn(answer(), plan) if warm else always(plan))
    async with in_front_of(up, **flags) as proxy, dial(proxy.url) as client:
        if warm:
            assert (await client.ask(request("GET", "/v1/models"))).status == 200
        got = await client.ask(asked)
        await recorded(proxy, 1 + warm)
        await asyncio.wait_for(up.emptied(), 10) if got.status in (502, 504) else None
    return got, [seen for seen in up.requests if seen.path != "/v1/models"]


@pytest.mark.parametrize("warm", [False, True], ids=["new connection", "used connection"])
@pytest.mark.parametrize("asked", [post(chat_body()), request("GET", "/v1/x")], ids=["POST", "GET"])
@pytest.mark.parametrize("what", BREAKS)
async def test_a_request_that_gets_no_reply_is_not_repeated(what: str, asked: bytes, warm: bool) -> None:
    plan, status, code, _ = BREAKS[what]
    got, seen = await answer_to(plan, asked, warm=warm, upstream_idle_timeout=0.1)
    assert len(seen) == 1
    assert (got.status, got.header("x-costproxy-error")) == (status, code.encode())
    assert json.loads(got.body)["error"]["code"] == code


@pytest.mark.parametrize("what", BREAKS)
async def test_a_request_that_gets_no_reply_is_counted_once(what: str) -> None:
    plan, _, _, outcome = BREAKS[what]
    up = SimulatedUpstream(always(plan))
    async with in_front_of(up, upstream_idle_timeout=0.1) as proxy:
        await ask(proxy.url, post(chat_body()))
        counted = await recorded(proxy)
    assert counted.outcomes == {outcome: 1}


@pytest.mark.parametrize("status", REFUSALS)
async def test_a_refusal_is_the_clients_to_retry(status: int) -> None:
    headers = list(REFUSALS[status].items())
    got, seen = await answer_to(reply(status, b'{"error":1}', headers=headers), post(chat_body()), warm=False)
    assert len(seen) == 1
    assert (got.status, got.body) == (status, b'{"error":1}')
    assert got.headers == [*((name.encode(), value.encode()) for name, value in headers), (b"Content-Length", b"11")]


async def test_a_large_request_that_is_reset_while_it_is_sent_is_not_repeated() -> None:
    got, seen = await answer_to((Reset(),), post(chat_body(text="x" * 3_000_000)), warm=True)
    assert (got.status, len(seen)) == (502, 1)


# -- connections that the upstream closes while they are idle ------------------------------------------------


async def ask_now_and_then(url: str, name: int, times: int, pauses: tuple[float, float]) -> Counter[int]:
    """Ask that often with pauses from that range, in seconds; count the statuses."""
    dice = random.Random(name)
    statuses: Counter[int] = Counter()
    async with dial(url) as client:
        for number in range(times):
            await asyncio.sleep(dice.uniform(*pauses))
            asked = post(chat_body(), (b"Idempotency-Key", b"%d-%d" % (name, number)))
            statuses[(await client.ask(asked)).status] += 1
    return statuses


@pytest.mark.serial
async def test_connections_are_left_before_the_upstream_closes_them() -> None:
    """Two hundred requests around the limit, all settings' proportions kept: 4 s here against an upstream's 5 s."""
    up = SimulatedUpstream(always(answer()), idle=1.0)
    async with in_front_of(up, upstream_keepalive=0.8) as proxy:
        askers = (ask_now_and_then(proxy.url, name, 5, (0.6, 1.2)) for name in range(40))
        statuses = sum(await asyncio.gather(*askers), Counter[int]())
        counted = await recorded(proxy, 200)
    assert statuses == {200: 200}
    assert counted.outcomes == {"success": 200}
    keys = Counter(seen.header("idempotency-key") for seen in up.requests)
    assert (len(keys), max(keys.values())) == (200, 1)
    assert 1 < up.connections < 200  # some were kept, and some were not


@pytest.mark.serial
async def test_an_upstream_that_closes_sooner_than_expected_sees_nothing_twice() -> None:
    """Kept for longer than the upstream keeps them, so that most are closed by it: only the last instant is a race."""
    up = SimulatedUpstream(always(answer()), idle=0.1)
    async with in_front_of(up, upstream_keepalive=30) as proxy:
        askers = (ask_now_and_then(proxy.url, name, 20, (0.05, 0.15)) for name in range(10))
        statuses = sum(await asyncio.gather(*askers), Counter[int]())
        await recorded(proxy, 200)
    keys = Counter(seen.header("idempotency-key") for seen in up.requests)
    assert max(keys.values()) == 1
    assert statuses[200] + statuses[502] == 200
    assert statuses[502] <= 2


async def test_a_connection_that_was_closed_while_idle_is_not_used() -> None:
    up = SimulatedUpstream(always((*answer(), Close())))
    async with in_front_of(up, upstream_keepalive=30) as proxy, dial(proxy.url) as client:
        for _ in range(20):
            assert (await client.ask(post(chat_body()))).status == 200
            await asyncio.wait_for(up.emptied(), 5)
    assert (up.connections, len(up.requests)) == (20, 20)


async def test_a_hint_of_the_upstream_is_believed() -> None:
    up = SimulatedUpstream(always(reply(200, b"ok", headers=[("Keep-Alive", "timeout=1, max=100")])))
    async with in_front_of(up) as proxy, dial(proxy.url) as client:
        for _ in range(3):
            assert (await client.ask(post(chat_body()))).body == b"ok"
    assert up.connections == 3


async def test_no_connection_is_kept_where_none_may_be() -> None:
    up = SimulatedUpstream(always((*answer(), Wait(0))))
    async with in_front_of(up, upstream_keepalive=0) as proxy, dial(proxy.url) as client:
        for _ in range(3):
            assert (await client.ask(post(chat_body()))).status == 200
    assert up.connections == 3
