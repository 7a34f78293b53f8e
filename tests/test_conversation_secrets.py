"""Conversations are told apart by what is said in them, and nothing of it is kept or told: canaries in all of it."""

import asyncio
import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from costproxy.app import Proxy
from costproxy.demo.plan import Plan
from costproxy.demo.replies import json_reply
from costproxy.demo.seen import SeenRequest
from costproxy.relay.metering import PLACED_ON_LOOP
from tests.support.provider import Body, Provider
from tests.support.raw import RawReply, ask, dial, post
from tests.support.reachable import texts
from tests.support.stage import MODEL, Caller, play
from tests.support.talk import said, system, user

pytestmark = pytest.mark.timeout(60)

CANARY = "cAnArY"
ADDED = b"x-costproxy-"
CALL = {"id": f"call_{CANARY}_0123", "type": "function", "function": {"name": CANARY, "arguments": f'{{"{CANARY}":1}}'}}
TOOL = {"type": "function", "function": {"name": CANARY, "description": CANARY, "parameters": {CANARY: CANARY}}}
KEY = (b"Authorization", f"Bearer sk-{CANARY}".encode())
NAMES = [
    (b"X-Costproxy-Thread-Id", f"{CANARY}-thread".encode()),
    (b"X-Costproxy-Session-Id", f"{CANARY}-session".encode()),
    (b"X-Session-Id", f"{CANARY}-session".encode()),
    (b"X-Claude-Code-Session-Id", f"{CANARY} {'x' * 300}".encode()),
    (b"Baggage", f"session.id={CANARY}".encode()),
]
HINTS = {"user": CANARY, "prompt_cache_key": CANARY, "metadata": {"session_id": CANARY, CANARY: CANARY}}


def refuse(body: Body) -> Plan | None:
    if "too much" not in json.dumps(body.get("messages")):
        return None
    text = f"This model's maximum context length is 70000 tokens, {CANARY}. However, your messages resulted in 99999."
    return json_reply({"error": {"message": text, "type": CANARY, "code": "context_length_exceeded"}}, 400)


class Provoking(Provider):
    """Lets canaries into its headers too, and breaks off where it is told to."""

    def __call__(self, request: SeenRequest) -> Plan:
        plan = super().__call__(request)
        return plan[:-4] if b"break off" in request.body else plan


async def go_wrong(caller: Caller) -> list[RawReply]:
    """Do all that an application can do to its history."""
    replies = [await caller.say(f"{CANARY} question {turn}.", tools=[TOOL], **HINTS) for turn in range(3)]
    caller.history[0] = system(f"{CANARY}, and now another one.")
    replies.append(await caller.say(f"{CANARY}, what now?"))
    caller.history[-1] = said(f"{CANARY}: other words than those that were said.")
    replies.append(await caller.add({"role": "assistant", "content": None, "tool_calls": [CALL]}))
    result = {"role": "tool", "tool_call_id": f"call_{CANARY}_nobody", "content": CANARY}
    replies.append(await caller.add(result, user([{"type": "text", "text": CANARY}])))  # type: ignore[arg-type]
    del caller.history[-1]
    replies.append(await caller.say(f"{CANARY}, without its reply."))
    replies.append(await caller.send([*caller.history, user(f"{CANARY}, this is too much.")]))
    del caller.history[1:-4]
    replies.append(await caller.say(f"{CANARY} " * (PLACED_ON_LOOP // 6)))
    return replies


async def leave(url: str, caller: Caller) -> None:
    """Hang up in the middle of a reply."""
    body = {"model": MODEL, "stream": True, "messages": [*caller.history, user(f"{CANARY}, now break off.")]}
    async with dial(url) as client:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await client.send(post(json.dumps(body).encode(), KEY))
            await client.final_head()
            await client.chunk()


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_nothing_that_is_said_is_told_or_kept(stream: bool) -> None:
    replies: list[RawReply] = []
    kept: list[bytes] = []
    reprs: list[str] = []

    async def script(url: str) -> None:
        for name in NAMES:
            caller = Caller(url, KEY, name, stream=stream, instructions=f"{CANARY} rules.")
            replies.extend(await go_wrong(caller))
        await leave(url, caller)
        asked: dict[str, Any] = {"model": MODEL, "input": f"{CANARY}?", "instructions": CANARY, "conversation": CANARY}
        replies.append(await ask(url, post(json.dumps(asked).encode(), KEY, target="/v1/responses")))

    def inspect(proxy: Proxy) -> None:
        meter = proxy._recorder._meter
        found = meter._conversations
        assert found is not None
        assert len(found.tracker) >= len(NAMES)
        assert (found._under_way, found._answered) == ({}, {})
        live = found.tracker.live()
        reprs.extend(map(repr, (proxy, proxy._recorder, meter, found, found.tracker, found.limits, *live)))
        reprs.extend(repr(each.account.state()) for each in live)
        reprs.extend(repr(round_) for each in live for round_ in each.rounds)
        kept.extend(_with_canary(texts(meter)))
        kept.extend(_with_canary(texts(proxy.metrics._families)))  # the collectors hold on to the proxy itself

    provider = Provoking(refuse=refuse, said=f"{CANARY}, this is what there is to say to question number {{}}.".format)
    played = await play(script, provider, inspect=inspect, conversations_response_headers="true")
    assert kept == []
    assert CANARY.lower() not in "".join(reprs).lower()
    assert CANARY.lower() not in played.log.lower()
    values = {value for sample in played.seen.samples for value in (*sample.labels.values(), sample.name)}
    assert not [value for value in values if CANARY.lower() in value.lower()]
    added = [value for reply in replies for name, value in reply.headers if name.lower().startswith(ADDED)]
    assert len(added) > 2 * len(NAMES)
    assert not [value for value in added if CANARY.lower().encode() in value.lower()]
    kinds = played.seen.by("costproxy_conversation_mistakes_total", "kind")
    assert {"reply_dropped", "reply_altered", "orphan_tool_result", "system_changed", "tools_changed"} <= set(kinds)
    assert played.seen.outcomes["context_exceeded"] == len(NAMES)


def _with_canary(found: Iterator[bytes]) -> Iterator[bytes]:
    return (each[:100] for each in found if CANARY.lower().encode() in each.lower())


def test_a_text_that_is_kept_would_be_found() -> None:
    class Keeper:
        def __init__(self, text: str) -> None:
            self.texts = {"a": [memoryview(text.encode())]}

        def told(self) -> str:
            return ""

    assert list(_with_canary(texts(Keeper("plain")))) == []
    for keeper in (Keeper(CANARY), Keeper(CANARY).told, {b"x": {CANARY: 1}}):
        assert len(list(_with_canary(texts(keeper)))) >= 1
