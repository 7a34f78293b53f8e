"""Waiting for things to become true, never for time to pass."""

import asyncio
from collections.abc import Callable

from costproxy.app import Proxy
from tests.support.scrape import Scrape, scrape_until

_EVERY = 0.005  # seconds between looks


async def until(holds: Callable[[], object], *, within: float = 5.0) -> None:
    """Wait until `holds` is true.

    Raises:
        TimeoutError: it was not within that many seconds.
    """
    async with asyncio.timeout(within):
        while not holds():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(_EVERY)


async def under_way(proxy: Proxy, count: int = 1, *, within: float = 5.0) -> Scrape:
    """Wait until the proxy has that many requests in its hands.

    Raises:
        AssertionError: it had not within that many seconds.
    """
    return await scrape_until(proxy, lambda seen: seen.in_flight == count, within=within)
