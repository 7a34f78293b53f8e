"""One recorded exchange, as a line of JSON holds it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

import msgspec

from costproxy.errors import CostproxyError, WireError
from costproxy.wire import jsontext

CHAT = "/v1/chat/completions"
_MILLISECONDS_FROM = 10**11  # as seconds, that would be the year 5138
_NULLS = (b"", b"null")


class RecordError(CostproxyError):
    """A line that is no recorded exchange; the message says what was expected and found."""


class AtFrom(StrEnum):
    """Where the moment of an exchange comes from."""

    GIVEN = "given"
    DATE = "date_header"  # of the response
    NOW = "now"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A request and its reply, with what is missing filled in."""

    host: str  # lower case; "" if not recorded
    port: int
    path: str
    status: int
    request: bytes | None  # the body; None if not recorded
    response: bytes  # the body, decoded
    at: datetime  # when the request started, UTC
    at_from: AtFrom


class _Fields(msgspec.Struct):
    """What is read; bodies stay as they were written, so that no digit of a cost is lost."""

    host: Any = None
    path: Any = None
    status: Any = None
    request: msgspec.Raw = msgspec.Raw(b"")
    response: msgspec.Raw = msgspec.Raw(b"")
    response_text: Any = None
    response_headers: Any = None
    at: Any = None


_decoder = msgspec.json.Decoder(_Fields)


def read_record(line: bytes, *, now: datetime) -> Recorded:
    """Return the exchange on a line; `now` stands in for a moment that was not recorded.

    `request_headers` are not needed, and a `Content-Encoding` is not undone: JSON holds text, so it was before.

    Raises:
        RecordError: the line is no JSON object, holds no response, or has a value of a wrong type.
    """
    fields = _fields(line)
    host, port, path = _place(fields.host, fields.path)
    at, at_from = _moment(fields, now)
    return Recorded(
        host=host,
        port=port,
        path=path,
        status=_status(fields.status),
        request=_body("request", fields.request),
        response=_response(fields),
        at=at,
        at_from=at_from,
    )


def _fields(line: bytes) -> _Fields:
    try:
        return _decoder.decode(line)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        pass
    try:
        loose = jsontext.decode_object(line)
    except WireError as error:
        raise RecordError(f"expected a JSON object with a recorded exchange, found: {error}") from None
    known = {name: loose[name] for name in _Fields.__struct_fields__ if name in loose}
    for name in ("request", "response"):
        known[name] = msgspec.Raw(json.dumps(known[name]).encode() if name in known else b"")
    return _Fields(**known)


def _place(host: Any, path: Any) -> tuple[str, int, str]:
    """Return host, port and path; either of them may be a whole URL."""
    wanted = {"host": host, "path": path}
    for name, value in wanted.items():
        if value is not None and not isinstance(value, str):
            raise RecordError(f"{name}: expected a text, found {_type(value)}")
    host, path = host or "", path or ""
    url = path if "://" in path else host if "://" in host else f"//{host}"
    try:
        parts = urlsplit(url)
        port = parts.port or (80 if parts.scheme == "http" else 443)
    except ValueError:
        raise RecordError(f"host: expected a host, found {host[:60]!r}") from None
    if "://" in path:
        path = parts.path
    return parts.hostname or "", port, path or (parts.path if "://" in host else "") or CHAT


def _status(value: Any) -> int:
    if value is None:
        return 200
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdigit()) or not 100 <= int(text[:4]) <= 599:
        raise RecordError(f"status: expected an HTTP status, found {_type(value)} {text[:20]!r}")
    return int(text)


def _response(fields: _Fields) -> bytes:
    if isinstance(fields.response_text, str):
        return fields.response_text.encode("utf-8", "surrogatepass")
    if fields.response_text is not None:
        raise RecordError(f"response_text: expected a text, found {_type(fields.response_text)}")
    body = _body("response", fields.response)
    if body is None:
        raise RecordError("response: expected an object, or a text as response_text, found neither")
    return body


def _body(name: str, raw: msgspec.Raw) -> bytes | None:
    """Return a body that was recorded as an object, or as its text."""
    body = bytes(raw).strip()
    if body in _NULLS:
        return None
    if body.startswith(b'"'):
        return str(jsontext.decode(body)).encode("utf-8", "surrogatepass")
    if not body.startswith(b"{"):
        raise RecordError(f"{name}: expected an object, found {_type(jsontext.decode(body))}")
    return body


def _moment(fields: _Fields, now: datetime) -> tuple[datetime, AtFrom]:
    if fields.at not in (None, ""):
        return _given(fields.at), AtFrom.GIVEN
    try:
        return _given(_header(fields.response_headers, "date")), AtFrom.DATE
    except RecordError:
        return now, AtFrom.NOW


def _given(value: Any) -> datetime:
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000 if value >= _MILLISECONDS_FROM else value, UTC)
        return _text_moment(str(value)) if isinstance(value, str) else _refused(value)
    except (ValueError, OverflowError, OSError):
        return _refused(value)


def _text_moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        at = parsedate_to_datetime(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _refused(value: Any) -> datetime:
    found = f"{value[:40]!r}" if isinstance(value, str) else _type(value)
    raise RecordError(f"at: expected an ISO date and time or seconds since 1970, found {found}")


def _header(headers: Any, name: str) -> Any:
    pairs = headers.items() if isinstance(headers, Mapping) else headers if isinstance(headers, list) else ()
    for pair in pairs:
        if isinstance(pair, tuple | list) and len(pair) == 2 and str(pair[0]).lower() == name:
            return pair[1][0] if isinstance(pair[1], list) and pair[1] else pair[1]
    return None


def _type(value: Any) -> str:
    names = {bool: "a boolean", int: "a number", float: "a number", str: "a text", list: "a list", dict: "an object"}
    return names.get(type(value), "nothing")
