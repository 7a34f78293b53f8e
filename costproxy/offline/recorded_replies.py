"""Replies out of recordings: the assistant's message of any of the APIs, whether recorded or sent again later."""

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from typing import Any

from costproxy.model import ReplyCall, ReplyMessage

_OWN_ITEMS = frozenset({"reasoning", "function_call", "custom_tool_call"})  # of the Responses API, made by the model


def chat_reply(message: Mapping[str, Any]) -> ReplyMessage:
    """Return a chat message as the reply that it was."""
    text = _text(message.get("content")) or _text(message.get("refusal"))
    calls = [_chat_call(call) for call in _objects(message.get("tool_calls"))]
    old = message.get("function_call")
    if isinstance(old, Mapping) and not calls:
        calls.append(_call(None, old.get("name"), old.get("arguments")))
    return ReplyMessage(text=text, calls=tuple(calls))


def blocks_reply(message: Mapping[str, Any]) -> ReplyMessage:
    """Return a message of the Anthropic API as the reply that it was."""
    content = message.get("content")
    used = (block for block in _objects(content) if block.get("type") == "tool_use")
    calls = (_call(block.get("id"), block.get("name"), block.get("input")) for block in used)
    return ReplyMessage(text=_text(content), calls=tuple(calls))


def items_reply(items: Iterable[Mapping[str, Any]]) -> ReplyMessage:
    """Return output items of the Responses API as the reply that they were."""
    text, calls = [], []
    for item in items:
        if item.get("type") in ("function_call", "custom_tool_call"):
            arguments = item.get("arguments", item.get("input"))
            calls.append(_call(item.get("call_id") or item.get("id"), item.get("name"), arguments))
        elif item.get("type", "message") == "message":
            text.append(_text(item.get("content")))
    return ReplyMessage(text="".join(text), calls=tuple(calls))


def echoed_message(sent: Sequence[Any], later: Sequence[Any]) -> Mapping[str, Any] | None:
    """Return the assistant's message that `later` holds right after what was `sent`, None if it goes on otherwise."""
    if not _goes_on(sent, later):
        return None
    message = later[len(sent)]
    return message if isinstance(message, Mapping) and message.get("role") == "assistant" else None


def echoed_items(sent: Sequence[Any], later: Sequence[Any]) -> Sequence[Mapping[str, Any]] | None:
    """Return the model's own items that `later` holds right after what was `sent`; None if it goes on otherwise."""
    if not _goes_on(sent, later):
        return None
    return list(takewhile(_is_own, later[len(sent) :])) or None


def _goes_on(sent: Sequence[Any], later: Sequence[Any]) -> bool:
    """Tell whether a request has more than one before it, right after that one's last message."""
    return 0 < len(sent) < len(later) and _told(sent[-1]) == _told(later[len(sent) - 1])


def _told(message: Any) -> Any:
    """Return what tells a message from another, however a client wrote it."""
    if not isinstance(message, Mapping):
        return message
    content = message.get("content")
    return message.get("role"), _text(content) or content, message.get("output")


def _is_own(item: Any) -> bool:
    return isinstance(item, Mapping) and (item.get("role") == "assistant" or item.get("type") in _OWN_ITEMS)


def _chat_call(call: Mapping[str, Any]) -> ReplyCall:
    inner = (call.get(name) for name in ("function", "custom"))
    function = next((each for each in inner if isinstance(each, Mapping)), call)
    return _call(call.get("id"), function.get("name"), function.get("arguments", function.get("input")))


def _call(id_: Any, name: Any, arguments: Any) -> ReplyCall:
    written = arguments if isinstance(arguments, str) else json.dumps({} if arguments is None else arguments)
    return ReplyCall(
        id=id_ if isinstance(id_, str) and id_ else None,
        name=name if isinstance(name, str) else "",
        arguments=written,
    )


def _text(content: Any) -> str:
    """Return the text of a content: itself, or that of its parts."""
    if isinstance(content, str):
        return content
    parts = (part.get("text", part.get("refusal")) for part in _objects(content) if "thinking" not in part)
    return "".join(part for part in parts if isinstance(part, str))


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
