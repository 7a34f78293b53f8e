"""The event loop never stalls: heavy bodies and heavy scrapes delay neither health checks nor other streams."""

import asyncio
import base64
import json
import random
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from costproxy.demo.plan import Plan
from costproxy.demo.seen import SeenRequest
from costproxy.demo.upstream import SimulatedUpstream
from tests.support.chats import answer, chat_body
from tests.support.child import bare_environment
from tests.support.prober import EVERY
from tests.support.process import Served, served
from tests.support.proxy import settings_file
from tests.support.raw import dial, post, request
from tests.support.scrape import scrape_until

pytestmark = [pytest.mark.serial, pytest.mark.timeout(120)]

MODELS, APPS = 200, 5
PAUSE = 0.5  # seconds between two heavy requests of a kind
SECONDS = 3.0  # of one measurement
ATTEMPTS = 3  # the machine may have other things to do; a stalling loop stalls each time
WORDS = [{"role": "user", "content": f"word {number} " * 20} for number in range(45_000)]
IMAGE = base64.b64encode(random.Random(0).randbytes(7_500_000)).decode()
HEAVY = {
    "10 MB of JSON, streamed": chat_body(stream=True, messages=WORDS),
    "a 10 MB image": chat_body(
        messages=[
            {
                "role": "user",
                "content": [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{IMAGE}"}}],
            }
        ]
    ),
    "a million letters": chat_body(text="a" * 1_000_000),
}


class Prober:
    """The process that measures."""

    def __init__(self, process: Process, upstream: str) -> None:
        self._process = process
        self.upstream = upstream

    async def measure(self, proxy: Served) -> Mapping[str, Mapping[str, float]]:
        """Return what was measured of the proxy's `stream` and `health`, in seconds."""
        assert self._process.stdin is not None
        order = {"url": proxy.url, "admin_url": proxy.admin_url, "seconds": SECONDS}
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        return await told(self._process)


async def told(process: Process) -> Any:
    assert process.stdout is not None
    return json.loads(await process.stdout.readline())


@asynccontextmanager
async def probing(home: Path) -> AsyncIterator[Prober]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.prober"), stdin=PIPE, stdout=PIPE, env=bare_environment(home)
    )
    try:
        yield Prober(process, (await told(process))["upstream"])
    finally:
        process.kill()
        await process.communicate()


def known_model(seen: SeenRequest) -> Plan:
    return answer(model=(seen.header("x-model") or b"heavy").decode())


async def fill(proxy: Served) -> None:
    """Use as many label sets as the default caps allow."""
    async with dial(proxy.url) as client:
        for number in range(MODELS * APPS):
            model, app = b"m%d" % (number % MODELS), b"app-%d" % (number // MODELS)
            asked = chat_body(model=model.decode())
            assert (await client.ask(post(asked, (b"x-model", model), (b"x-costproxy-app", app)))).status == 200
    counted = await scrape_until(proxy, lambda seen: seen.requests == MODELS * APPS)
    assert len(counted.samples) > 25_000


async def keep_asking(url: str, asked: bytes) -> None:
    async with dial(url) as client:
        while True:
            assert (await client.ask(asked)).status == 200
            await asyncio.sleep(PAUSE)


async def test_heavy_bodies_and_scrapes_at_once_delay_nobody_else(tmp_path: Path) -> None:
    found = []
    async with probing(tmp_path) as prober, SimulatedUpstream(known_model) as up:
        file = settings_file(tmp_path, mounts={"ticks": prober.upstream})
        async with served(up.url, "--config", str(file), home=tmp_path) as proxy:
            await fill(proxy)
            load = [asyncio.create_task(keep_asking(proxy.url, post(body))) for body in HEAVY.values()]
            load.append(asyncio.create_task(keep_asking(proxy.admin_url, request("GET", "/metrics"))))
            for _ in range(ATTEMPTS):
                measured = await prober.measure(proxy)
                found.append(measured)
                assert not any(each.done() for each in load)
                if measured["health"]["p99"] < 0.05 and measured["stream"]["p99"] + EVERY < 0.1:
                    break
            else:
                pytest.fail(f"expected health p99 < 50 ms and gaps in the stream < 100 ms, found {found}")
            for each in load:
                each.cancel()
            await asyncio.gather(*load, return_exceptions=True)
