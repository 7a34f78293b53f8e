"""A recorded session, request by request, and single requests in the same form.

Where the reply to a request was not recorded, what the application sent back of it stands in: the assistant's message
of the first later request of the session that goes on right after this one's last message. A proxy would have seen
that reply, but as the provider wrote it: what a client changes in what it sends back cannot be seen here. Likewise
`previous_response_id` of the next request is the id of this one's reply, unless an earlier one was named so. Where
nothing was sent back, the reply is unknown.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from costproxy.errors import WireError
from costproxy.model import ReplyMessage
from costproxy.offline.recorded import RecordError
from costproxy.offline.recorded_replies import blocks_reply, chat_reply, echoed_items, echoed_message, items_reply
from costproxy.offline.recorded_request import RecordedRequest, RecordedSource, Truth
from costproxy.offline.recorded_values import PATHS, api_name, kind, object_or_none, objects, text_or_none, written
from costproxy.wire import jsontext

_LOOKED_AHEAD = 8  # requests of a session in which what was sent back is looked for
_UNKNOWN_STATUS = 200

Message = Mapping[str, Any] | Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """A request of a session, with what was recorded beside it."""

    api: str
    path: str
    body: dict[str, Any]
    fields: Mapping[str, Any]

    @property
    def sent(self) -> Sequence[Any]:
        """Its messages, or its input items."""
        value = self.body.get("input" if self.api == "responses" else "messages")
        if isinstance(value, str):
            return [{"role": "user", "content": value}]
        return value if isinstance(value, list) else ()


def session_of(fields: Mapping[str, Any], *, place: str, model: str | None) -> RecordedSource:
    """Return a session; `model` stands in where a request names none.

    Raises:
        RecordError: a value is of a wrong type.
    """
    named = text_or_none(fields.get("model")) or model
    given = objects(fields["requests"], "requests")
    entries = [_entry(item, fields, named, f"requests[{at}].") for at, item in enumerate(given)]
    return RecordedSource(source=place, truth=Truth.SESSION, requests=_requests(entries, place, Truth.SESSION))


def request_of(fields: Mapping[str, Any], *, place: str, model: str | None) -> RecordedSource:
    """Return one request: a body alone, or with host, path and what was recorded of its reply.

    Raises:
        RecordError: a value is of a wrong type.
    """
    entry = _entry(fields, fields if "body" in fields or "request" in fields else {}, model, "")
    return RecordedSource(source=place, truth=Truth.UNKNOWN, requests=_requests([entry], place, Truth.UNKNOWN))


def deltas_of(fields: Mapping[str, Any], *, place: str, model: str | None) -> RecordedSource:
    """Return a session whose requests are the first so many of its messages, some with another content.

    Raises:
        RecordError: a value is of a wrong type.
    """
    messages = objects(fields["base_messages"], "base_messages")
    named = text_or_none(fields.get("model")) or model
    deltas = objects(fields.get("requests"), "requests")
    for at, delta in enumerate(deltas):
        n, replaced = delta.get("n"), object_or_none(delta.get("replace"), f"requests[{at}].replace")
        if not isinstance(n, int) or isinstance(n, bool) or not 0 < n <= len(messages):
            raise RecordError(f"requests[{at}].n: expected 1 to {len(messages)} messages, found {kind(n)} {n!r:.20}")
        if not all(index.isdecimal() and int(index) < n for index in replaced or ()):
            raise RecordError(f"requests[{at}].replace: expected indexes below {n}, found others")
    return RecordedSource(source=place, truth=Truth.SESSION, requests=_deltas(messages, deltas, named, place))


def _deltas(
    messages: Sequence[Mapping[str, Any]], deltas: Sequence[Mapping[str, Any]], model: str | None, place: str
) -> Iterator[RecordedRequest]:
    for index, delta in enumerate(deltas):
        sent = list(messages[: delta["n"]])
        for at, content in (delta.get("replace") or {}).items():
            sent[int(at)] = {**sent[int(at)], "content": content}
        after = messages[delta["n"]] if delta["n"] < len(messages) else {}
        message = after if after.get("role") == "assistant" else None
        yield RecordedRequest(
            source=place,
            index=index,
            api="chat",
            host="",
            path=PATHS["chat"],
            body=written({**({"model": model} if model else {}), "messages": sent}),
            truth=Truth.SESSION,
            reply=None if message is None else chat_reply(message),
            message=message,
        )


def _entry(item: Mapping[str, Any], around: Mapping[str, Any], model: str | None, name: str) -> _Entry:
    key = next((key for key in ("body", "request") if key in item), None)
    body = _body(item[key], f"{name}{key}") if key else dict(item)
    if model and text_or_none(body.get("model")) is None:
        body = {**body, "model": model}
    recorded: Mapping[str, Any] = item if key else {}
    path = text_or_none(recorded.get("path"))
    api = api_name(called=recorded.get("api") or around.get("api"), path=path, body=body)
    object_or_none(recorded.get("usage"), f"{name}usage")
    _message(recorded.get("response_message"), f"{name}response_message")
    return _Entry(api=api, path=path or PATHS.get(api, PATHS["chat"]), body=body, fields=recorded)


def _body(value: Any, name: str) -> dict[str, Any]:
    if isinstance(value, str):
        try:
            value = jsontext.decode(value.encode("utf-8", "surrogatepass"))
        except WireError as error:
            raise RecordError(f"{name}: expected a JSON object, found: {error}") from None
    if not isinstance(value, dict):
        raise RecordError(f"{name}: expected an object, found {kind(value)}")
    return value


def _requests(entries: Sequence[_Entry], place: str, truth: Truth) -> Iterator[RecordedRequest]:
    named: set[str] = set()
    for index, entry in enumerate(entries):
        fields, later = entry.fields, entries[index + 1 :]
        message = _message(fields.get("response_message"), "response_message") or _echoed(entry, later)
        reply_id = text_or_none(fields.get("response_id")) or _named_next(later, named)
        named.add(reply_id or "")
        status = fields.get("status")
        yield RecordedRequest(
            source=place,
            index=index,
            api=entry.api,
            host=(text_or_none(fields.get("host")) or "").lower(),
            path=entry.path,
            body=written(entry.body),
            truth=truth,
            reply=None if message is None else _reply(entry.api, message),
            message=message,
            reply_id=reply_id,
            usage=fields.get("usage"),
            finish_reason=text_or_none(fields.get("finish_reason")),
            model=text_or_none(fields.get("response_model")),
            status=status if isinstance(status, int) and 100 <= status <= 599 else _UNKNOWN_STATUS,
        )


def _message(value: Any, name: str) -> Message | None:
    """Return a recorded reply; output items may stand in a list, or in the response that they came with."""
    if isinstance(value, dict) and isinstance(value.get("output"), list):
        value = value["output"]
    return objects(value, name) or None if isinstance(value, list) else object_or_none(value, name)


def _echoed(entry: _Entry, later: Sequence[_Entry]) -> Message | None:
    same = [each for each in later[:_LOOKED_AHEAD] if each.api == entry.api]
    find = echoed_items if entry.api == "responses" else echoed_message
    found = (find(entry.sent, each.sent) for each in same)
    return next((message for message in found if message is not None), None)


def _named_next(later: Sequence[_Entry], named: set[str]) -> str | None:
    id_ = text_or_none(later[0].body.get("previous_response_id")) if later else None
    return id_ if id_ not in named else None


def _reply(api: str, message: Message) -> ReplyMessage:
    if isinstance(message, Mapping):
        return blocks_reply(message) if api == "messages" else chat_reply(message)
    return items_reply(message)
