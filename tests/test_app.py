"""One running proxy: it starts on free ports, says why it cannot, and leaves nothing behind."""

import asyncio
import json
import socket
import threading
from pathlib import Path

import pytest

from costproxy.app import Proxy, StartError
from costproxy.demo.upstream import SimulatedUpstream, always
from costproxy.settings import load_settings
from tests.support.chats import answer, chat_body
from tests.support.proxy import proxy_settings, running_proxy
from tests.support.raw import ask, post
from tests.support.scrape import recorded

pytestmark = pytest.mark.timeout(20)

NOWHERE = "http://127.0.0.1:9"


async def test_a_free_port_is_found_and_told() -> None:
    async with SimulatedUpstream(always(answer())) as up, running_proxy(up.url) as proxy:
        assert proxy.ready
        assert repr(proxy) == f"<Proxy {proxy.url}>"
        assert (await ask(proxy.url, post(chat_body()))).status == 200
        await recorded(proxy)
    assert not proxy.ready


@pytest.mark.parametrize("port", ["port", "admin_port"])
async def test_a_busy_port_is_told_and_nothing_stays_behind(port: str) -> None:
    threads = threading.active_count()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        with pytest.raises(StartError) as refused:
            async with running_proxy(NOWHERE, **{port: number}):
                pass
    section = "listen" if port == "port" else "admin"
    assert str(refused.value) == (
        f"{section}: expected an address that is free and ours, found 127.0.0.1:{number} (address already in use);"
        " choose another port or host, or 0 for a free port"
    )
    assert threading.active_count() == threads


async def test_a_host_that_is_not_ours_is_told() -> None:
    with pytest.raises(StartError, match=r"^listen: .* found 203\.0\.113\.1:0"):
        async with running_proxy(NOWHERE, host="203.0.113.1"):
            pass


async def test_a_file_of_authorities_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(StartError, match=r"^ca_file: expected a readable PEM file, found "):
        async with running_proxy("https://127.0.0.1:9", upstream_ca_file=str(tmp_path / "ca.pem")):
            pass


async def test_starting_does_not_talk_to_the_upstream() -> None:
    async with SimulatedUpstream(always(answer())) as up, running_proxy(up.url):
        pass
    assert up.connections == 0


async def test_two_proxies_in_one_process_count_apart() -> None:
    async with SimulatedUpstream(always(answer())) as up, running_proxy(up.url) as one, running_proxy(up.url) as two:
        await ask(one.url, post(chat_body()))
        await recorded(one, 1)
        await recorded(two, 0)


async def test_a_proxy_may_stand_before_a_proxy() -> None:
    async with SimulatedUpstream(always(answer())) as up, running_proxy(up.url) as far, running_proxy(far.url) as near:
        assert (await ask(near.url, post(chat_body()))).status == 200
        for proxy in (near, far):
            assert (await recorded(proxy)).total("costproxy_tokens_total") == 15


async def test_threads_and_tasks_end_with_the_proxy() -> None:
    threads, tasks = threading.active_count(), len(asyncio.all_tasks())
    async with SimulatedUpstream(always(answer())) as up:
        async with running_proxy(up.url) as proxy:
            await ask(proxy.url, post(chat_body(text="x" * 500_000)))
            await recorded(proxy)
        await up.emptied()
    await asyncio.get_running_loop().shutdown_default_executor()
    assert threading.active_count() == threads
    assert len(asyncio.all_tasks()) == tasks


async def test_what_runs_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    async with running_proxy(f"{NOWHERE}/v1") as proxy:
        pass
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["event"] for line in lines] == ["settings", "listening", "upstream", "stopped"]
    notice, listening, upstream, _ = lines
    assert '"/v1" at the end was left off' in notice["notice"]
    assert (listening["url"], listening["admin_url"]) == (proxy.url, proxy.admin_url)
    assert (upstream["upstream"], upstream["mount"], upstream["url"]) == ("default", "/", NOWHERE)


def test_making_a_proxy_opens_nothing() -> None:
    proxy = Proxy(proxy_settings(NOWHERE))
    assert repr(proxy) == "<Proxy not started>"
    assert not proxy.ready


def test_admin_and_traffic_are_on_loopback_unless_set() -> None:
    settings = load_settings(file=None, env={}, flags={})
    assert (settings.admin.host, settings.listen.host) == ("127.0.0.1", "127.0.0.1")
