"""What a line of recordings may hold, and how each form is told from the others.

- A conversation: `{"messages": […], "model", "tools", "usage": [{"index", "prompt_tokens", …}]}`, or its messages
  alone, `[…]`. Each assistant's message was the reply to a request with all that stands before it.
- A session: `{"requests": [{"host", "path", "body", "usage", "response_message", "finish_reason"}], "api"}`, or with
  bodies alone, `{"requests": [{"messages": […]}]}`, or as differences, `{"base_messages": […], "requests":
  [{"n": 24, "replace": {"9": "…"}}]}`: the first 24 messages, with the content of some replaced.
- One exchange: `{"host", "path", "status", "request", "response"}`, as `costproxy price` reads it.
- One request: a body alone, one member of a session, or the messages that were sent.

An object with messages is a conversation or a request: one that says where it is from or what its replies used is a
conversation, one with fields that only a request has is a request. Else, and of messages alone, the last one tells: a
conversation ends with a reply, a request with a question.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from costproxy.errors import WireError
from costproxy.offline.recorded import RecordError
from costproxy.offline.recorded_conversation import conversation_of
from costproxy.offline.recorded_exchange import exchange_of
from costproxy.offline.recorded_request import RecordedSource, Truth
from costproxy.offline.recorded_session import deltas_of, request_of, session_of
from costproxy.offline.recorded_values import kind, objects
from costproxy.wire import jsontext

# Fields that a request has and a conversation does not.
# Source: the references of the Chat Completions and Anthropic Messages APIs (read 2026-11).
_OF_REQUESTS = frozenset(
    {"stream", "stream_options", "temperature", "top_p", "max_tokens", "max_completion_tokens", "tool_choice"}
    | {"parallel_tool_calls", "response_format", "seed", "stop", "n", "system", "reasoning_effort", "store"}
)
_OF_CONVERSATIONS = frozenset({"usage", "demo_messages", "source", "source_file", "group", "license", "totals"})

_Make = Callable[..., RecordedSource]


def source_of(text: bytes, *, place: str, model: str | None = None) -> RecordedSource:
    """Return what a line holds; `model` stands in where it names none.

    Raises:
        RecordError: it is none of the forms, or has a value of a wrong type.
    """
    try:
        value = jsontext.decode(text)
    except WireError as error:
        raise RecordError(f"expected a recorded conversation, session, exchange or request, found: {error}") from None
    if isinstance(value, list):
        value = {"messages": _messages(value)}
    if not isinstance(value, dict):
        raise RecordError(f"expected an object or a list of messages, found {kind(value)}")
    if "response" in value or "response_text" in value:
        return exchange_of(text, place=place, now=datetime.now(UTC))
    source = _form(value)(value, place=place, model=model)
    return replace(source, as_sent=True) if source.truth is Truth.UNKNOWN and _is_doubtful(value) else source


def _messages(value: Any) -> list[dict[str, Any]]:
    messages = objects(value, "messages")
    if not any("role" in message for message in messages):
        raise RecordError(f"expected a list of messages, found {len(messages)} objects without a role")
    return messages


def _form(fields: Mapping[str, Any]) -> _Make:
    if "base_messages" in fields:
        return deltas_of
    if "requests" in fields:
        return session_of
    if "messages" in fields and "body" not in fields:
        return conversation_of if _is_conversation(fields) else request_of
    if fields.keys() & {"request", "body", "input"}:
        return request_of
    found = f"only {', '.join(sorted(fields)[:6]):.100}" if fields else "none"
    raise RecordError(f"expected a field messages, requests, request, body or input, found {found}")


def _is_conversation(fields: Mapping[str, Any]) -> bool:
    if fields.keys() & _OF_CONVERSATIONS:
        return True
    if fields.keys() & _OF_REQUESTS:
        return False
    messages = fields["messages"]
    return isinstance(messages, list) and bool(messages) and _is_reply(messages[-1])


def _is_doubtful(fields: Mapping[str, Any]) -> bool:
    """Tell whether only its last message says that something with messages is a request."""
    messages = fields.get("messages")
    if not isinstance(messages, list) or fields.keys() & (_OF_REQUESTS | {"body"}):
        return False
    return any(map(_is_reply, messages))


def _is_reply(message: Any) -> bool:
    return isinstance(message, Mapping) and message.get("role") == "assistant"
