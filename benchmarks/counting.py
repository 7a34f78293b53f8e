"""How long counting tokens holds up an event loop: the lateness of a 1 ms timer while hard requests are counted.

Prints a table and fails if the 99th percentile of any of them is over the goal in each of three rounds, and over
twice what it is when nothing is counted. Other work on the machine makes some rounds late, a blocked loop all.
"""

import asyncio
import os
import platform
import secrets
import sys
import time
from collections.abc import Awaitable, Mapping
from typing import Any

from costproxy.tokens.counter import TokenCounter
from costproxy.tokens.image_table import packaged_images
from costproxy.tokens.part_cache import PartCache
from costproxy.tokens.prompt import PromptReader
from costproxy.tokens.prompt_count import Count
from costproxy.tokens.prompt_counter import PromptCounter

MODEL = "gpt-4o"
GOAL = 0.005  # seconds, of the 99th percentile
TICK = 0.001  # seconds
TICKS = 400  # of a round
ROUNDS = 3
PROSE = "The quick brown fox jumps over the lazy dog, and nobody knows why. "
PICTURE = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAZAAAAEsCAYAAADtt+XC"


def user(content: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": content}]}


def requests() -> Mapping[str, dict[str, Any]]:
    thread = [{"role": ("user", "assistant")[n % 2], "content": f"{n}: {PROSE * 20}"} for n in range(2000)]
    tools = [{"type": "function", "function": {"name": f"tool_{n}", "parameters": schema(20)}} for n in range(200)]
    return {
        "10 MB message": user(PROSE * (10_000_000 // len(PROSE))),
        "3 MB message": user(PROSE * (3_000_000 // len(PROSE))),
        "10 MB message of Chinese": user("\u5929\u5730\u7384\u9ec4" * (10_000_000 // 12)),
        "10 MB picture": user([{"type": "image_url", "image_url": {"url": PICTURE + "A" * 10_000_000}}]),
        "a million repeated characters": user("a" * 1_000_000),
        "a million spaces": user(" " * 1_000_000),
        "2000 new messages": {"messages": thread},
        "200 tools of 20 fields": {**user("hi"), "tools": tools},
    }


def schema(fields: int) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {f"field_{n}": {"type": "string", "description": PROSE} for n in range(fields)},
    }


async def lateness(during: Awaitable[Count]) -> tuple[list[float], float, Count]:
    """Return how late each tick was, in order of size, the seconds it took and what came out."""
    late: list[float] = []
    started = time.perf_counter()
    counting = asyncio.ensure_future(during)
    while not counting.done():
        due = time.perf_counter() + TICK
        await asyncio.sleep(TICK)
        late.append(time.perf_counter() - due)
    return sorted(late), time.perf_counter() - started, await counting


async def measure(counter: TokenCounter, request: Mapping[str, Any]) -> tuple[list[float], float, Count]:
    """Return the lateness of the ticks of the best round, in order of size, the quickest time and the count."""
    rounds = []
    for _ in range(ROUNDS):
        rounds.append(await one_round(counter, request))
        if p99(rounds[-1][0]) <= GOAL:
            break
    return min(rounds, key=lambda result: p99(result[0]))


async def one_round(counter: TokenCounter, request: Mapping[str, Any]) -> tuple[list[float], float, Count]:
    """Count again and again, with an empty memory each time, until there are `TICKS` ticks."""
    late: list[float] = []
    quickest = float("inf")
    while True:
        cache = PartCache(secret=secrets.token_bytes(32))
        prompts = PromptCounter(counter=counter, reader=PromptReader(images=packaged_images()), cache=cache)
        ticks, took, count = await lateness(prompts.count(request, MODEL))
        late += ticks
        quickest = min(quickest, took)
        if len(late) >= TICKS:
            return sorted(late), quickest, count


async def idle() -> Count:
    await asyncio.sleep(0.5)
    return Count()


def p99(late: list[float]) -> float:
    return late[int(len(late) * 0.99)]


async def main() -> int:
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}")
    print(f"{'request':32} {'idle p99':>8} {'p99 ms':>8} {'worst ms':>9} {'took ms':>8} {'tokens':>9}  gap")
    counter = TokenCounter()
    await counter.load()
    failed = False
    for name, request in requests().items():
        quiet, _, _ = await lateness(idle())
        late, took, count = await measure(counter, request)
        too_late = p99(late) > max(GOAL, 2 * p99(quiet))
        failed |= too_late
        times = f"{p99(quiet) * 1000:8.2f} {p99(late) * 1000:8.2f} {late[-1] * 1000:9.2f} {took * 1000:8.0f}"
        print(f"{name:32} {times} {count.tokens:9}  {count.gap or '-'}{'  TOO LATE' if too_late else ''}")
    counter.close()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
