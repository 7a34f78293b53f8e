"""The demo: the proxy between simulated applications and a simulated API, until Ctrl-C."""

import asyncio
import contextlib
import shutil
import signal
import sys
import textwrap
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp

from costproxy.app import Proxy
from costproxy.demo.apps import all_apps
from costproxy.demo.provider import ChatProvider
from costproxy.demo.scoreboard import Score, line, tables
from costproxy.demo.upstream import SimulatedUpstream
from costproxy.settings import Settings, load_settings

_REDRAW_SECONDS = 0.5
_PRINT_SECONDS = 5.0
_SEED = 1

_WELCOME = """\
costproxy demo: simulated applications talk through the proxy to a simulated API. No key, no network.

  proxy     {url}  (an application sets base_url to {url}/v1)
  page      {admin}/  (what conversations cost and how full they are, live)
  metrics   {admin}/metrics

The applications:
{apps}

Try, in another terminal:
  curl {url}/v1/models
  curl {url}/v1/chat/completions -H 'content-type: application/json' \\
    -d '{{"model": "gpt-4o-mini", "messages": [{{"role": "user", "content": "Hello"}}]}}'
  curl -s {admin}/metrics | grep costproxy_conversation_

{ending}
"""


def main(*, host: str, port: int, admin_host: str, admin_port: int, seconds: float | None, speed: float) -> int:
    """Run the demo for `seconds`, or until Ctrl-C or SIGTERM if that is None; return the exit code.

    At `speed` 2 everything happens twice as fast; a port of 0 takes a free one.

    Raises:
        StartError: a port is taken, or a host is not ours.
    """
    addresses: dict[str, object] = {
        "host": host,
        "port": port,
        "admin_host": admin_host,
        "admin_port": admin_port,
    }
    with contextlib.suppress(KeyboardInterrupt):  # where signals cannot be handled in the loop
        asyncio.run(_run(addresses, seconds, speed))
    return 0


async def _run(addresses: dict[str, object], seconds: float | None, speed: float) -> None:
    stop = _stop_signal()
    async with (
        SimulatedUpstream(ChatProvider(seed=_SEED, speed=speed)) as upstream,
        Proxy(_settings(upstream.url, addresses)) as proxy,
    ):
        print(_welcome(proxy.url, proxy.admin_url, seconds), flush=True)
        async with _at_work(f"{proxy.url}/v1", speed), aiohttp.ClientSession() as session:
            await _watch(lambda: _scrape(session, proxy.admin_url), stop, seconds)


def _settings(upstream: str, addresses: dict[str, object]) -> Settings:
    # The demo's rejections and broken replies are warnings in the log; here the score tells of them. What is made up
    # has no place in anybody's ledger.
    env = {"COSTPROXY_UPSTREAM_DIALECT": "openai"}  # whose API it simulates
    told = {"upstream": upstream, "log_level": "error", "ledger_enabled": False}
    return load_settings(file=None, env=env, flags={**told, **addresses})


def _welcome(url: str, admin: str, seconds: float | None) -> str:
    width = max(len(app.name) for app in all_apps())
    apps = "\n".join(f"{app.name:{width}}  {app.purpose}" for app in all_apps())
    ending = "Ctrl-C ends it." if seconds is None else f"It ends after {seconds:g} seconds, or at Ctrl-C."
    return _WELCOME.format(url=url, admin=admin, apps=textwrap.indent(apps, "  "), ending=ending)


def _stop_signal() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):  # not Unix, not the main thread
            loop.add_signal_handler(number, stop.set)
    return stop


@contextlib.asynccontextmanager
async def _at_work(base_url: str, speed: float) -> AsyncIterator[None]:
    """Keep all applications at work; one that breaks ends the demo."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(app.run(base_url, speed=speed, seed=_SEED)) for app in all_apps()]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


async def _watch(scrape: Callable[[], Awaitable[Score]], stop: asyncio.Event, seconds: float | None) -> None:
    """Show the score until the end, then tables of it, taken while the applications are still at work."""
    clock = asyncio.get_running_loop().time
    started = clock()
    terminal = sys.stdout.isatty()
    interval = _REDRAW_SECONDS if terminal else _PRINT_SECONDS
    while not stop.is_set() and (seconds is None or clock() - started < seconds):
        left = interval if seconds is None else min(interval, max(0.0, started + seconds - clock()))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), left)
        _show(line(await scrape(), clock() - started), terminal=terminal)
    if terminal:
        print()  # off the line that was redrawn
    print("", *tables(await scrape()), sep="\n", flush=True)


def _show(text: str, *, terminal: bool) -> None:
    if terminal:
        columns = shutil.get_terminal_size().columns
        print(f"\r{text[: columns - 1]}\x1b[K", end="", flush=True)
    else:
        print(text, flush=True)


async def _scrape(session: aiohttp.ClientSession, admin_url: str) -> Score:
    async with session.get(f"{admin_url}/metrics") as reply:
        return Score.read(await reply.text())
