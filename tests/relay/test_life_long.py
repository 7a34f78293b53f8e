"""Nothing that takes long is cut: there is no total timeout, whatever the default of a library underneath may be."""

import asyncio

import aiohttp
import pytest

from costproxy.demo.plan import Drip, Plan, Send, Wait
from costproxy.demo.replies import head, stream
from costproxy.demo.upstream import SimulatedUpstream, always
from costproxy.settings import Settings
from tests.support.chats import CHAT, answer, chat_body, stream_frames
from tests.support.fast_clock import SPEED, settings_for_the_fast_clock
from tests.support.proxy import running_proxy
from tests.support.raw import dial, post, request
from tests.support.scrape import recorded

pytestmark = [pytest.mark.timeout(60), pytest.mark.asyncio(loop_factories=["fast_clock"])]

MINUTE = 60.0
LONG_SILENCE: Plan = (Wait(10 * MINUTE), *answer())
LONG_STREAM = stream([CHAT.role(), *(CHAT.content("word ") for _ in range(60)), *stream_frames()[1:]], every=15.0)


async def test_the_default_silence_is_longer_than_any_reply_takes() -> None:
    assert Settings().upstream.idle_timeout >= 15 * MINUTE


async def test_the_clock_is_fast_enough_for_a_hidden_timeout_to_show() -> None:
    async with SimulatedUpstream(always(LONG_SILENCE)) as up, aiohttp.ClientSession() as session:
        with pytest.raises(TimeoutError):  # aiohttp's client gives up after 300 s unless told otherwise
            await session.post(f"{up.url}/v1/chat/completions", data=chat_body())


async def test_a_silence_of_ten_minutes_is_waited_out() -> None:
    loop = asyncio.get_running_loop()
    async with (
        SimulatedUpstream(always(LONG_SILENCE)) as up,
        running_proxy(up.url, **settings_for_the_fast_clock()) as proxy,
    ):
        async with dial(proxy.url) as client:
            asked = loop.time()
            reply = await client.ask(post(chat_body()))
            assert loop.time() - asked >= 10 * MINUTE
            assert reply.status == 200
        assert (await recorded(proxy, within=5 * SPEED)).outcomes == {"success": 1}


async def test_a_stream_of_a_quarter_of_an_hour_comes_whole() -> None:
    async with (
        SimulatedUpstream(always(LONG_STREAM)) as up,
        running_proxy(up.url, **settings_for_the_fast_clock()) as proxy,
    ):
        async with dial(proxy.url) as client:
            reply = await client.ask(post(chat_body(stream=True)))
            assert reply.body.count(b"word ") == 60
            assert reply.body.endswith(b"[DONE]\n\n")
        counted = await recorded(proxy, within=5 * SPEED)
        assert counted.outcomes == {"success": 1}
        assert counted.total("costproxy_tokens_total") == 15


async def test_a_download_that_trickles_for_ten_minutes_comes_whole() -> None:
    plan = (Send(head(200, [("Content-Length", "60")])), Drip(b"x" * 60, every=10.0))
    async with SimulatedUpstream(always(plan)) as up, running_proxy(up.url, **settings_for_the_fast_clock()) as proxy:
        async with dial(proxy.url) as client:
            assert (await client.ask(request("GET", "/v1/files/a/content"))).body == b"x" * 60
        assert (await recorded(proxy, within=5 * SPEED)).outcomes == {"success": 1}


@pytest.mark.parametrize("target", ["/v1/files", "/v1/chat/completions"])
async def test_an_upload_that_trickles_for_ten_minutes_goes_through(target: str) -> None:
    body = chat_body()
    async with (
        SimulatedUpstream(always(answer())) as up,
        running_proxy(up.url, **settings_for_the_fast_clock()) as proxy,
    ):
        async with dial(proxy.url) as client:
            await client.send(request("POST", target, (b"Content-Length", b"%d" % len(body))))
            for piece in (body[at : at + 4] for at in range(0, len(body), 4)):
                await asyncio.sleep(10 * MINUTE * 4 / len(body))
                await client.send(piece)
            assert (await client.reply()).status == 200
        assert up.requests[0].body == body
        assert (await recorded(proxy, within=5 * SPEED)).outcomes == {"success": 1}
