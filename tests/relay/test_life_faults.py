"""A defect of the meter, or of whatever keeps a record, is counted, and never reaches a reply."""

import asyncio
import io
import json
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from costproxy.demo.plan import Hold
from costproxy.demo.upstream import SimulatedUpstream, always
from costproxy.meter import Meter
from costproxy.model import Exchange, Turn
from costproxy.recording.log import Log
from costproxy.recording.recorder import Recorder, Sink
from costproxy.relay.passage import Passage
from costproxy.relay.relay import Relay
from costproxy.wire import chat_request
from costproxy.wire.observer import Observer
from tests.support.chats import answer, chat_body, streamed
from tests.support.desk import running_relay
from tests.support.hearing import hear_out
from tests.support.proxy import running_proxy
from tests.support.raw import ask, dial, post
from tests.support.scrape import recorded
from tests.support.waiting import until

pytestmark = pytest.mark.timeout(20)


class Broken:
    """A sink and an announcer that fail."""

    def record(self, turn: Turn) -> None:
        raise RuntimeError("broken sink")

    def announce(self, **facts: object) -> None:
        raise RuntimeError("broken announcer")


class BrokenMeter(Meter):
    """A meter that fails when it is to make a turn."""

    def turn(self, exchange: Exchange) -> Turn:
        raise RuntimeError("broken meter")


class Kept:
    """A sink that keeps turns."""

    def __init__(self) -> None:
        self.turns: list[Turn] = []

    def record(self, turn: Turn) -> None:
        self.turns.append(turn)


def recorder(meter: Meter, sinks: Sequence[tuple[str, Sink]], failures: list[str], announce: object = None) -> Recorder:
    """Return a recorder of these parts."""
    return Recorder(meter, sinks, failures.append, announce=announce or (lambda **facts: None))


@asynccontextmanager
async def relay(upstream_url: str, desk: Recorder) -> AsyncIterator[tuple[str, Relay]]:
    """Run a relay with that recorder, and close both."""
    try:
        async with running_relay(upstream_url, desk) as (url, made):
            yield url, made
    finally:
        desk.close()


@pytest.mark.parametrize("streaming", [True, False], ids=["stream", "plain"])
@pytest.mark.parametrize("big", [True, False], ids=["in a thread", "on the loop"])
async def test_a_sink_that_fails_stops_neither_the_reply_nor_the_other_sinks(streaming: bool, big: bool) -> None:
    kept, failures = Kept(), []
    sinks: Sequence[tuple[str, Sink]] = (("first", Broken()), ("kept", kept), ("last", Broken()))
    desk = recorder(Meter(), sinks, failures)
    text = "x" * 300_000 if big else "x"
    plan = streamed(text) if streaming else answer(text)
    async with SimulatedUpstream(always(plan)) as up, relay(up.url, desk) as (url, _), dial(url) as client:
        for _ in range(2):
            assert (await client.ask(post(chat_body(stream=streaming)))).status == 200
        await until(lambda: failures == ["first", "last"] * 2)
    assert [turn.exchange.reply.usage.prompt for turn in kept.turns] == [10, 10]


async def test_a_meter_that_fails_touches_no_reply() -> None:
    kept, failures = Kept(), []
    desk = recorder(BrokenMeter(), (("kept", kept),), failures)
    async with SimulatedUpstream(always(streamed())) as up, relay(up.url, desk) as (url, made), dial(url) as client:
        for _ in range(3):
            assert (await client.ask(post(chat_body(stream=True)))).body.endswith(b"[DONE]\n\n")
        await until(lambda: failures == ["meter"] * 3)
        assert made.in_flight == {"default": 0}
    assert kept.turns == []


async def test_an_announcement_that_fails_touches_no_request() -> None:
    kept, failures = Kept(), []
    desk = recorder(Meter(), (("kept", kept),), failures, Broken().announce)
    async with SimulatedUpstream(always(answer())) as up, relay(up.url, desk) as (url, _):
        assert (await ask(url, post(chat_body()))).status == 200
        await until(lambda: kept.turns)
    assert kept.turns[0].outcome == "success"
    assert failures == ["metrics"]


@pytest.mark.parametrize("step", ["request_body", "read_request", "head", "body", "facts"])
@pytest.mark.parametrize("streaming", [True, False], ids=["stream", "plain"])
async def test_an_observer_that_fails_ends_the_metering_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, step: str, streaming: bool
) -> None:
    def fail(*facts: object) -> None:
        raise RuntimeError("broken observer")

    monkeypatch.setattr(Observer, step, fail)
    plan = streamed() if streaming else answer()
    async with SimulatedUpstream(always(plan)) as up, running_proxy(up.url) as proxy, dial(proxy.url) as client:
        for _ in range(2):
            reply = await client.ask(post(chat_body(stream=streaming)))
            assert reply.status == 200
            assert b"hi" in reply.body
            assert reply.body.endswith(b"[DONE]\n\n") or not streaming
        counted = await recorded(proxy, 2)
    assert counted.outcomes == {"success": 2}
    assert counted.by("costproxy_unmetered_total", "reason") == {"fault": 2}
    assert counted.total("costproxy_tokens_total") == 0


async def test_a_request_that_cannot_be_spliced_for_a_defect_is_sent_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(body: bytes) -> bytes:
        raise RuntimeError("broken splice")

    monkeypatch.setattr(chat_request, "ask_for_usage", fail)
    asked = chat_body(stream=True)
    async with SimulatedUpstream(always(streamed())) as up, running_proxy(up.url) as proxy:
        assert (await ask(proxy.url, post(asked))).status == 200
        assert up.requests[0].body == asked


async def test_a_defect_of_the_relay_itself_is_a_500_and_a_proxy_error(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(passage: Passage) -> None:
        raise RuntimeError("broken relay")

    monkeypatch.setattr(Passage, "run", fail)
    async with SimulatedUpstream(always(answer())) as up, running_proxy(up.url) as proxy, dial(proxy.url) as client:
        reply = await client.ask(post(chat_body()))
        counted = await recorded(proxy)
    assert reply.status == 500
    assert reply.header("x-costproxy-error") == b"proxy_fault"
    assert json.loads(reply.body)["error"]["code"] == "proxy_fault"
    assert counted.outcomes == {"proxy_error": 1}


async def test_a_defect_in_the_middle_of_a_reply_breaks_it_and_lets_go_of_the_upstream(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(passage: Passage) -> None:
        await until(lambda: passage.reply.bytes_in)
        raise RuntimeError("broken late")

    monkeypatch.setattr(Passage, "_wait_for_the_end", fail)
    half = (*streamed()[:-1], Hold())
    async with SimulatedUpstream(always(half)) as up, running_proxy(up.url) as proxy, dial(proxy.url) as client:
        await client.send(post(chat_body(stream=True)))
        heard = await hear_out(client)
        await asyncio.wait_for(up.requests[0].closed.wait(), 5)
        counted = await recorded(proxy)
    assert heard.data.startswith(b"HTTP/1.1 200 OK")
    assert not heard.data.endswith(b"0\r\n\r\n")
    assert counted.total("costproxy_requests_total", status="2xx") == 1


# -- the log --------------------------------------------------------------------------------------------------------


async def test_every_exchange_has_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    async with SimulatedUpstream(always(streamed())) as up, running_proxy(up.url) as proxy, dial(proxy.url) as client:
        for _ in range(20):
            await client.ask(post(chat_body(stream=True)))
        await recorded(proxy, 20)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    exchanges = [line for line in lines if line["event"] == "exchange"]
    assert len(exchanges) == 20
    assert len({line["exchange"] for line in exchanges}) == 20
    for line in exchanges:
        assert (line["prompt_tokens"], line["completion_tokens"], line["finish_reason"]) == (10, 5, "stop")
        assert (line["api"], line["status"], line["outcome"], line["level"]) == ("chat", 200, "success", "info")
        assert line["stream"] is True
        assert line["duration_ms"] >= line["overhead_ms"] > 0


class Stalled(io.StringIO):
    """A stream that takes nothing until it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.let = threading.Event()
        self.waiting = threading.Event()

    def write(self, text: str) -> int:
        self.waiting.set()
        self.let.wait()
        return super().write(text)


def test_a_stream_that_stalls_costs_lines_and_no_time() -> None:
    lost = 0

    def lose() -> None:
        nonlocal lost
        lost += 1

    stalled = Stalled()
    log = Log(level="info", form="json", on_drop=lose, stream=stalled)
    log.event("first")
    stalled.waiting.wait(5)
    for number in range(25_000):
        log.event("line", number=number)
    assert lost >= 10_000
    stalled.let.set()
    log.close()
    lines = [json.loads(line) for line in stalled.getvalue().splitlines()]
    assert len(lines) + lost == 25_001
    assert [line["number"] for line in lines[1:]] == list(range(len(lines) - 1))


class Gone(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError


async def test_a_stream_that_is_gone_fails_no_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", Gone())
    async with SimulatedUpstream(always(answer())) as up, running_proxy(up.url) as proxy:
        for _ in range(3):
            assert (await ask(proxy.url, post(chat_body()))).status == 200
        counted = await recorded(proxy, 3)
    assert counted.outcomes == {"success": 3}
