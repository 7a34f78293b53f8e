"""Why requests did not succeed, as a running proxy tells it: every recorded refusal, and all other ways to fail."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from costproxy.app import Proxy
from costproxy.demo.plan import Close, Hold, Plan, Reset
from costproxy.demo.replies import json_reply, reply, stream
from costproxy.demo.upstream import SimulatedUpstream, always
from costproxy.model import Failure, Outcome, Turn
from tests.support.chats import chat_body, stream_frames, streamed
from tests.support.data import Recording, recordings
from tests.support.hearing import hear_out
from tests.support.proxy import proxy_settings, running_proxy
from tests.support.raw import ask, dial, post, request
from tests.support.recorded_headers import limit_headers
from tests.support.waiting import under_way, until
from tests.support.watching import Watch
from tests.vectors.conftest import MOUNTED, mount_of

pytestmark = pytest.mark.timeout(30)

_PATHS = {"responses": "responses", "messages": "messages"}


class Told(NamedTuple):
    """What the proxy is to say of an exchange."""

    outcome: Outcome
    failure: Failure
    reason: str | None = None  # of `rate_limited_total`


KEY = Told(Outcome.CLIENT_ERROR, Failure.AUTHENTICATION)
BAD = Told(Outcome.CLIENT_ERROR, Failure.BAD_REQUEST)
MISSING = Told(Outcome.CLIENT_ERROR, Failure.NOT_FOUND)
TOO_LONG = Told(Outcome.CONTEXT_EXCEEDED, Failure.CONTEXT_EXCEEDED)
BROKEN = Told(Outcome.UPSTREAM_ERROR, Failure.SERVER)
BUSY = Told(Outcome.UPSTREAM_ERROR, Failure.OVERLOADED)
REQUESTS = Told(Outcome.RATE_LIMITED, Failure.RATE_REQUESTS, "requests")
TOKENS = Told(Outcome.RATE_LIMITED, Failure.RATE_TOKENS, "tokens")
ROUTED = Told(Outcome.RATE_LIMITED, Failure.RATE_UPSTREAM, "upstream")
NAMELESS = Told(Outcome.RATE_LIMITED, Failure.RATE_OTHER, "unknown")
MONEY = Told(Outcome.RATE_LIMITED, Failure.QUOTA, "quota")
# A recorded refusal -> what somebody who reads its body, and nothing of our code, says that it is.
READ: Mapping[str, Told] = {
    "anthropic/o01-error-400": BAD,  # 10,000,002 bytes of text, 9,000,000 are allowed
    "anthropic/o02-error-429": TOKENS,  # 50,000 input tokens per minute; wait 4 s
    "anthropic/o03-error-529": BUSY,
    "anthropic/o04-error-401": KEY,
    "anthropic/o05-error-400": BAD,  # an effort that the model does not have
    "anthropic/o06-error-401": KEY,
    "anthropic/o10-sse-inlineerror-nousage": BUSY,  # inside a 200
    "azure/o01-error-429": NAMELESS,  # "have exceeded rate limit"
    "azure/o02-error-413": Told(Outcome.CLIENT_ERROR, Failure.OVERSIZED),  # more bytes than the gateway takes
    "azure/o03-error-429": TOKENS,  # "have exceeded token rate limit"
    "azure/o04-error-500": BROKEN,
    "azure/o05-error-408": Told(Outcome.UPSTREAM_TIMEOUT, Failure.TIMEOUT),
    "azure/o06-error-401": KEY,
    "azure/o07-error-400": BAD,  # an image in a tool's message
    "cerebras/o01-error-429": REQUESTS,  # its code says quota, its message requests per second
    "cohere/o01-error-400": TOO_LONG,
    "cohere/o02-error-401": KEY,
    "deepseek/o01-error-400": BAD,  # a tool call without its result
    "deepseek/o02-error-401": KEY,
    "gemini-native-errors/o01-error-429": TOKENS,  # says "quota" and "billing", names tokens of a paid tier
    "groq/o01-error-429": TOKENS,
    "groq/o02-error-404": MISSING,
    "groq/o03-error-400": BAD,  # no tool was called though one had to be
    "groq/o06-sse-inlineerror-nousage-reasoning": Told(Outcome.UPSTREAM_ERROR, Failure.BAD_REQUEST),  # the same, late
    "mistral/o01-error-429": NAMELESS,  # "Rate limit exceeded", with all its tokens left
    "mistral/o02-error-500": BROKEN,
    "mistral/o03-error-401": KEY,
    "mistral/o04-error-400": BAD,  # images to a model that does not see
    "mistral/o05-error-401": KEY,
    "ollama/o01-error-400": TOO_LONG,
    "ollama/o02-error-404": MISSING,
    "ollama/o03-error-401": KEY,
    "ollama/o04-error-400": BAD,
    "openai-responses/o01-error-400": TOO_LONG,
    "openai-responses/o02-error-400": BAD,  # a schema
    "openai-responses/o03-error-429": MONEY,
    "openai-responses/o04-error-400": BAD,  # "context stuffing" is a kind of file
    "openai-responses/o05-error-500": BROKEN,
    "openai-responses/o06-error-401": KEY,
    "openai-responses/o07-error-401": KEY,
    "openai-responses/o08-error-401": KEY,
    "openai-responses/ov20-fixture-openai-error.1": MONEY,  # `response.failed` inside a 200
    "openai-responses/ov21-fixture-openai-error.1": MONEY,  # a 200 as recorded
    "openai/o01-error-429": Told(Outcome.RATE_LIMITED, Failure.OVERSIZED, "oversized"),  # 2,500,013 of 400,000
    "openai/o02-error-400": BAD,  # an image that cannot be fetched
    "openai/o03-error-404": MISSING,
    "openai/o04-error-404": MISSING,
    "openai/o05-error-400": BAD,
    "openai/o06-error-400": BAD,  # about `max_tokens`, not about too many
    "openai/o07-error-401": KEY,
    "openai/o08-error-400": BAD,
    "openai/o09-sse-inlineerror": BROKEN,  # inside a 200, with a usage of zeros and [DONE] after it
    "openrouter/o01-error-400": TOO_LONG,
    "openrouter/o02-error-429": ROUTED,
    "openrouter/o03-error-401": KEY,
    "openrouter/o04-error-401": KEY,
    "openrouter/o05-error-404": MISSING,
    "openrouter/o06-error-400": BAD,  # "Provider returned error", but no limit
    "openrouter/o11-json-inlineerror": ROUTED,  # a 429 as a number inside a 200
    "together/o01-error-500": BROKEN,
    "xai/o01-error-400": TOO_LONG,
    "xai/o02-error-400": KEY,  # a bad key as a 400
    "xai/o03-error-400": KEY,
    "zai/o01-error-429": Told(Outcome.RATE_LIMITED, Failure.OVERLOADED, "overloaded"),
}


class Stage:
    """A proxy with a mount for every dialect, whose upstream answers as it is told to, one request at a time."""

    def __init__(self) -> None:
        self.plan: Plan = ()
        self.upstream = SimulatedUpstream(lambda _: self.plan)
        self.proxy: Proxy
        self.watch: Watch

    async def play(self, plan: Plan, asking: bytes) -> Turn:
        """Let a request be answered by that plan; return its turn."""
        self.plan, before = plan, len(self.watch.turns)
        async with dial(self.proxy.url) as client:
            await client.send(asking)
            await until(lambda: len(self.watch.turns) > before)
        return self.watch.turns[before]


@asynccontextmanager
async def staged(tmp_path: Path, **flags: object) -> AsyncIterator[Stage]:
    stage = Stage()
    async with stage.upstream as up:
        file = tmp_path / "costproxy.toml"
        tables = (f'[upstreams.{name}]\nurl = "{up.url}"\ndialect = "{name}"\n' for name in MOUNTED)
        file.write_text("\n".join(tables), encoding="utf-8")
        async with running_proxy(up.url, file=file, log_level="error", **flags) as stage.proxy:
            stage.watch = Watch(stage.proxy)
            yield stage
    assert up.errors == []


def as_recorded(recording: Recording) -> tuple[Plan, bytes]:
    """Return a recorded reply, and a request that it may answer."""
    kind = "text/event-stream" if recording.is_stream else "application/json"
    plan = reply(recording.status, recording.body, headers=[("Content-Type", kind), *limit_headers(recording)])
    path = _PATHS.get(recording.api, "chat/completions")
    return plan, post(chat_body(stream=recording.is_stream), target=f"/{mount_of(recording)}/v1/{path}")


def told_of(turn: Turn) -> Told | None:
    return Told(turn.outcome, turn.failure, turn.limit_reason) if turn.failure is not None else None


async def test_every_recorded_refusal_is_told_as_a_reader_tells_it(tmp_path: Path) -> None:
    found: dict[str, Told | None] = {}
    refusals = [each for each in recordings() if each.status >= 400 or each.name in READ]
    async with staged(tmp_path) as stage:
        for each in refusals:
            found[each.name] = told_of(await stage.play(*as_recorded(each)))
    assert {name: told for name, told in found.items() if name in READ} == READ
    unread = {name: told for name, told in found.items() if name not in READ}
    assert [name for name, told in unread.items() if told is None or told.failure is Failure.OTHER] == []


async def test_no_recorded_success_is_taken_for_a_failure(tmp_path: Path) -> None:
    longest: dict[str, Recording] = {}  # of each provider
    for each in sorted(recordings(), key=lambda each: len(each.body)):
        if each.status < 300 and each.name not in READ and each.api and len(each.body) < 50_000:
            longest[each.provider] = each
    async with staged(tmp_path) as stage:
        turns = {each.name: await stage.play(*as_recorded(each)) for each in longest.values()}
    assert {name: told_of(turn) for name, turn in turns.items()} == dict.fromkeys(turns)


LOST = Told(Outcome.UPSTREAM_TRUNCATED, Failure.CONNECTION)
SILENT = Told(Outcome.UPSTREAM_TIMEOUT, Failure.TIMEOUT)
UNREACHED = Told(Outcome.UPSTREAM_ERROR, Failure.CONNECTION)
LEFT = Told(Outcome.CLIENT_ABORT, Failure.CLIENT_GONE)
PLAIN, STREAM = post(chat_body()), post(chat_body(stream=True))
HALF = stream(stream_frames(), done=False)[:-2]
BROKEN_OFF: Mapping[str, tuple[Plan, Told]] = {
    "a reset before the reply": ((Reset(),), UNREACHED),
    "an end before the reply": ((Close(),), UNREACHED),
    "a reset in the middle": ((*HALF, Reset()), LOST),
    "an end in the middle": ((*HALF, Close()), LOST),
    "a stream that stops without its end": (stream(stream_frames()[:1], done=False), LOST),
    "silence": ((Hold(),), SILENT),
    "silence in the middle": ((*HALF, Hold()), SILENT),
    "a gateway's timeout": (reply(504, b"upstream request timeout"), SILENT),
    "a gateway without an upstream": (reply(502, b"<html>Bad Gateway</html>"), BROKEN),
}


@pytest.mark.parametrize("how", BROKEN_OFF)
async def test_what_the_upstream_or_the_way_to_it_breaks_off_is_told_apart(tmp_path: Path, how: str) -> None:
    plan, told = BROKEN_OFF[how]
    async with staged(tmp_path, upstream_idle_timeout=0.2) as stage:
        assert told_of(await stage.play(plan, STREAM)) == told


async def test_an_upstream_that_is_not_there_is_a_connection_that_failed() -> None:
    async with SimulatedUpstream(always(())) as gone:
        pass
    async with running_proxy(gone.url, log_level="error") as proxy:
        watch = Watch(proxy)
        assert (await ask(proxy.url, PLAIN)).status == 502
        await until(lambda: watch.turns)
    assert list(map(told_of, watch.turns)) == [UNREACHED]
    assert watch.turns[0].retries is not None
    assert watch.turns[0].retries.in_vain_tokens == 0  # nobody turned the prompt down


@pytest.mark.parametrize("when", ["before the reply", "in the middle"])
async def test_a_client_that_leaves_is_gone_and_nobody_failed_it(tmp_path: Path, when: str) -> None:
    plan = (Hold(),) if when == "before the reply" else (*HALF, Hold())
    async with staged(tmp_path) as stage, dial(stage.proxy.url) as client:
        stage.plan = plan
        await client.send(STREAM)
        await (stage.upstream.arrived() if when == "before the reply" else client.final_head())
        client.close()
        await until(lambda: stage.watch.turns)
    assert list(map(told_of, stage.watch.turns)) == [LEFT]


async def test_a_client_that_leaves_when_it_has_heard_all_has_succeeded(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage, dial(stage.proxy.url) as client:
        stage.plan = (*streamed()[:-1], Hold())
        await client.send(STREAM)
        await client.reader.readuntil(b"[DONE]")
        client.close()
        await until(lambda: stage.watch.turns)
    assert list(map(told_of, stage.watch.turns)) == [None]


async def test_an_upgrade_that_is_not_passed_on_is_a_request_that_was_bad(tmp_path: Path) -> None:
    headers = (b"Upgrade", b"websocket"), (b"Connection", b"upgrade")
    async with staged(tmp_path) as stage:
        turn = await stage.play((), request("GET", "/v1/realtime", *headers))
        assert stage.upstream.requests == []
    assert (told_of(turn), turn.exchange.refusal, turn.retries) == (BAD, "upgrade_not_supported", None)


async def test_a_body_that_breaks_off_is_a_request_that_was_bad(tmp_path: Path) -> None:
    head = b'POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"mod\r\n'
    async with staged(tmp_path) as stage, dial(stage.proxy.url) as client:
        await client.send(head)
        await under_way(stage.proxy)
        await client.send(b"nonsense\r\n")
        await until(lambda: stage.watch.turns)
        assert stage.upstream.requests == []
    turn = stage.watch.turns[0]
    assert (told_of(turn), turn.exchange.refusal) == (BAD, "bad_request_body")
    assert turn.retries is not None
    assert turn.retries.in_vain_tokens == 0  # nobody turned a prompt down


async def test_what_is_no_request_at_all_is_none_that_failed(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        assert (await ask(stage.proxy.url, b"GET / HTTP/1.1\r\nno colon\r\n\r\n")).status == 400
        turn = await stage.play(streamed(), STREAM)
    assert told_of(turn) is None
    assert stage.watch.turns == [turn]


async def test_what_is_cut_at_shutdown_is_the_proxys_doing() -> None:
    async with SimulatedUpstream(always((*HALF, Hold()))) as up:
        proxy = Proxy(proxy_settings(up.url, log_level="error"))
        await proxy.start()
        watch = Watch(proxy)
        async with dial(proxy.url) as client:
            await client.send(STREAM)
            await client.final_head()
            await asyncio.wait_for(proxy.stop(grace=0.0), 5)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(hear_out(client), 1)
    assert list(map(told_of, watch.turns)) == [Told(Outcome.PROXY_ERROR, Failure.PROXY)]


async def test_a_defect_of_the_proxy_is_told_to_be_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("costproxy.relay.passage.Passage._prepare", broken)
    async with staged(tmp_path) as stage:
        turn = await stage.play(json_reply({}), PLAIN)
    assert told_of(turn) == Told(Outcome.PROXY_ERROR, Failure.PROXY)
