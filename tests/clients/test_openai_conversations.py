"""The official Python SDK and conversations: told in the headers of replies, and named by those of requests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from costproxy.app import Proxy
from costproxy.demo.upstream import SimulatedUpstream
from tests.support.application import Application
from tests.support.provider import Provider
from tests.support.proxy import running_proxy
from tests.support.scrape import recorded

APP = "openai_conversations"
CONVERSATION, TURN = "x-costproxy-conversation", "x-costproxy-turn"
USED, LEFT = "x-costproxy-context-used", "x-costproxy-turns-left"
WINDOW, REPLY = 128_000, 1_000


@asynccontextmanager
async def talking(provider: Provider, *, told: bool = True) -> AsyncIterator[Proxy]:
    """Run a proxy that tells in its replies; no header of its own, in either sense, may have reached the provider."""
    async with SimulatedUpstream(provider) as up, running_proxy(up.url, conversations_response_headers=told) as proxy:
        yield proxy
        assert up.requests
        assert not [seen for seen in up.requests if b"costproxy" in seen.head.lower()]


def fifth(body: dict[str, Any]) -> int:
    """Bill a fifth of the usable window per question."""
    questions: int = sum(message["role"] == "user" for message in body["messages"])
    return (WINDOW - REPLY) // 5 * questions


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_every_reply_tells_where_its_conversation_stands(app: Application, stream: bool) -> None:
    async with talking(Provider(bill=fifth)) as proxy:
        told, history = await app.play("conversation", f"{proxy.url}/v1", turns=4, stream=stream)
        seen = await recorded(proxy, 4)
    assert seen.by("costproxy_conversation_requests_total", "verdict") == {"new": 1, "continue": 3}
    assert len({each[CONVERSATION] for each in told}) == 1
    assert [each[TURN] for each in told] == ["1", "2", "3", "4"]
    assert [each.get(LEFT) for each in told] == [None, None, "2", "1"]  # after this one, as of the bill before
    used = [each.get(USED) for each in told]
    assert used[0] is None
    # A fifth, two and three of them are billed; what comes on top is estimated from the texts, which are short.
    assert [float(each or 0) for each in used[1:]] == pytest.approx([0.2, 0.4, 0.6], abs=0.01)
    assert history[1]["content"].startswith("This is what I have to say")


async def test_without_being_asked_for_nothing_is_told(app: Application) -> None:
    async with talking(Provider(), told=False) as proxy:
        told, _ = await app.play("conversation", f"{proxy.url}/v1", turns=2, name="an-order-4711")
    assert told == [{}, {}]


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_an_application_may_name_its_conversations(app: Application, stream: bool) -> None:
    async with talking(Provider(said=lambda _: "The same to everybody.")) as proxy:
        heard = [
            await app.play("conversation", f"{proxy.url}/v1", turns=turns, name=name, stream=stream)
            for name, turns in (("an-order-4711", 2), ("an-order-4712", 2), ("an-order-4711", 3))
        ]
        seen = await recorded(proxy, 7)
    ids = [{each[CONVERSATION] for each in told} for told, _ in heard]
    assert [len(each) for each in ids] == [1, 1, 1]
    assert ids[0] == ids[2] != ids[1]
    assert seen.total("costproxy_conversations_tracked") == 2
    assert seen.by("costproxy_conversation_sources_total", "source") == {"thread_header": 7}
    assert "4711" not in "".join(map(str, heard))
