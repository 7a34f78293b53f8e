"""Recorded replies of many providers, sent again: every byte arrives, and the facts are those of the recording."""

import asyncio
import contextlib
import json
import random
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from costproxy.demo.plan import Close, Plan, Reset, Step, content_size, cut
from costproxy.demo.replies import Framing, reply
from tests.support.data import Recording, recordings
from tests.support.raw import RawClient, dial, post
from tests.support.scrape import Scrape, scrape, scrape_until
from tests.vectors.conftest import Stage, mount_of

TARGET = "/v1/chat/completions"
TOKENS = "costproxy_tokens_total"
CUTS_EACH = 4

pytestmark = pytest.mark.timeout(120)


def chats() -> list[Recording]:
    return [each for each in recordings() if each.is_chat]


def plan_of(recording: Recording, framing: Framing = "chunked") -> Plan:
    kind = "text/event-stream" if recording.is_stream else "application/json"
    return reply(recording.status, recording.body, headers=[("Content-Type", kind)], framing=framing)


def request_of(recording: Recording) -> bytes:
    """Return a request that nothing is spliced into, so that the reply must arrive as it is."""
    model = recording.request.get("model") or "asked"
    body: dict[str, Any] = {"model": model, "messages": [{"role": "user", "content": "x"}]}
    if recording.is_stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return post(json.dumps(body).encode(), target=f"/{mount_of(recording)}{TARGET}")


# An oracle of its own: nothing here comes from the code under test.


def objects(recording: Recording) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects of a reply: each event's data, or the one document."""
    if not recording.is_stream:
        yield from filter(lambda value: isinstance(value, dict), [loaded(recording.body)])
        return
    for line in recording.body.replace(b"\r\n", b"\n").split(b"\n"):
        value = loaded(line[5:]) if line.startswith(b"data:") else None
        if isinstance(value, dict):
            yield value


def loaded(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def last_usage(recording: Recording) -> Mapping[str, Any] | None:
    found = None
    for each in objects(recording):
        for place in (each, each.get("x_groq") or {}, *(each.get("choices") or ())):
            usage = place.get("usage") if isinstance(place, dict) else None
            if isinstance(usage, dict) and (usage.get("prompt_tokens") or usage.get("completion_tokens")):
                found = usage
    return found


def expected_tokens(usage: Mapping[str, Any]) -> int:
    """Return how many tokens were processed: the total where it can be believed, the parts otherwise."""
    prompt, completion = usage.get("prompt_tokens") or 0, usage.get("completion_tokens") or 0
    total = usage.get("total_tokens")
    reasoning = (usage.get("completion_tokens_details") or {}).get("reasoning_tokens") or 0
    return total if total in (prompt + completion + reasoning, None) and total else prompt + completion


def expected_cached(usage: Mapping[str, Any]) -> int:
    details = usage.get("prompt_tokens_details") or {}
    elsewhere = ("prompt_cache_hit_tokens", "cached_tokens", "num_cached_tokens")
    cached = details.get("cached_tokens") or next((usage[name] for name in elsewhere if usage.get(name)), 0)
    return min(cached, usage.get("prompt_tokens") or 0)


def finish_reasons(recording: Recording) -> int:
    choices = [choice for each in objects(recording) for choice in each.get("choices") or ()]
    return len({choice.get("index", 0) for choice in choices if choice.get("finish_reason")})


async def replayed(stage: Stage, recording: Recording) -> tuple[bytes, Scrape, Scrape]:
    """Return what arrived at the client, and the metrics before and after."""
    before = await scrape(stage.proxy)
    stage.plans.append(plan_of(recording))
    async with dial(stage.proxy.url) as client:
        arrived = await client.ask(request_of(recording))
    assert arrived.status == recording.status
    return arrived.body, before, await scrape_until(stage.proxy, lambda now: now.requests == before.requests + 1)


@pytest.mark.parametrize("recording", chats(), ids=lambda each: each.name)
async def test_a_recorded_reply_arrives_and_is_counted(stage: Stage, recording: Recording) -> None:
    body, before, after = await replayed(stage, recording)
    assert recording.body == body

    usage = last_usage(recording) if recording.status < 300 else None
    counted = after.total(TOKENS) - before.total(TOKENS)
    if usage is None:
        assert counted == 0
    elif recording.provider != "gemini-compat":  # its totals hide tokens, see tests/wire/test_usage.py
        assert counted == expected_tokens(usage)
        cached = after.total(TOKENS, kind="cache_read") - before.total(TOKENS, kind="cache_read")
        assert cached == expected_cached(usage)
    reasons = after.total("costproxy_finish_reasons_total") - before.total("costproxy_finish_reasons_total")
    assert reasons == (finish_reasons(recording) if recording.status < 300 else 0)
    assert after.total("costproxy_record_failures_total") == 0
    assert after.total("costproxy_unmetered_total") == 0


async def body_until_broken(client: RawClient, request: bytes) -> bytes:
    """Send a request; return what came of its reply's body, whose end must be missing."""
    await client.send(request)
    try:
        head = await client.head()
    except (ConnectionError, asyncio.IncompleteReadError):
        return b""
    arrived = b""
    announced = int(head.header("content-length") or b"0")
    with contextlib.suppress(ConnectionError):
        while piece := await client.reader.read(65536):
            arrived += piece
    assert len(arrived) < announced
    return arrived


@pytest.mark.parametrize("then", [Close(), Reset()], ids=["closed", "reset"])
async def test_a_reply_cut_anywhere_is_cut_there_for_the_client(stage: Stage, then: Step) -> None:
    random_ = random.Random(7)  # noqa: S311  # the same cuts each time
    sent = 0
    for recording in chats():
        whole = plan_of(recording, framing="length")
        for _ in range(CUTS_EACH):
            at = random_.randrange(1, content_size(whole))
            stage.plans.append(cut(whole, at, then))
            sent += 1
            async with dial(stage.proxy.url) as client:
                arrived = await body_until_broken(client, request_of(recording))
            # A reset may overtake bytes in the sockets on its way; a close may not.
            expected = recording.body[: at if then == Close() else len(arrived)]
            assert expected == arrived, recording.name
    after = await scrape_until(stage.proxy, lambda now: now.requests == sent)
    assert after.in_flight == 0
    assert after.total("costproxy_record_failures_total") == 0
    assert set(after.outcomes) <= {
        *("success", "upstream_truncated", "upstream_error", "client_error"),
        *("rate_limited", "context_exceeded", "upstream_timeout"),
    }
