"""costproxy as a process: signals, exit codes, and an environment that is not what it should be."""

import asyncio
import signal
import socket
import time
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from costproxy.demo.plan import Hold, Plan, Until
from costproxy.demo.replies import stream
from costproxy.demo.upstream import SimulatedUpstream, always
from tests.support.chats import answer, chat_body, stream_frames
from tests.support.hearing import hear_out
from tests.support.process import Served, served, start
from tests.support.raw import RawClient, ask, dial, post
from tests.support.scrape import scrape, scrape_until
from tests.support.waiting import until

pytestmark = pytest.mark.timeout(60)

NOWHERE = "http://127.0.0.1:9"


def held_until(event: asyncio.Event) -> Plan:
    *before, last = stream(stream_frames())
    return (*before[:3], Until(event), *before[3:], last)


async def begun(client: RawClient) -> None:
    await client.send(post(chat_body(stream=True)))
    await client.final_head()


async def winding_down(proxy: Served) -> None:
    async with asyncio.timeout(10):
        while await proxy.status("/readyz") != 503:  # noqa: ASYNC110 - another process tells by this alone
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
async def test_a_signal_lets_streams_finish_and_counts_them(tmp_path: Path, number: signal.Signals) -> None:
    first, second = asyncio.Event(), asyncio.Event()
    plans = [held_until(first), held_until(second)]
    async with AsyncExitStack() as stack:
        up = await stack.enter_async_context(SimulatedUpstream(lambda _: plans.pop(0)))
        proxy = await stack.enter_async_context(served(up.url, home=tmp_path))
        clients = [await stack.enter_async_context(dial(proxy.url)) for _ in plans]
        for client in clients:
            await begun(client)
        proxy.process.send_signal(number)
        await winding_down(proxy)
        assert await proxy.status("/healthz") == 200
        with pytest.raises(ConnectionRefusedError):
            await ask(proxy.url, post(chat_body()))
        first.set()
        assert (await hear_out(clients[0])).data.endswith(b"[DONE]\n\n\r\n0\r\n\r\n")
        counted = await scrape_until(proxy, lambda seen: seen.requests == 1)
        assert counted.total("costproxy_tokens_total") == 15
        assert counted.in_flight == 1
        second.set()
        assert (await hear_out(clients[1])).data.endswith(b"[DONE]\n\n\r\n0\r\n\r\n")
        assert await proxy.ended() == 0
        assert await proxy.errors() == ""
    assert [(line["outcome"], line["prompt_tokens"]) for line in proxy.exchanges()] == [("success", 10)] * 2
    assert proxy.lines[-1]["event"] == "stopped"


async def test_a_second_signal_ends_the_waiting(tmp_path: Path) -> None:
    async with (
        SimulatedUpstream(always((Hold(),))) as up,
        served(up.url, home=tmp_path) as proxy,
        dial(proxy.url) as client,
    ):
        await client.send(post(chat_body()))
        await up.arrived()
        proxy.terminate()
        await winding_down(proxy)
        proxy.terminate()
        assert await asyncio.wait_for(proxy.ended(), 10) == 0
        await up.emptied()
        assert await proxy.errors() == ""
    assert [(line["outcome"], line["ending"]) for line in proxy.exchanges()] == [("proxy_error", "shutdown")]


async def test_when_the_grace_is_over_the_rest_is_cut_and_recorded(tmp_path: Path) -> None:
    never = asyncio.Event()
    async with (
        SimulatedUpstream(always(held_until(never))) as up,
        served(up.url, home=tmp_path, env={"COSTPROXY_SHUTDOWN_GRACE": "0.3"}) as proxy,
        dial(proxy.url) as client,
    ):
        await begun(client)
        proxy.terminate()
        heard = await hear_out(client)
        assert await proxy.ended() == 0
        assert await proxy.errors() == ""
    assert b"[DONE]" not in heard.data
    assert not heard.data.endswith(b"0\r\n\r\n")
    assert [(line["outcome"], line["ending"]) for line in proxy.exchanges()] == [("proxy_error", "shutdown")]


async def test_without_anything_under_way_it_ends_at_once(tmp_path: Path) -> None:
    async with served(NOWHERE, home=tmp_path) as proxy:
        proxy.terminate()
        assert await asyncio.wait_for(proxy.ended(), 10) == 0
        assert await proxy.errors() == ""


# -- what it says when it cannot start ------------------------------------------------------------------------------

UNUSABLE = {
    "a typo": (
        "[listen]\nprot = 1\n",
        'costproxy.toml:2: listen.prot: expected one of host, port (did you mean "port"?)',
    ),
    "an unset variable": ('[upstream]\nurl = "${NOT_SET}"\n', "costproxy.toml:2: upstream.url: expected "),
    "a wrong type": ("[listen]\nport = true\n", "costproxy.toml:2: listen.port: expected a whole number"),
    "an unknown section": ("[budgets]\n", "costproxy.toml:1: budgets: expected one of "),
    "no TOML": ("[listen\n", "costproxy.toml"),
}


@pytest.mark.parametrize(("text", "told"), UNUSABLE.values(), ids=UNUSABLE)
async def test_unusable_settings_end_it_with_2_and_name_the_place(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "costproxy.toml").write_text(text)
    running = await start("serve", "--config", "costproxy.toml", home=tmp_path)
    try:
        assert await running.ended() == 2
        errors = await running.errors()
    finally:
        await running.close()
    assert told in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize("flag", ["--port", "--admin-port"])
async def test_a_busy_port_ends_it_with_1_and_is_named(tmp_path: Path, flag: str) -> None:
    flags = {"--port": "0", "--admin-port": "0"}
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        flags[flag] = str(taken.getsockname()[1])
        words = [word for pair in flags.items() for word in pair]
        running = await start("serve", "--upstream", NOWHERE, *words, home=tmp_path)
        try:
            assert await running.ended() == 1
            errors = await running.errors()
        finally:
            await running.close()
    assert f"127.0.0.1:{flags[flag]} (address already in use); choose another port" in errors
    assert "Traceback" not in errors


# -- a log that nobody reads ----------------------------------------------------------------------------------------


async def test_a_log_that_nobody_reads_stalls_neither_traffic_nor_the_end(tmp_path: Path) -> None:
    async with (
        SimulatedUpstream(always(answer())) as up,
        served(up.url, home=tmp_path, reading=False) as proxy,
    ):
        async with dial(proxy.url) as client:
            for _ in range(1500):  # some 700 kB of log, where a pipe and its reader hold 200
                assert (await client.ask(post(chat_body()))).status == 200
        assert (await scrape(proxy)).requests == 1500
        proxy.terminate()
        await until(lambda: proxy.process.returncode is not None, within=20)
        assert proxy.process.returncode == 0


async def test_a_log_whose_reader_is_gone_stops_nothing(tmp_path: Path) -> None:
    async with SimulatedUpstream(always(answer())) as up, served(up.url, home=tmp_path, reading=False) as proxy:
        proxy.hang_up()
        async with dial(proxy.url) as client:
            for _ in range(300):
                assert (await client.ask(post(chat_body()))).status == 200
        counted = await scrape_until(proxy, lambda seen: seen.total("costproxy_record_failures_total", sink="log"))
        assert counted.requests == 300
        proxy.terminate()
        assert await proxy.ended() == 0
        assert await proxy.errors() == ""


# -- alone in the world ---------------------------------------------------------------------------------------------

WATCHED = """
import sys
import uvloop

told = open(sys.argv.pop(1), "a", buffering=1)

def audit(event, args):
    if event in ("socket.getaddrinfo", "socket.gethostbyname"):
        told.write(f"name {args[0]}\\n")
    elif event in ("socket.connect", "socket.sendto"):
        told.write(f"connect {args[1]!r}\\n")
    elif event in ("subprocess.Popen", "os.system", "urllib.Request"):
        told.write(f"{event} {args!r}\\n")

class Watched(uvloop.Loop):
    async def getaddrinfo(self, host, *args, **kwargs):
        told.write(f"name {host}\\n")
        return await super().getaddrinfo(host, *args, **kwargs)

sys.addaudithook(audit)
uvloop.new_event_loop = Watched
from costproxy.cli import main
sys.exit(main())
"""


async def test_nothing_is_looked_up_or_called_but_the_upstream(tmp_path: Path) -> None:
    watched = tmp_path / "watched.txt"
    command = ("-W", "error", "-c", WATCHED, str(watched))
    async with SimulatedUpstream(always(stream(stream_frames()))) as up:
        url = f"http://localhost:{up.port}"
        async with served(url, home=tmp_path, command=command) as proxy:
            for model in ("gpt-4o", "claude-sonnet-4", "nobody-knows-this-one"):
                for streaming in (True, False):
                    await ask(proxy.url, post(chat_body(stream=streaming, model=model)))
            await ask(proxy.url, post(chat_body(), target="/v1/responses"))
            await scrape(proxy)
            proxy.terminate()
            assert await proxy.ended() == 0
    told = set(watched.read_text().splitlines())
    assert {line for line in told if line.startswith("name ")} == {"name localhost", "name 127.0.0.1"}
    allowed = {f"connect ('127.0.0.1', {up.port})", f"connect ('::1', {up.port}, 0, 0)"}
    assert {line for line in told if not line.startswith("name ")} <= allowed


@pytest.mark.serial
async def test_it_is_ready_within_two_seconds(tmp_path: Path) -> None:
    took = []
    for _ in range(3):
        began = time.monotonic()
        async with served(NOWHERE, home=tmp_path) as proxy:
            await proxy.answering()
            took.append(time.monotonic() - began)
    assert min(took) < 2.0, took
