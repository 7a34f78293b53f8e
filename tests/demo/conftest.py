import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from costproxy.demo.upstream import SimulatedUpstream

Peer = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def dial() -> AsyncIterator[Callable[[SimulatedUpstream], Awaitable[Peer]]]:
    """Open raw connections to a simulated upstream; all are closed after the test."""
    writers: list[asyncio.StreamWriter] = []

    async def open_one(upstream: SimulatedUpstream) -> Peer:
        reader, writer = await asyncio.open_connection("127.0.0.1", upstream.port)
        writers.append(writer)
        return reader, writer

    yield open_one
    for writer in writers:
        writer.transport.abort()
    await asyncio.gather(*(writer.wait_closed() for writer in writers), return_exceptions=True)
