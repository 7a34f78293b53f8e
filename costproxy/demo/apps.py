"""The demo's applications: each behaves, well or badly, in one way that shows in the metrics."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from costproxy.demo import scripts
from costproxy.demo.client import ChatClient, Heard
from costproxy.demo.scripts import file_dump, opening, said

Thread: TypeAlias = list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where an application works: its client, its luck and its clock."""

    client: ChatClient
    chance: random.Random
    speed: float

    async def pause(self, seconds: float) -> None:
        """Do nothing for about that long, by the demo's own clock."""
        await asyncio.sleep(self.chance.uniform(0.5, 1.5) * seconds / self.speed)


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """One application; `episode` is what it does over and over, in `copies` at once."""

    name: str
    purpose: str
    episode: Callable[[Desk], Awaitable[None]]
    copies: int = 1
    rest: float = 1.0  # seconds between two episodes

    async def run(self, base_url: str, *, speed: float, seed: int) -> None:
        """Work until cancelled."""
        async with ChatClient(base_url, app=self.name) as client:
            await asyncio.gather(*(self._work(client, speed, f"{seed} {self.name} {n}") for n in range(self.copies)))

    async def _work(self, client: ChatClient, speed: float, seed: str) -> None:
        desk = Desk(client=client, chance=random.Random(seed), speed=speed)  # noqa: S311 - variety, not secrecy
        while True:
            await self.episode(desk)
            await desk.pause(self.rest)


async def support_chat(desk: Desk) -> None:
    """Talk with one customer, as a stream or not; the thread grows with every turn."""
    streamed = desk.chance.random() < 0.7
    thread: Thread = [said("system", scripts.SUPPORT), opening(desk.chance, scripts.CONCERNS)]
    for _ in range(desk.chance.randint(3, 12)):
        heard = await desk.client.ask(thread, model="gpt-4o-mini", stream=streamed)
        if heard.message is None:
            return
        thread += [heard.message, said("user", desk.chance.choice(scripts.FOLLOW_UPS))]
        await desk.pause(1.5)


async def coding_agent(desk: Desk) -> None:
    """Work on one ticket: plan with a reasoning model, then call tools until it is done."""
    thread: Thread = [said("system", scripts.CODING), opening(desk.chance, scripts.CHORES)]
    plan = await desk.client.ask(thread, model="gpt-5-mini")
    if plan.message is not None:
        thread += [plan.message, said("user", "Go ahead.")]
    for _ in range(desk.chance.randint(8, 20)):
        heard = await desk.client.ask(thread, model="gpt-4.1", stream=True, tools=scripts.tools())
        if heard.message is None:
            return
        thread += [heard.message, *_results(desk, heard)]
        await desk.pause(0.4)


def _results(desk: Desk, heard: Heard) -> Thread:
    if not heard.calls:
        return [said("user", "Go on.")]
    lines = desk.chance.randint(5, 60)
    return [said("tool", file_dump(desk.chance, lines), tool_call_id=call["id"]) for call in heard.calls]


async def runaway_agent(desk: Desk) -> None:
    """Feed whole files to a model with a small window until the thread no longer fits."""
    thread: Thread = [opening(desk.chance, scripts.CHORES)]
    while True:
        heard = await desk.client.ask(thread, model="gpt-4", stream=True, max_tokens=500)
        if heard.message is None:  # context_length_exceeded
            return await desk.pause(4.0)
        thread += [heard.message, said("user", f"Here is the next file.\n{file_dump(desk.chance, 100)}")]
        await desk.pause(1.0)


async def forgetful_bot(desk: Desk) -> None:
    """Append the user's turns only; the model never sees what it said itself."""
    thread: Thread = [said("system", scripts.SUPPORT), opening(desk.chance, scripts.CONCERNS)]
    for _ in range(desk.chance.randint(4, 8)):
        await desk.client.ask(thread, model="gpt-4o-mini")
        thread.append(said("user", desk.chance.choice(scripts.FOLLOW_UPS)))
        await desk.pause(2.0)


async def clock_watcher(desk: Desk) -> None:
    """Begin the prompt with the time, so that nothing the provider has cached fits once a minute is over."""
    clock = desk.chance.randint(0, 600)  # minutes past eight
    thread: Thread = [said("system", ""), opening(desk.chance, scripts.CONCERNS)]
    for turn in range(desk.chance.randint(5, 9)):
        hour, minute = divmod(clock + turn // 2, 60)
        thread[0] = said("system", f"It is {8 + hour:02}:{minute:02}. {scripts.CODING}")
        heard = await desk.client.ask(thread, model="gpt-4o", stream=True)
        if heard.message is None:
            return
        thread += [heard.message, said("user", desk.chance.choice(scripts.FOLLOW_UPS))]
        await desk.pause(1.0)


async def nightly_batch(desk: Desk) -> None:
    """Label one review after the other, and wait as long as a rejection asks for."""
    heard = await desk.client.ask([opening(desk.chance, (scripts.LABELS,))], model="gpt-4o-mini")
    if heard.status == 429:
        await asyncio.sleep(heard.wait or 1.0)  # the provider's seconds, whatever the demo's speed


async def impatient_import(desk: Desk) -> None:
    """Label reviews as fast as it goes, and try again at once when told to wait."""
    thread = [opening(desk.chance, (scripts.LABELS,))]
    for attempt in range(4):
        heard = await desk.client.ask(thread, model="gpt-4o-mini", max_tokens=2)
        if heard.status != 429:
            return
        await desk.pause(0.1 * (attempt + 1))


async def lapsed_trial(desk: Desk) -> None:
    """Knock with an account that has run out of money."""
    await desk.client.ask([opening(desk.chance, scripts.CONCERNS)], model="gpt-4o")
    await desk.pause(8.0)


async def shaky_link(desk: Desk) -> None:
    """Ask again, once, whenever a reply breaks off."""
    thread = [said("system", scripts.SUPPORT), opening(desk.chance, scripts.CONCERNS)]
    streamed = desk.chance.random() < 0.6
    heard = await desk.client.ask(thread, model="gpt-4o", stream=streamed)
    if heard.message is None:
        await desk.client.ask(thread, model="gpt-4o", stream=streamed)
    await desk.pause(2.0)


async def hasty_reader(desk: Desk) -> None:
    """Leave after the first words of a stream, as people do who press Stop."""
    thread = [opening(desk.chance, scripts.CONCERNS)]
    await desk.client.ask(thread, model="gpt-4o", stream=True, leave_after=desk.chance.randint(1, 8))
    await desk.pause(3.0)


def all_apps() -> Sequence[App]:
    """Return the whole cast."""
    return (
        App(name="support-chat", purpose="threads that grow, turn by turn", episode=support_chat, copies=3),
        App(name="coding-agent", purpose="tools, reasoning, a cached prompt", episode=coding_agent, copies=2),
        App(name="runaway-agent", purpose="fills its window until it overflows", episode=runaway_agent),
        App(name="forgetful-bot", purpose="never appends the model's reply", episode=forgetful_bot),
        App(name="clock-watcher", purpose="the time in its prompt breaks the cache", episode=clock_watcher),
        App(name="nightly-batch", purpose="429s, and waits as told", episode=nightly_batch, rest=0.2),
        App(name="impatient-import", purpose="429s, and does not wait", episode=impatient_import, rest=0.2),
        App(name="lapsed-trial", purpose="429s for want of money", episode=lapsed_trial),
        App(name="shaky-link", purpose="replies that break off", episode=shaky_link),
        App(name="hasty-reader", purpose="leaves in mid-stream", episode=hasty_reader),
    )
