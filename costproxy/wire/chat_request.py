"""Chat requests: what they ask for, and the one change that is ever made to them."""

import re
from itertools import islice
from typing import Any

import msgspec

from costproxy.errors import WireError
from costproxy.model import ChatRequest
from costproxy.wire import jsontext
from costproxy.wire.numbers import token_count

_OPTIONS_KEY = re.compile(rb'"stream_options"\s*:\s*\{')
_NOTHING = msgspec.Raw(b"null")
_ASK = b'"include_usage":true'
# How many places that look like the option are tried: each costs a reading of the body, and all but one are decoys.
_MOST_TRIES = 8


class Fields(msgspec.Struct):
    """The fields that are read, as decoded; messages and tools are counted, not decoded."""

    model: Any = None
    stream: Any = None
    stream_options: Any = msgspec.UNSET
    max_completion_tokens: Any = None
    max_tokens: Any = None
    messages: list[msgspec.Raw] | None = None
    tools: list[msgspec.Raw] | None = None


_fields = msgspec.json.Decoder(Fields)


def read(body: bytes) -> ChatRequest:
    """Return the facts of a chat request.

    Raises:
        WireError: the body is not a JSON object.
    """
    return facts_of(parse(body))


def facts_of(fields: Fields) -> ChatRequest:
    """Return the facts that the fields of a chat request state."""
    return ChatRequest(
        model=fields.model if isinstance(fields.model, str) and fields.model else None,
        stream=fields.stream is True,
        include_usage=_include_usage(fields.stream_options),
        messages=None if fields.messages is None else len(fields.messages),
        tools=None if fields.tools is None else len(fields.tools),
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
    known = {name: loose[name] for name in Fields.__struct_fields__ if name in loose}
    for name in ("messages", "tools"):
        items = known.get(name)
        known[name] = [_NOTHING] * len(items) if isinstance(items, list) else None
    return Fields(**known)


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
