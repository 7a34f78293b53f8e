"""Shutting down: nothing new is taken, what is under way finishes if it can in time, and all of it is recorded."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from costproxy.app import Proxy
from costproxy.demo.plan import Hold, Plan, Until
from costproxy.demo.replies import reply, stream
from costproxy.demo.upstream import SimulatedUpstream, always
from tests.support.chats import answer, chat_body, stream_frames
from tests.support.hearing import hear_out
from tests.support.proxy import proxy_settings
from tests.support.raw import RawClient, dial, post, request
from tests.support.scrape import Scrape, scrape
from tests.support.waiting import under_way, until

pytestmark = [pytest.mark.timeout(30), pytest.mark.asyncio(loop_factories=["asyncio", "uvloop"])]


class Counts:
    """What the metrics say once the admin port is closed."""

    def __init__(self, proxy: Proxy) -> None:
        families = proxy.metrics.registry.collect()
        self.scrape = Scrape(tuple(sample for family in families for sample in family.samples))


@asynccontextmanager
async def started(upstream_url: str, **flags: object) -> AsyncIterator[Proxy]:
    """Start a proxy; the test stops it."""
    proxy = Proxy(proxy_settings(upstream_url, **flags))
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.stop(grace=0.0)


def held_until(event: asyncio.Event) -> Plan:
    *before, last = stream(stream_frames())
    return (*before[:3], Until(event), *before[3:], last)


async def test_a_stream_under_way_finishes_and_is_counted() -> None:
    go_on = asyncio.Event()
    async with SimulatedUpstream(always(held_until(go_on))) as up, started(up.url) as proxy, dial(proxy.url) as client:
        await client.send(post(chat_body(stream=True)))
        await client.final_head()
        stopping = asyncio.create_task(proxy.stop(grace=20))
        await until(lambda: not proxy.ready)
        assert not stopping.done()
        assert (await scrape(proxy)).in_flight == 1  # the admin port answers as long as anything is under way
        go_on.set()
        heard = await hear_out(client)
        await stopping
        counted = Counts(proxy).scrape
    assert heard.data.endswith(b"data: [DONE]\n\n\r\n0\r\n\r\n")
    assert counted.outcomes == {"success": 1}
    assert counted.total("costproxy_tokens_total") == 15


async def test_an_upload_under_way_finishes() -> None:
    async with SimulatedUpstream(always(reply(200, b"thanks"))) as up, started(up.url) as proxy:
        async with dial(proxy.url) as client:
            await client.send(request("POST", "/v1/files", (b"Content-Length", b"10")), b"01234")
            await under_way(proxy)
            stopping = asyncio.create_task(proxy.stop(grace=20))
            await until(lambda: not proxy.ready)
            await client.send(b"56789")
            assert (await client.reply()).body == b"thanks"
            await stopping
        assert up.requests[0].body == b"0123456789"
        assert Counts(proxy).scrape.outcomes == {"success": 1}


async def test_a_chat_whose_body_is_still_coming_finishes_and_says_that_it_is_the_last() -> None:
    asked = post(chat_body())
    async with SimulatedUpstream(always(answer())) as up, started(up.url) as proxy, dial(proxy.url) as client:
        await client.send(asked[:-5])
        await under_way(proxy)
        stopping = asyncio.create_task(proxy.stop(grace=20))
        await until(lambda: not proxy.ready)
        await client.send(asked[-5:])
        last = await client.reply()
        await stopping
        assert await client.closed()
    assert last.status == 200
    assert last.header("connection") == b"close"
    assert Counts(proxy).scrape.outcomes == {"success": 1}


async def test_what_takes_longer_than_the_grace_is_cut_and_recorded() -> None:
    never = asyncio.Event()
    async with SimulatedUpstream(always(held_until(never))) as up, started(up.url) as proxy, dial(proxy.url) as client:
        await client.send(post(chat_body(stream=True)))
        await client.final_head()
        await proxy.stop(grace=0.1)
        heard = await hear_out(client)
        await asyncio.wait_for(up.requests[0].closed.wait(), 5)
    assert b"[DONE]" not in heard.data
    assert not heard.data.endswith(b"0\r\n\r\n")
    counted = Counts(proxy).scrape
    assert counted.outcomes == {"proxy_error": 1}
    assert counted.in_flight == 0


async def test_an_upload_that_takes_longer_than_the_grace_is_cut_and_recorded() -> None:
    async with SimulatedUpstream(always(answer())) as up, started(up.url) as proxy, dial(proxy.url) as client:
        await client.send(request("POST", "/v1/files", (b"Content-Length", b"10")), b"01234")
        await until(lambda: up.requests)
        await proxy.stop(grace=0.1)
        await hear_out(client)
        await up.emptied()
    assert Counts(proxy).scrape.outcomes == {"proxy_error": 1}


async def test_a_client_that_leaves_during_the_grace_is_one_who_left() -> None:
    async with SimulatedUpstream(always((Hold(),))) as up, started(up.url) as proxy, dial(proxy.url) as client:
        await client.send(post(chat_body()))
        await up.arrived()
        stopping = asyncio.create_task(proxy.stop(grace=20))
        await until(lambda: not proxy.ready)
        client.close()
        await asyncio.wait_for(stopping, 5)
    assert Counts(proxy).scrape.outcomes == {"client_abort": 1}


async def test_idle_connections_are_closed_at_once_and_nobody_gets_a_new_one() -> None:
    go_on = asyncio.Event()
    async with SimulatedUpstream(always(held_until(go_on))) as up, started(up.url) as proxy:
        async with dial(proxy.url) as idle, dial(proxy.url) as used, dial(proxy.url) as busy:
            go_on.set()
            await used.ask(post(chat_body(stream=True)))
            go_on.clear()
            await busy.send(post(chat_body(stream=True)))
            await busy.final_head()
            stopping = asyncio.create_task(proxy.stop(grace=20))
            assert await asyncio.wait_for(idle.closed(), 5)
            assert await asyncio.wait_for(used.closed(), 5)
            with pytest.raises(ConnectionRefusedError):
                async with dial(proxy.url):
                    pass
            go_on.set()
            await hear_out(busy)
            await asyncio.wait_for(stopping, 5)
        await asyncio.wait_for(up.emptied(), 5)


async def test_readiness_goes_before_liveness() -> None:
    go_on = asyncio.Event()
    async with SimulatedUpstream(always(held_until(go_on))) as up, started(up.url) as proxy, dial(proxy.url) as client:
        assert await status(proxy, "readyz") == 200
        await client.send(post(chat_body(stream=True)))
        await client.final_head()
        stopping = asyncio.create_task(proxy.stop(grace=20))
        await until(lambda: not proxy.ready)
        assert await status(proxy, "readyz") == 503
        assert await status(proxy, "healthz") == 200
        go_on.set()
        await stopping


async def test_stopping_twice_is_stopping_once() -> None:
    async with SimulatedUpstream(always(answer())) as up, started(up.url) as proxy:
        await proxy.stop(grace=1)
        await proxy.stop(grace=1)
        assert not proxy.ready


# -- a client that has not taken the end of its reply yet -----------------------------------------------------------


@asynccontextmanager
async def an_untaken_rest() -> AsyncIterator[tuple[Proxy, RawClient, int]]:
    """Have an exchange over whose last bytes wait in the proxy for a client that takes nothing."""
    asked: asyncio.Future[asyncio.StreamWriter] = asyncio.get_running_loop().create_future()

    async def upstream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set_result(writer)

    server = await asyncio.start_server(upstream, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with started(url) as proxy, dial(proxy.url, limit=1000, receive_buffer=4096) as client:
        await client.send(request("GET", "/large"))
        writer = await asked
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        size = await fill(proxy, writer)
        writer.write(b"0\r\n\r\n")
        await until(lambda: Counts(proxy).scrape.requests == 1)
        assert waiting(proxy)
        yield proxy, client, size
        writer.close()
    server.close()


async def fill(proxy: Proxy, writer: asyncio.StreamWriter) -> int:
    """Send pieces until one has to wait in the proxy; return how many bytes were sent."""
    piece = b"x" * 40_000  # less than what makes the proxy stop reading
    (passage,) = proxy._relay._under_way
    size = 0
    while not waiting(proxy):
        writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        size += len(piece)
        await until(lambda: passage.reply.bytes_in == size)  # noqa: B023 - it is awaited here and now
    return size


def waiting(proxy: Proxy) -> int:
    """Return how many bytes wait in the proxy for clients to take them."""
    return sum(transport.get_write_buffer_size() for transport in proxy._server._connections.values())


async def test_a_slow_client_gets_the_end_of_its_reply() -> None:
    async with an_untaken_rest() as (proxy, client, size):
        stopping = asyncio.create_task(proxy.stop(grace=20))
        await until(lambda: not proxy.ready)
        heard = await hear_out(client)
        await asyncio.wait_for(stopping, 5)
    assert len(heard.data) > size
    assert heard.data.endswith(b"\r\n0\r\n\r\n")


async def test_a_client_that_never_takes_it_does_not_hold_up_the_end() -> None:
    async with an_untaken_rest() as (proxy, client, _):
        await asyncio.wait_for(proxy.stop(grace=0.2), 5)
        await until(lambda: not waiting(proxy))
        assert not (await hear_out(client)).data.endswith(b"\r\n0\r\n\r\n")


async def status(proxy: Proxy, route: str) -> int:
    async with aiohttp.ClientSession() as session, session.get(f"{proxy.admin_url}/{route}") as reply_:
        return reply_.status
