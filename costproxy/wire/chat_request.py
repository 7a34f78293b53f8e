"""Chat requests: what they ask for, and the one change that is ever made to them."""

import re
from itertools import islice
from typing import Any

import msgspec

from costproxy.errors import WireError
from costproxy.model import ChatRequest
from costproxy.model.prompt import JsonText, Prompt
from costproxy.wire import jsontext
from costproxy.wire.numbers import token_count
from costproxy.wire.surface import RequestRead

_OPTIONS_KEY = re.compile(rb'"stream_options"\s*:\s*\{')
_ASK = b'"include_usage":true'
# How many places that look like the option are tried: each costs a reading of the body, and all but one are decoys.
_MOST_TRIES = 8
_ABSENT = msgspec.Raw(b"")


class Fields(msgspec.Struct):
    """The fields that are read, as decoded; what is Raw is not decoded, and empty where it is absent."""

    model: Any = None
    stream: Any = None
    stream_options: Any = msgspec.UNSET
    max_completion_tokens: Any = None
    max_tokens: Any = None
    messages: list[msgspec.Raw] | None = None
    tools: msgspec.Raw = _ABSENT
    functions: msgspec.Raw = _ABSENT
    # What may name a session, usually; other names are looked for in the body.
    metadata: msgspec.Raw = _ABSENT
    session_id: msgspec.Raw = _ABSENT
    litellm_session_id: msgspec.Raw = _ABSENT
    user: msgspec.Raw = _ABSENT
    prompt_cache_key: msgspec.Raw = _ABSENT
    safety_identifier: msgspec.Raw = _ABSENT
    previous_response_id: msgspec.Raw = _ABSENT
    conversation: msgspec.Raw = _ABSENT


_fields = msgspec.json.Decoder(Fields)
_KNOWN = frozenset(Fields.__struct_fields__)
_RAW = frozenset(name for name, kind in Fields.__annotations__.items() if kind is msgspec.Raw)


def read(body: bytes) -> ChatRequest:
    """Return the facts of a chat request.

    Raises:
        WireError: the body is not a JSON object.
    """
    return facts_of(parse(body))


def read_whole(body: bytes, names: frozenset[str]) -> RequestRead:
    """Return the facts and the prompt of a chat request, and the fields of these names.

    Raises:
        WireError: the body is not a JSON object.
    """
    return whole_of(parse(body), body, names)


def whole_of(fields: Fields, body: bytes, names: frozenset[str], facts: ChatRequest | None = None) -> RequestRead:
    """Return what `read_whole` does, where the fields of the body, and maybe its facts, have been read."""
    facts = facts or facts_of(fields)
    messages = jsontext.cut(fields.messages or (), len(body))
    return RequestRead(
        facts=facts,
        prompt=Prompt(messages=messages, tools=_tools(fields) if facts.tools else None),
        fields=_named(fields, body, names),
    )


def facts_of(fields: Fields) -> ChatRequest:
    """Return the facts that the fields of a chat request state."""
    return ChatRequest(
        model=fields.model if isinstance(fields.model, str) and fields.model else None,
        stream=fields.stream is True,
        include_usage=_include_usage(fields.stream_options),
        messages=None if fields.messages is None else len(fields.messages),
        tools=jsontext.count(_tools(fields)),
        max_output=token_count(fields.max_completion_tokens) or token_count(fields.max_tokens),
    )


def parse(body: bytes) -> Fields:
    """Return the fields of a chat request.

    Raises:
        WireError: the body is not a JSON object.
    """
    try:
        return _fields.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        pass
    # A wrong type in one field must not hide the others.
    loose = jsontext.decode_object(body)
    return Fields(**{name: _loose(name, loose[name]) for name in Fields.__struct_fields__ if name in loose})


def _loose(name: str, value: Any) -> Any:
    if name == "messages":
        return [_raw(item) for item in value] if isinstance(value, list) else None
    return _raw(value) if name in _RAW else value


def _raw(value: Any) -> msgspec.Raw:
    return msgspec.Raw(jsontext.written(value))


def _named(fields: Fields, body: bytes, names: frozenset[str]) -> dict[str, JsonText]:
    """Return the fields of the body that have these names; the usual ones without another reading."""
    if names <= _RAW:
        return {name: memoryview(raw) for name in names if (raw := getattr(fields, name)) is not _ABSENT}
    cut = jsontext.fields(body)
    return {name: cut[name] for name in names if name in cut}


def _tools(fields: Fields) -> memoryview | None:
    """Return what is sent as tools, under the name of today or that of the old days."""
    if fields.tools is _ABSENT and fields.functions is _ABSENT:
        return None
    texts = [memoryview(raw) for raw in (fields.tools, fields.functions)]
    return next((text for text in texts if text and bytes(text[:4]) != b"null"), None)


def _include_usage(options: Any) -> bool | None:
    value = options.get("include_usage") if isinstance(options, dict) else None
    return value if isinstance(value, bool) else None


def ask_for_usage(body: bytes, fields: Fields | None = None) -> bytes | None:
    """Return the body with `stream_options.include_usage` spliced in, or None where that is not ours to do.

    Only a streamed request that does not mention the option is changed, by one inserted span: at the end
    of the top-level object, or at the start of a `stream_options` object that is already there. `fields`
    are those of the body, where they have been read.
    """
    try:
        fields = fields or parse(body)
    except WireError:
        return None
    if fields.stream is not True or b"\0" in body[:4]:  # UTF-16 and UTF-32 begin so; a span of ASCII would break them
        return None
    if fields.stream_options is msgspec.UNSET:
        end = len(body.rstrip(b" \t\r\n")) - 1
        return b'%s,"stream_options":{%s}%s' % (body[:end], _ASK, body[end:])
    if isinstance(fields.stream_options, dict) and "include_usage" not in fields.stream_options:
        return _ask_inside(body, empty=not fields.stream_options)
    return None


def _ask_inside(body: bytes, *, empty: bool) -> bytes | None:
    """Splice into the `stream_options` object that is the request's own, told by reading the result."""
    for match in islice(_OPTIONS_KEY.finditer(body), _MOST_TRIES):
        at = match.end()
        changed = b"%s%s%s%s" % (body[:at], _ASK, b"" if empty else b",", body[at:])
        try:
            if _include_usage(parse(changed).stream_options):
                return changed
        except WireError:
            continue
    return None
