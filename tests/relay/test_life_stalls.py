"""A client that takes nothing holds up nobody but itself, and not for ever."""

import asyncio
import contextlib

import pytest

from costproxy.demo.plan import Plan
from costproxy.demo.replies import reply
from costproxy.demo.seen import SeenRequest
from costproxy.demo.upstream import SimulatedUpstream, always
from tests.support.hearing import hear_out
from tests.support.proxy import running_proxy
from tests.support.raw import ask, dial, request
from tests.support.scrape import recorded, scrape_until
from tests.support.waiting import under_way

pytestmark = [pytest.mark.timeout(60), pytest.mark.asyncio(loop_factories=["asyncio", "uvloop"])]

MORE_THAN_BUFFERS_HOLD = b"x" * 24_000_000
ASK = request("GET", "/v1/files/big/content", (b"Connection", b"close"))


async def test_a_client_that_takes_nothing_is_given_up_in_the_end() -> None:
    async with (
        SimulatedUpstream(always(reply(200, MORE_THAN_BUFFERS_HOLD))) as up,
        running_proxy(up.url, upstream_idle_timeout=0.3) as proxy,
        dial(proxy.url, limit=1000, receive_buffer=4096) as client,
    ):
        await client.send(ASK)
        counted = await recorded(proxy)
        assert counted.outcomes == {"client_abort": 1}
        assert up.requests[0].closed.is_set()
        assert (await hear_out(client)).reset


async def test_a_client_that_goes_on_in_time_gets_everything() -> None:
    async with (
        SimulatedUpstream(always(reply(200, MORE_THAN_BUFFERS_HOLD))) as up,
        running_proxy(up.url, upstream_idle_timeout=1.0) as proxy,
        dial(proxy.url, limit=1000, receive_buffer=4096) as client,
    ):
        await client.send(ASK)
        for _ in range(3):
            await asyncio.sleep(0.5)  # longer in sum than the upstream may be silent
            await client.reader.readexactly(4_000_000)
        heard = await hear_out(client)
        assert len(heard.data) > len(MORE_THAN_BUFFERS_HOLD) - 12_000_000
        assert not heard.reset
        assert (await recorded(proxy)).outcomes == {"success": 1}


@pytest.mark.parametrize("how", ["fin", "rst"])
async def test_a_client_that_takes_nothing_and_leaves_is_one_who_left(how: str) -> None:
    async with (
        SimulatedUpstream(always(reply(200, MORE_THAN_BUFFERS_HOLD))) as up,
        running_proxy(up.url) as proxy,
        dial(proxy.url, limit=1000, receive_buffer=4096) as client,
    ):
        await client.send(ASK)
        await under_way(proxy)
        await scrape_until(proxy, lambda seen: client.reader._buffer)  # the reply has begun
        client.close() if how == "fin" else client.reset()
        assert (await recorded(proxy)).outcomes == {"client_abort": 1}
        assert up.requests[0].closed.is_set()


async def test_one_that_takes_nothing_does_not_stall_the_next_on_the_same_upstream_connection() -> None:
    """Replies that end in the very piece that fills the client's buffers were once a trap; hence the many sizes."""

    def by_size(seen: SeenRequest) -> Plan:
        return reply(200, b"x" * int(seen.target.rpartition(b"/")[2]))

    async with SimulatedUpstream(by_size) as up, running_proxy(up.url) as proxy:
        for size in range(1_500_000, 3_500_000, 40_000):
            async with dial(proxy.url, limit=1000, receive_buffer=4096) as stalled:
                await stalled.send(request("GET", f"/{size}"))
                await stalled.head()
                with contextlib.suppress(TimeoutError):  # beyond some size it takes the client to get further
                    await asyncio.wait_for(up.requests[-1].answered.wait(), 0.1)
                async with asyncio.timeout(5):
                    assert (await ask(proxy.url, request("GET", "/2"))).body == b"xx"
