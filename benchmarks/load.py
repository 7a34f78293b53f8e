"""What the load generator does on connections that are open: closed loops, fixed times, streams."""

import asyncio
from collections.abc import Coroutine, Iterable, Iterator, Sequence
from typing import Any

from benchmarks.client import Client
from benchmarks.errors import BenchError
from benchmarks.frames import EXTRA_EVENTS


async def in_a_closed_loop(clients: Sequence[Client], requests: Sequence[Iterator[bytes]], count: int) -> None:
    """Send `count` requests, each client its own ones and the next when it has its answer."""
    numbers = iter(range(count))  # shared, so that no client waits for a slower one at the end

    async def talk(client: Client, own: Iterator[bytes]) -> None:
        for _ in numbers:
            await client.exchange(next(own))

    await _all(talk(client, own) for client, own in zip(clients, requests, strict=True))


async def at_fixed_times(
    clients: Sequence[Client], requests: Sequence[Iterator[bytes]], count: int, rate: float
) -> list[float]:
    """Send `count` requests, `rate` a second, spread over the clients; return the seconds each took."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    took: list[float] = []

    async def talk(first: int, client: Client, own: Iterator[bytes]) -> None:
        for number in range(first, count, len(clients)):
            await asyncio.sleep(start + number / rate - loop.time())
            took.append((await client.exchange(next(own))).seconds)

    await _all(talk(first, *pair) for first, pair in enumerate(zip(clients, requests, strict=True)))
    return took


async def streaming(clients: Sequence[Client], requests: Iterator[bytes], *, chunks: int, each: int) -> None:
    """Have every client ask for `each` streams, one after the other, and see that no event is missing.

    Raises:
        BenchError: one is.
    """

    async def listen(client: Client) -> None:
        for _ in range(each):
            reply = await client.exchange(next(requests))
            if reply.events != chunks + EXTRA_EVENTS:
                raise BenchError(f"expected a stream of {chunks + EXTRA_EVENTS} events, found {reply.events}")

    await _all(listen(client) for client in clients)


async def _all(talks: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Run them at once; the first that fails ends the others.

    Raises:
        BenchError: one has failed.
    """
    try:
        async with asyncio.TaskGroup() as group:
            for talk in talks:
                group.create_task(talk)
    except ExceptionGroup as several:
        raise several.exceptions[0] from None
