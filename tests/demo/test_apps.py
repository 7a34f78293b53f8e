import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from costproxy.demo import apps
from costproxy.demo.accounts import Account
from costproxy.demo.apps import App, Desk, all_apps
from costproxy.demo.client import ChatClient
from costproxy.demo.provider import ChatProvider
from costproxy.demo.upstream import SimulatedUpstream

SPEED = 200.0
SLOW = {"sk-demo-nightly-batch": Account(requests_per_minute=60, burst=1)}


@pytest.fixture
async def upstream() -> AsyncIterator[SimulatedUpstream]:
    async with asyncio.timeout(20), SimulatedUpstream(ChatProvider(speed=SPEED)) as up:
        yield up


async def play(
    episode: Callable[[Desk], Awaitable[None]], up: SimulatedUpstream, *, app: str = "app", speed: float = SPEED
) -> list[Any]:
    async with ChatClient(f"{up.url}/v1", app=app) as client:
        await episode(Desk(client=client, chance=random.Random(3), speed=speed))
    return [request.json() for request in up.requests]


def grows(threads: list[Any]) -> bool:
    pairs = itertools.pairwise(threads)
    return all(after["messages"][: len(before["messages"])] == before["messages"] for before, after in pairs)


async def test_a_support_chat_resends_its_whole_thread(upstream: SimulatedUpstream) -> None:
    sent = await play(apps.support_chat, upstream)
    assert len(sent) >= 3
    assert grows(sent)
    assert [each["role"] for each in sent[-1]["messages"][:4]] == ["system", "user", "assistant", "user"]


async def test_a_coding_agent_plans_and_answers_its_tool_calls(upstream: SimulatedUpstream) -> None:
    plan, *steps = await play(apps.coding_agent, upstream)
    assert plan["model"] == "gpt-5-mini"
    assert grows(steps)
    assert all(step["tools"] for step in steps)
    last = steps[-1]["messages"]
    called = [call["id"] for message in last for call in message.get("tool_calls", ())]
    assert called
    assert called == [message["tool_call_id"] for message in last if message["role"] == "tool"]


async def test_a_runaway_agent_ends_when_its_thread_no_longer_fits(upstream: SimulatedUpstream) -> None:
    sent = await play(apps.runaway_agent, upstream)
    assert 5 < len(sent) < 30
    assert grows(sent)


async def test_a_forgetful_bot_never_appends_a_reply(upstream: SimulatedUpstream) -> None:
    sent = await play(apps.forgetful_bot, upstream)
    assert grows(sent)
    assert {message["role"] for message in sent[-1]["messages"]} == {"system", "user"}


async def test_a_clock_watcher_changes_nothing_but_the_time(upstream: SimulatedUpstream) -> None:
    sent = await play(apps.clock_watcher, upstream)
    rules = [each["messages"].pop(0)["content"] for each in sent]
    assert grows(sent)
    assert 1 < len(set(rules)) < len(rules)
    assert len({each.partition(". ")[2] for each in rules}) == 1


async def test_a_patient_batch_waits_as_long_as_it_is_told() -> None:
    async with SimulatedUpstream(ChatProvider(accounts=SLOW)) as up:
        clock = asyncio.get_running_loop().time
        await play(apps.nightly_batch, up, app="nightly-batch")
        rejected = clock()
        await play(apps.nightly_batch, up, app="nightly-batch")
        assert clock() - rejected >= 1.0


async def test_an_impatient_import_does_not_wait() -> None:
    limited = {"sk-demo-app": Account(requests_per_minute=1, burst=1)}
    async with SimulatedUpstream(ChatProvider(accounts=limited)) as up:
        await play(apps.impatient_import, up)
        assert len(await play(apps.impatient_import, up)) == 1 + 4


async def test_a_lapsed_trial_is_refused(upstream: SimulatedUpstream) -> None:
    assert len(await play(apps.lapsed_trial, upstream, app="lapsed-trial")) == 1


async def test_a_broken_reply_is_asked_for_again_once() -> None:
    broken = {"sk-demo-app": Account(cut_share=1.0)}
    async with SimulatedUpstream(ChatProvider(accounts=broken, speed=SPEED)) as up:
        first, second = await play(apps.shaky_link, up)
        assert first == second


async def test_a_hasty_reader_leaves_in_mid_stream() -> None:
    async with asyncio.timeout(10), SimulatedUpstream(ChatProvider(speed=4)) as up:
        await play(apps.hasty_reader, up)
        await up.requests[0].closed.wait()


async def test_all_apps_keep_working_side_by_side(upstream: SimulatedUpstream) -> None:
    async with asyncio.TaskGroup() as group:
        work = [group.create_task(app.run(f"{upstream.url}/v1", speed=SPEED, seed=1)) for app in all_apps()]
        await upstream.arrived(200)
        for task in work:
            task.cancel()
    seen = {(request.header("x-costproxy-app") or b"").decode() for request in upstream.requests}
    assert seen == {app.name for app in all_apps()}
    assert upstream.errors == []
    assert upstream.faults == []


async def test_copies_of_an_app_have_lives_of_their_own(upstream: SimulatedUpstream) -> None:
    task = asyncio.create_task(
        App(name="twins", purpose="", episode=apps.hasty_reader, copies=2).run(
            f"{upstream.url}/v1", speed=SPEED, seed=1
        )
    )
    await upstream.arrived(2)
    task.cancel()
    await asyncio.wait([task])
    assert upstream.requests[0].json()["messages"] != upstream.requests[1].json()["messages"]
