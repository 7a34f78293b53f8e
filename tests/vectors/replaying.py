"""Sending a recorded reply once more, and seeing what is counted of it."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from costproxy.demo.plan import Plan, Send, Step, Wait
from costproxy.demo.replies import Framing, head, reply
from tests.support.data import Recording, recordings
from tests.support.raw import RawReply, dial, post
from tests.support.scrape import scrape_until
from tests.vectors.conftest import Stage, mount_of
from tests.vectors.oracle import facts_of

ASKED = "asked-for"  # the model of requests whose own is not known
# API -> the end of its path, and the field with the messages.
SENT = {
    "chat": ("chat/completions", "messages"),
    "responses": ("responses", "input"),
    "messages": ("messages", "messages"),
}


def chats() -> list[Recording]:
    """Return the recorded chat replies; without the data, skip the test that asks."""
    return [each for each in recordings() if each.is_chat]


def others() -> list[Recording]:
    """Return the recorded replies of the other metered APIs, likewise."""
    return [each for each in recordings() if each.api not in ("", "chat")]


def request_of(recording: Recording, *, asks: bool = True) -> bytes:
    """Return a request for it; a streamed chat `asks` for usage itself, or leaves that to the proxy."""
    path, field = SENT[recording.api]
    body: dict[str, Any] = {"model": recording.request.get("model") or ASKED}
    body[field] = [{"role": "user", "content": "x"}]
    if recording.is_stream:
        body["stream"] = True
    if recording.is_stream and recording.api == "chat" and asks:
        body["stream_options"] = {"include_usage": True}
    return post(json.dumps(body).encode(), target=f"/{mount_of(recording)}/v1/{path}")


def whole(recording: Recording, framing: Framing = "chunked") -> Plan:
    """Return a plan that sends it in one go."""
    return reply(recording.status, recording.body, headers=[_content_type(recording)], framing=framing)


def in_pieces(recording: Recording, pieces: list[bytes], encoding: str = "") -> Plan:
    """Return a plan that sends it in these pieces, so that each is read on its own; `encoding` is what they are in."""
    encodings = [("Content-Encoding", encoding)] if encoding else []
    headers = [_content_type(recording), *encodings, ("Transfer-Encoding", "chunked")]
    return Send(head(recording.status, headers)), *_chunks(pieces), Send(b"0\r\n\r\n", body=True)


def _chunks(pieces: list[bytes]) -> Iterator[Step]:
    for piece in filter(None, pieces):
        yield Send(b"%x\r\n%s\r\n" % (len(piece), piece), body=True)
        yield Wait(0)
        yield Wait(0)


def _content_type(recording: Recording) -> tuple[str, str]:
    return "Content-Type", "text/event-stream" if recording.is_stream else "application/json"


async def replay(stage: Stage, plan: Plan, request: bytes) -> RawReply:
    """Send a request that is answered by `plan`; return what arrived."""
    stage.plans.append(plan)
    async with dial(stage.proxy.url) as client:
        return await client.ask(request)


async def counted(stage: Stage, requests: int) -> Counter[str]:
    """Return what /metrics counts once so many requests have ended: "tokens gpt-4o input" and the like.

    Raises:
        AssertionError: something could not be recorded or read.
    """
    seen = await scrape_until(stage.proxy, lambda now: now.requests == requests)
    assert seen.in_flight == 0
    assert seen.total("costproxy_record_failures_total") == 0
    assert seen.total("costproxy_unmetered_total") == 0
    counts: Counter[str] = Counter()
    for name, label in (("requests", None), ("tokens", "kind"), ("finish_reasons", "reason")):
        for each in seen.all(f"costproxy_{name}_total"):
            if each.labels.get("quality") == "estimated":
                continue  # our own count, where the recording states none
            key = f"{name} {each.labels['model']}"
            counts[key if label is None else f"{key} {each.labels[label]}"] += int(each.value)
    return +counts


def expected(recording: Recording) -> Counter[str]:
    """Return what should be counted of it; a model that the reply does not name is the one asked for."""
    facts = facts_of(recording)
    model = facts.model or recording.request.get("model") or ASKED
    return Counter(
        {f"requests {model}": 1}
        | {f"tokens {model} {kind}": count for kind, count in facts.tokens.items()}
        | {f"finish_reasons {model} {reason}": count for reason, count in facts.finish_reasons.items()}
    )
