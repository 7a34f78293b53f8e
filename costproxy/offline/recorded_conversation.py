"""A recorded conversation, as the requests that it was made of."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from costproxy.offline.recorded import RecordError
from costproxy.offline.recorded_replies import chat_reply
from costproxy.offline.recorded_request import RecordedRequest, RecordedSource, Truth
from costproxy.offline.recorded_values import PATHS, kind, objects, text_or_none, written

_SYSTEM = frozenset({"system", "developer"})


def conversation_of(fields: Mapping[str, Any], *, place: str, model: str | None) -> RecordedSource:
    """Return a conversation in the form of chat messages; `model` stands in where it names none.

    Each assistant's message was the reply to a request with all that stands before it. An opening that the
    application put there itself, with nothing before it to reply to, had no request; nor had those among the first
    `demo_messages` behind the system prompt, an example that the application made up.

    A question at the end, without a reply, was sent if it has a bill, or if there is no other request: nobody keeps a
    conversation that was never begun. Else it is left out: how a conversation ended is part of it, sent or not.

    Raises:
        RecordError: a value is of a wrong type.
    """
    messages = objects(fields["messages"], "messages")
    usage = _usage(fields.get("usage"))
    frame = _Frame(model=text_or_none(fields.get("model")) or model, tools=fields.get("tools"))
    host = (text_or_none(fields.get("host")) or "").lower()
    begins = _behind_demo(messages, fields.get("demo_messages"))
    asked = _asked(messages, usage, begins=begins)
    unasked = _is_open(messages[begins:]) and asked[-1] < len(messages)
    requests = _requests(messages, asked, usage, frame, place=place, host=host)
    return RecordedSource(source=place, truth=Truth.CONVERSATION, requests=requests, unasked=unasked)


def _asked(messages: Sequence[Mapping[str, Any]], usage: Mapping[int, dict[str, Any]], *, begins: int) -> list[int]:
    """Return how many messages each request had: the index of its reply, recorded or not."""
    end = len(messages)
    first = next((at for at, message in enumerate(messages) if message.get("role") not in _SYSTEM), end)
    replies = (at for at, message in enumerate(messages) if at >= begins and message.get("role") == "assistant")
    asked = [at for at in replies if at in usage or at > first]
    return [*asked, end] if _is_open(messages[begins:]) and (not asked or end in usage) else asked


def _is_open(messages: Sequence[Mapping[str, Any]]) -> bool:
    return bool(messages) and messages[-1].get("role") not in (*_SYSTEM, "assistant")


class _Frame:
    """What stands around the messages in every body."""

    def __init__(self, *, model: str | None, tools: Any) -> None:
        self._start = b'{"model":%s,"messages":[' % written(model) if model else b'{"messages":['
        self._end = b'],"tools":%s}' % written(tools) if tools else b"]}"

    def body(self, messages: Sequence[bytes]) -> bytes:
        return b"%s%s%s" % (self._start, b",".join(messages), self._end)


def _requests(
    messages: Sequence[Mapping[str, Any]],
    asked: Sequence[int],
    usage: Mapping[int, dict[str, Any]],
    frame: _Frame,
    *,
    place: str,
    host: str,
) -> Iterator[RecordedRequest]:
    sent = [written(message) for message in messages]
    for index, at in enumerate(asked):
        bill = dict(usage.get(at, {}))
        reason = text_or_none(bill.pop("finish_reason", None))
        message = messages[at] if at < len(messages) else None
        yield RecordedRequest(
            source=place,
            index=index,
            api="chat",
            host=host,
            path=PATHS["chat"],
            body=frame.body(sent[:at]),
            truth=Truth.CONVERSATION,
            reply=None if message is None else chat_reply(message),
            message=message,
            usage=bill or None,
            finish_reason=reason,
        )


def _behind_demo(messages: Sequence[Mapping[str, Any]], count: Any) -> int:
    """Return where the conversation itself begins."""
    if count is None:
        return 0
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        raise RecordError(f"demo_messages: expected how many messages, found {kind(count)}")
    lead = next((at for at, message in enumerate(messages) if message.get("role") not in _SYSTEM), len(messages))
    return lead + count


def _usage(value: Any) -> Mapping[int, dict[str, Any]]:
    """Return usage by the index of the message that was the reply."""
    if isinstance(value, dict):
        return {}  # of the whole conversation: it says nothing of any request
    known = {}
    for at, item in enumerate(objects(value, "usage") if value is not None else ()):
        index = item.get("index")
        if not isinstance(index, int) or isinstance(index, bool):
            raise RecordError(f"usage[{at}].index: expected the index of a message, found {kind(index)}")
        known[index] = {name: value for name, value in item.items() if name != "index"}
    return known
