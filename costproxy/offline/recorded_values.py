"""Values out of recordings: checked, and written as JSON again."""

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from costproxy.offline.recorded import RecordError
from costproxy.wire.apis import api_of

# API -> the path that it is asked at, where that was not recorded.
PATHS: Mapping[str, str] = {"chat": "/v1/chat/completions", "messages": "/v1/messages", "responses": "/v1/responses"}
# What recordings call an API.
_CALLED: Mapping[str, str] = {
    **{name: name for name in PATHS},
    "openai_chat": "chat",
    "openai_responses": "responses",
    "anthropic_messages": "messages",
}
_TYPES = {bool: "a boolean", int: "a number", float: "a number", str: "a text", list: "a list", dict: "an object"}


def written(value: Any) -> bytes:
    """Return a value as JSON; a text that is no Unicode is escaped."""
    try:
        return msgspec.json.encode(value)
    except (ValueError, OverflowError):  # lone surrogates, numbers beyond 64 bits
        return json.dumps(value, separators=(",", ":")).encode()


def objects(value: Any, name: str) -> list[dict[str, Any]]:
    """Return a list of objects.

    Raises:
        RecordError: it is something else, or holds something else.
    """
    if not isinstance(value, list):
        raise RecordError(f"{name}: expected a list of objects, found {kind(value)}")
    for at, item in enumerate(value):
        if not isinstance(item, dict):
            raise RecordError(f"{name}[{at}]: expected an object, found {kind(item)}")
    return value


def object_or_none(value: Any, name: str) -> dict[str, Any] | None:
    """Return an object, or None for null.

    Raises:
        RecordError: it is neither.
    """
    if value is not None and not isinstance(value, dict):
        raise RecordError(f"{name}: expected an object or null, found {kind(value)}")
    return value


def text_or_none(value: Any) -> str | None:
    """Return a text that is not empty, None for anything else."""
    return value if isinstance(value, str) and value else None


def api_name(*, called: Any, path: str | None, body: Mapping[str, Any]) -> str:
    """Return the API of a request: told by its path, else by what the recording calls it, else by its body."""
    if path is not None:
        return api_of("POST", path).name
    if isinstance(called, str) and called in _CALLED:
        return _CALLED[called]
    return "responses" if "input" in body and "messages" not in body else "chat"


def kind(value: Any) -> str:
    """Return what a value is, in words."""
    return _TYPES.get(type(value), "nothing")
