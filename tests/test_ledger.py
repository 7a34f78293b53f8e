"""A running proxy keeps its ledger: the sums are those of the counters, and a restart splits no conversation."""

import json
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from costproxy.demo.upstream import SimulatedUpstream
from costproxy.recording.ledger import Question, SqliteReader
from tests.support.process import Served, served
from tests.support.provider import Provider
from tests.support.proxy import running_proxy
from tests.support.raw import RawClient, ask, dial, post
from tests.support.scrape import recorded, scrape
from tests.support.waiting import until
from tests.test_secrets import CANARY, by_header, say_everything

pytestmark = pytest.mark.timeout(90)

FILE = Path("ledger") / "ledger.sqlite"


def turns(count: int, topic: str = "weather") -> Sequence[Mapping[str, Any]]:
    """Return what the user of a conversation says."""
    return [{"role": "user", "content": f"What about the {topic} number {number}?"} for number in range(count)]


async def converse(client: RawClient, questions: Sequence[Mapping[str, Any]], history: list[Any]) -> None:
    for question in questions:
        history.append(question)
        body = json.dumps({"model": "gpt-4o", "messages": history}).encode()
        answer = await client.ask(post(body))
        assert answer.status == 200
        history.append(json.loads(answer.body)["choices"][0]["message"])


def ids(path: Path) -> list[tuple[str, int]]:
    return [(row["conversation"], row["turn"]) for row in SqliteReader(path).export(Question())]


async def in_the_file(path: Path, count: int) -> None:
    reader = SqliteReader(path)
    await until(lambda: path.exists() and sum(each.requests for each in reader.spend(Question())) == count, within=15)


@pytest.mark.parametrize("how", ["kill", "terminate"])
async def test_a_restart_splits_no_conversation(tmp_path: Path, how: str) -> None:
    data, history = tmp_path / "data", []
    async with SimulatedUpstream(Provider()) as up:
        for number in range(3):
            async with served(up.url, "--data-dir", str(data), home=tmp_path) as proxy, dial(proxy.url) as client:
                await converse(client, turns(2, f"{number}"), history)
                if how == "kill":
                    await in_the_file(data / FILE, 2 * number + 2)
                    proxy.process.kill()
                else:
                    proxy.terminate()
                    assert await proxy.ended() == 0
                    assert await proxy.errors() == ""
    found = ids(data / FILE)
    assert [turn for _, turn in found] == [1, 2, 3, 4, 5, 6]
    assert len({conversation for conversation, _ in found}) == 1
    verdicts = [row["verdict"] for row in SqliteReader(data / FILE).export(Question())]
    assert verdicts == ["new", *["continue"] * 5]


async def test_the_ledger_has_what_the_counters_have(tmp_path: Path) -> None:
    async with SimulatedUpstream(Provider()) as up, running_proxy(up.url, data_dir=tmp_path) as proxy:
        async with dial(proxy.url) as client:
            for number in range(5):
                await converse(client, turns(4, f"{number}"), [])
        await recorded(proxy, 20)
        counted = await scrape(proxy)
    found = SqliteReader(tmp_path / FILE).spend(Question())
    assert sum(each.requests for each in found) == counted.requests == 20
    assert sum(each.prompt + each.completion for each in found) == counted.total("costproxy_tokens_total")
    cost = sum(each.cost for each in found)
    assert cost == pytest.approx(counted.total("costproxy_cost_usd_total") * 1e12)
    assert cost > 0


async def test_it_is_in_the_place_of_the_platform_unless_it_is_told(tmp_path: Path) -> None:
    env = {"XDG_STATE_HOME": str(tmp_path / "state")}
    async with SimulatedUpstream(Provider()) as up, served(up.url, home=tmp_path, env=env) as proxy:
        proxy.terminate()
        assert await proxy.ended() == 0
    folder = tmp_path / "state" / "costproxy" / "ledger"
    assert {each.name for each in folder.iterdir()} == {"ledger.sqlite", "secret"}
    assert stat.S_IMODE((folder / "secret").stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / "ledger.sqlite").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    (told,) = [line for line in proxy.lines if line["event"] == "ledger"]
    assert told["file"] == str(folder / "ledger.sqlite")


async def test_it_can_be_turned_off(tmp_path: Path) -> None:
    env = {"COSTPROXY_LEDGER_ENABLED": "false", "COSTPROXY_DATA_DIR": str(tmp_path / "data")}
    async with SimulatedUpstream(Provider()) as up, served(up.url, home=tmp_path, env=env) as proxy:
        await asked(proxy)
    assert [each for each in files_below(tmp_path) if "ledger" in each.name] == []


@pytest.mark.parametrize("obstacle", ["a file in its place", "no home"])
async def test_a_ledger_that_cannot_be_kept_stops_nothing(tmp_path: Path, obstacle: str) -> None:
    (tmp_path / "data").write_text("no directory")
    env = {"HOME": ""} if obstacle == "no home" else {"COSTPROXY_DATA_DIR": str(tmp_path / "data")}
    async with SimulatedUpstream(Provider()) as up, served(up.url, home=tmp_path, env=env) as proxy:
        await asked(proxy)
        proxy.terminate()
        assert await proxy.ended() == 0
        assert await proxy.errors() == ""
    warnings = [line for line in proxy.lines if line["event"] == "ledger" and line["level"] == "warning"]
    assert warnings != []


async def asked(proxy: Served) -> None:
    body = json.dumps({"model": "gpt-4o", "messages": turns(1)}).encode()
    assert (await ask(proxy.url, post(body))).status == 200


async def test_no_word_of_the_traffic_is_in_any_file(tmp_path: Path) -> None:
    env = {"COSTPROXY_UPSTREAM_IDLE_TIMEOUT": "0.2", "COSTPROXY_DATA_DIR": str(tmp_path / "data")}
    async with SimulatedUpstream(by_header) as up, served(up.url, home=tmp_path, env=env) as proxy:
        count = await say_everything(proxy)
        await in_some(tmp_path / "data" / FILE, count)
        files = files_below(tmp_path)
        assert any(each.name == "ledger.sqlite-wal" for each in files)
        assert [each for each in files if CANARY.lower().encode() in each.read_bytes().lower()] == []
        proxy.terminate()
        assert await proxy.ended() == 0
    assert [each for each in files if each.exists() and CANARY.lower().encode() in each.read_bytes().lower()] == []


def files_below(folder: Path) -> list[Path]:
    return [each for each in folder.rglob("*") if each.is_file()]


async def in_some(path: Path, count: int) -> None:
    reader = SqliteReader(path)
    await until(lambda: path.exists() and sum(each.requests for each in reader.spend(Question())) >= count, within=15)
