"""Exchanges read from bytes, as the relay reads them, but without a network."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from costproxy.model import Exchange
from costproxy.wire.observer import Limits, Observer
from tests.support.turns import exchange

KEPT = 1 << 20
SUNDAY = "2026-11-22T12:00"


def moment(text: str) -> float:
    """Return seconds since the epoch of an ISO moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def request_body(model: str = "gpt-4o", text: str = "Say hello to the world.", **more: object) -> bytes:
    """Return the JSON body of a chat request."""
    return json.dumps({"model": model, "messages": [{"role": "user", "content": text}], **more}).encode()


def reply_body(usage: Mapping[str, Any] | None, model: str = "gpt-4o", **more: object) -> bytes:
    """Return a whole chat reply; None leaves the usage out."""
    choice = {"index": 0, "message": {"role": "assistant", "content": "Hello."}, "finish_reason": "stop"}
    counted = {} if usage is None else {"usage": usage}
    return json.dumps({"model": model, "choices": [choice], **counted, **more}).encode()


def chunk(
    *, model: str = "gpt-4o", delta: Mapping[str, Any] | None = None, finish: str | None = None, **more: Any
) -> Any:
    """Return a chunk with one choice."""
    return {"model": model, "choices": [{"index": 0, "delta": delta or {}, "finish_reason": finish}], **more}


def stream_body(chunks: Iterable[Any], *, done: bool = True) -> bytes:
    """Return the chunks as events."""
    events = [f"data: {json.dumps(each)}\n\n" for each in chunks]
    return "".join([*events, "data: [DONE]\n\n" if done else ""]).encode()


def seen(
    reply: bytes, request: bytes | None = None, *, dialect: str = "openai", status: int = 200, **facts: Any
) -> Exchange:
    """Return the exchange of these two bodies; `request` None is that of `request_body`."""
    observer = Observer(Limits(), kept_request=KEPT)
    body = request_body() if request is None else request
    observer.request_body(body)
    asked = observer.read_request()
    observer.head(status, facts.pop("encoding", ""))
    observer.body(reply, 0.0)
    read = observer.facts(dialect, 1.0)
    known = {"started_at": moment(SUNDAY), "bytes_in": len(body), "bytes_out": len(reply), **facts}
    return exchange(
        reply=read,
        request=asked,
        request_text=observer.request_text,
        unmetered=observer.unmetered,
        dialect=dialect,
        status=status,
        **known,
    )
