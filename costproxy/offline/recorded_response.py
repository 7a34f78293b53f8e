"""The body of a reply, put together again out of what was recorded of it."""

from collections.abc import Iterable, Mapping
from typing import Any

from costproxy.offline.recorded_request import RecordedRequest
from costproxy.offline.recorded_values import written


def response_of(recorded: RecordedRequest) -> bytes:
    """Return the reply's body, so that it can be read as any other: as recorded, or as a document of its API.

    What was not recorded is not in it: without a message there is no choice or content, without usage no usage.
    """
    if recorded.response is not None:
        return recorded.response
    known = {"id": recorded.reply_id, "model": recorded.model, "usage": recorded.usage}
    said = {name: value for name, value in known.items() if value is not None}
    return written(said | _DOCUMENTS.get(recorded.api, _chat)(recorded))


def _chat(recorded: RecordedRequest) -> dict[str, Any]:
    message, reason = recorded.message, recorded.finish_reason
    if message is None and reason is None:
        return {"choices": []}
    return {"choices": [{"index": 0, "message": message or {}, "finish_reason": reason}]}


def _blocks(recorded: RecordedRequest) -> dict[str, Any]:
    message = recorded.message if isinstance(recorded.message, Mapping) else {}
    content = message.get("content") or []
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
    return {"type": "message", "role": "assistant", "content": blocks, "stop_reason": recorded.finish_reason}


def _items(recorded: RecordedRequest) -> dict[str, Any]:
    message = recorded.message or ()
    items = (message,) if isinstance(message, Mapping) else message
    return {"object": "response", "status": "completed", "output": list(map(_item, _objects(items)))}


def _item(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an item as a reply has it: clients may send a message back in a shorter form."""
    content = item.get("content")
    if item.get("type", "message") != "message" or not isinstance(content, str):
        return item
    return {**item, "type": "message", "content": [{"type": "output_text", "text": content}]}


def _objects(items: Iterable[Any]) -> Iterable[Mapping[str, Any]]:
    return (item for item in items if isinstance(item, Mapping))


_DOCUMENTS = {"chat": _chat, "messages": _blocks, "responses": _items}
