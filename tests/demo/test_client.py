import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from costproxy.demo.chat import Chat, usage
from costproxy.demo.client import ChatClient, Heard
from costproxy.demo.plan import Plan, Reset
from costproxy.demo.refusals import refusal
from costproxy.demo.replies import json_reply, reply, stream
from costproxy.demo.upstream import SimulatedUpstream, always

CHAT = Chat()
HI = [{"role": "user", "content": "Hi"}]
Line = Callable[[Plan], AbstractAsyncContextManager[tuple[SimulatedUpstream, ChatClient]]]


@asynccontextmanager
async def line_to(plan: Plan) -> AsyncIterator[tuple[SimulatedUpstream, ChatClient]]:
    async with SimulatedUpstream(always(plan)) as up, ChatClient(f"{up.url}/v1", app="me") as client:
        yield up, client


async def ask(plan: Plan, *, stream: bool = False) -> Heard:
    async with line_to(plan) as (_, client):
        return await client.ask(HI, model="m", stream=stream)


async def test_a_request_is_signed_and_carries_what_it_was_given() -> None:
    async with line_to(json_reply(CHAT.completion("Hello"))) as (up, client):
        heard = await client.ask(HI, model="m", max_tokens=3)
        seen = up.requests[0]
    assert heard.message is not None
    assert heard.message["content"] == "Hello"
    assert seen.target == b"/v1/chat/completions"
    assert seen.header("x-costproxy-app") == b"me"
    assert seen.header("authorization") == b"Bearer sk-demo-me"
    assert seen.json() == {"model": "m", "messages": HI, "max_tokens": 3}


async def test_a_stream_is_put_together() -> None:
    heard = await ask(stream(CHAT.text("Hel", "lo", usage=usage(1, 2))), stream=True)
    assert heard.message == {"role": "assistant", "content": "Hello"}


async def test_streamed_tool_calls_are_put_together() -> None:
    chunks = [
        CHAT.role(),
        CHAT.tool("", name="f", id="call_1"),
        CHAT.tool('{"a"'),
        CHAT.tool(":1}"),
        CHAT.tool("{}", name="g", id="call_2", call=1),
        CHAT.finish("tool_calls"),
    ]
    calls = (await ask(stream(chunks), stream=True)).calls
    assert [(call["id"], call["function"]["arguments"]) for call in calls] == [("call_1", '{"a":1}'), ("call_2", "{}")]


@pytest.mark.parametrize(
    "plan",
    [
        stream(CHAT.text("Hello"), cut_after=300),
        stream(CHAT.text("Hello"), done=False),
        stream(CHAT.text("Hello"), cut_after=300, framing="length", then=Reset()),
        (Reset(),),
    ],
)
async def test_a_broken_stream_gives_no_message(plan: Plan) -> None:
    assert (await ask(plan, stream=True)).message is None


async def test_a_refusal_says_why_and_how_long_to_wait() -> None:
    heard = await ask(refusal(429, "no", code="rate_limit_exceeded", headers=[("retry-after", "7")]))
    assert heard == Heard(status=429, error="rate_limit_exceeded", wait=7.0)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"error":"text"}', b'{"error":{"code":null}}'])
async def test_an_odd_refusal_is_a_refusal_still(body: bytes) -> None:
    assert await ask(reply(500, body)) == Heard(status=500)


async def test_leaving_closes_the_connection() -> None:
    endless = stream([CHAT.content("word ")] * 1000, every=0.01)
    async with asyncio.timeout(5), line_to(endless) as (up, client):
        heard = await client.ask(HI, model="m", stream=True, leave_after=2)
        await up.requests[0].closed.wait()
    assert heard == Heard(status=200)
