import asyncio
from collections.abc import Callable, Mapping
from types import MappingProxyType

import pytest
import uvloop

from tests.support.fast_clock import FastClockLoop

LoopFactory = Callable[[], asyncio.AbstractEventLoop]

# `serve` takes uvloop; Windows, and who embeds a Proxy, has the other.
LOOPS: Mapping[str, LoopFactory] = MappingProxyType(
    {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop, "fast_clock": FastClockLoop}
)


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> Mapping[str, LoopFactory]:
    """Offer all loops to tests that ask by `@pytest.mark.asyncio(loop_factories=[...])`, the usual one to others."""
    marker = item.get_closest_marker("asyncio")
    asked = marker is not None and "loop_factories" in marker.kwargs
    return LOOPS if asked else {"asyncio": LOOPS["asyncio"]}
