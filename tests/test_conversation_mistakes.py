"""What applications do wrong with their history, on a running proxy: counted, told once, and passed on as it was."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from costproxy.demo.plan import Until
from tests.support.provider import Body, Provider, counted
from tests.support.stage import Caller, Played, play
from tests.support.talk import said, system, user
from tests.support.waiting import until

pytestmark = pytest.mark.timeout(30)

CALL = {"id": "call_0123456789", "type": "function", "function": {"name": "look", "arguments": '{"at":1}'}}
RULES = f"You are a careful assistant. {'Follow each of the rules to the letter. ' * 200}"  # about 2,000 tokens


async def dropped(caller: Caller) -> None:
    for turn in range(3):
        caller.history.append(user(f"Question {turn}, if you please."))
        await caller.send(caller.history)


async def altered(caller: Caller) -> None:
    await caller.say("A first question, if you please.")
    caller.history[-1] = said("That is not at all what I had to say to that, but the application knew better.")
    await caller.say("A second one.")


async def doubled(caller: Caller) -> None:
    await caller.say("A first question, if you please.")
    caller.history.append(caller.history[-1])
    await caller.say("A second one.")


async def orphaned(caller: Caller) -> None:
    await caller.say("A first question, if you please.")
    result = {"role": "tool", "tool_call_id": "call_of_nobody_at_all", "content": "42"}
    await caller.add(result, user("A second one."))


async def retooled(caller: Caller) -> None:
    def tools(name: str) -> list[Any]:
        return [{"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {}}}}]

    await caller.say("A first question, if you please.", tools=tools("look"))
    await caller.say("A second one.", tools=tools("listen"))


async def reworded(caller: Caller) -> None:
    caller.history.append(system("It is twelve o'clock."))
    await caller.say("A first question, if you please.")
    caller.history[0] = system("It is one o'clock.")
    await caller.say("A second one.")


async def trimmed(caller: Caller) -> None:
    for turn in range(6):
        await caller.say(f"Question {turn}, to which there is a lot to say, if you please.")
    del caller.history[:6]
    await caller.say("One more.")


SCRIPTS: dict[str, tuple[Callable[[Caller], Awaitable[None]], int | None, float]] = {
    "reply_dropped": (dropped, 1, 2),
    "reply_altered": (altered, 1, 1),
    "reply_duplicated": (doubled, 2, 1),
    "orphan_tool_result": (orphaned, 2, 1),
    "tools_changed": (retooled, None, 1),
    "system_changed": (reworded, 0, 1),
    "history_trimmed": (trimmed, 0, 1),
}


def assert_one(played: Played, kind: str, index: int | None, count: float = 1) -> None:
    """Assert that there was nothing but this mistake, so many times."""
    assert played.seen.by("costproxy_conversation_mistakes_total", "kind") == {kind: count}
    (event,) = played.events("mistake")
    assert (event["kind"], event.get("message")) == (kind, index)
    assert event["conversation"] in played.told("conversation")
    line = next(each for each in played.exchanges if each["exchange"] == event["exchange"])
    assert line["mistakes"] == (kind if index is None else f"{kind}@{index}")
    assert set(played.conversations) == {"0"}


@pytest.mark.parametrize("kind", SCRIPTS)
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_a_mistake_is_counted_and_told_once(kind: str, stream: bool) -> None:
    script, index, count = SCRIPTS[kind]
    played = await play(lambda url: script(Caller(url, stream=stream)))
    assert_one(played, kind, index, count)
    assert set(played.seen.outcomes) == {"success"}


async def test_a_conversation_with_tools_that_goes_well_has_no_mistakes() -> None:
    def calls(body: Body) -> list[Body]:
        return (
            [{**CALL, "id": f"call_number_{len(body['messages'])}"}] if body["messages"][-1]["role"] == "user" else []
        )

    async def script(url: str) -> None:
        caller = Caller(url, instructions="Use your tools.")
        for turn in range(4):
            await caller.say(f"Question {turn}, if you please.")
            (call,) = caller.history[-1]["tool_calls"]
            await caller.add({"role": "tool", "tool_call_id": call["id"], "content": f"{turn} things"})

    played = await play(script, Provider(calls=calls))
    assert played.seen.by("costproxy_conversation_mistakes_total", "kind") == {}
    assert played.events("mistake") == []
    assert played.told("turn") == [1, 1, 2, 2, 3, 3, 4, 4]
    assert played.told("step") == list(range(1, 9))


async def test_the_identical_request_in_flight_is_a_mistake() -> None:
    go = asyncio.Event()

    async def script(url: str) -> None:
        caller = Caller(url)
        go.set()
        await caller.say("A first question, to begin with.")
        go.clear()
        caller.history.append(user("A second one, sent twice at once."))
        both = [asyncio.create_task(caller.send(caller.history)) for _ in range(2)]
        await until(lambda: len(provider.bodies) == 3)
        go.set()
        await asyncio.gather(*both)

    provider = Provider(until=Until(go))
    assert_one(await play(script, provider), "duplicate_in_flight", None)


@pytest.mark.parametrize("breaks", ["system", "messages", None])
async def test_a_broken_cache_is_told_with_what_it_cost(breaks: str | None) -> None:
    """The provider caches what a prompt shares with the one before it; the third one is changed near its beginning."""
    before: list[Any] = []

    def cached(body: Body) -> int:
        common = 0
        for one, other in zip(before, body["messages"], strict=False):
            if one != other:
                break
            common += 1
        before[:] = body["messages"]
        held = counted({"messages": body["messages"][:common]}) if common else 0
        return held // 128 * 128 if held >= 1024 else 0

    async def script(url: str) -> None:
        caller = Caller(url, instructions=RULES)
        for turn in range(3):
            if turn == 2 and breaks == "system":
                caller.history[0] = system(f"It is 12:05. {RULES}")
            if turn == 2 and breaks == "messages":
                caller.history[1] = user("A first question, which was another one. " + "Or was it? " * 300)
            await caller.say(f"Question {turn}, if you please. {'And more of it. ' * 300}")

    provider = Provider(cached=cached)
    played = await play(script, provider)
    counts = played.seen.by("costproxy_conversation_mistakes_total", "kind")
    if breaks is None:
        assert counts == {}
        return
    assert counts["cache_broken"] == 1
    (event,) = [each for each in played.events("mistake") if each["kind"] == "cache_broken"]
    assert event["region"] == breaks
    assert event.get("message") == (1 if breaks == "messages" else None)
    last = played.exchanges[-1]
    due = provider.bills[1] // 128 * 128  # what the prompt before had left in the cache
    assert event["tokens"] == due - last.get("cache_read_tokens", 0)
    assert float(event["cost_usd"]) == pytest.approx(event["tokens"] * (0.15 - 0.075) / 1e6)
    assert played.seen.by("costproxy_cache_broken_tokens_total", "region") == {breaks: event["tokens"]}
    assert played.seen.total("costproxy_cache_broken_usd_total") == pytest.approx(float(event["cost_usd"]))
