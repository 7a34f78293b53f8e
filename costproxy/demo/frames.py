"""Server-sent events as they are written, and the chat chunks inside them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

Json: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """One event: several `data` lines if the text has line feeds, `event:` and `id:` only if given."""

    data: str
    event: str | None = None
    id: str | None = None
    gap: str = " "  # what follows `data:`; legal is one space or none


@dataclass(frozen=True, slots=True)
class Comment:
    """A line that readers skip: heartbeats, `: OPENROUTER PROCESSING`."""

    text: str = ""


Frame: TypeAlias = Json | Event | Comment | bytes  # bytes are written as they are, whatever the newline


def compact(value: Any) -> bytes:
    """Return JSON without spaces, non-ASCII characters as they are, as the big providers write it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def written(frame: Frame, newline: bytes = b"\n") -> bytes:
    """Return a frame's bytes; a mapping is an event whose data is its JSON."""
    if isinstance(frame, bytes):
        return frame
    lines = _lines(frame)
    return b"".join(line + newline for line in [*lines, b""])


def _lines(frame: Json | Event | Comment) -> list[bytes]:
    if isinstance(frame, Comment):
        return [b": " + frame.text.encode()]
    if isinstance(frame, Event):
        return _event_lines(frame)
    return [b"data: " + compact(frame)]


def _event_lines(event: Event) -> list[bytes]:
    named = (("event", event.event), ("id", event.id))
    lines = [f"{name}: {value}" for name, value in named if value is not None]
    lines += [f"data:{event.gap}{line}" for line in event.data.split("\n")]
    return [line.encode() for line in lines]


def done() -> Event:
    """Return the event that ends a chat stream."""
    return Event("[DONE]")


def error_frame(message: str, kind: str = "server_error", code: str | None = None) -> Json:
    """Return OpenAI's error inside a stream that began with status 200."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def error_event(message: str, kind: str = "invalid_request_error", status: int = 400) -> Event:
    """Return Groq's error inside a stream: named `error`, and followed by no `[DONE]`."""
    error = {"error": {"message": message, "type": kind, "status_code": status}}
    return Event(compact(error).decode(), event="error")
