"""The kinds of value that are lists: thresholds, names of headers, places in a request's body."""

import re
from collections.abc import Callable
from typing import TypeVar

from costproxy.settings.kinds import RESERVED_HEADERS, Kind
from costproxy.settings.refusal import RefusedError

MOST_THRESHOLDS = 10
MOST_NAMES = 50

_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_FIELD = re.compile(r"[A-Za-z0-9_-]{1,64}(?:\.[A-Za-z0-9_-]{1,64}){0,3}")
# A trace is a tree of requests, and an address or a user agent is anybody's: none of them is a session.
_NO_SESSIONS = frozenset({"traceparent", "tracestate", "forwarded", "x-forwarded-for", "x-real-ip", "user-agent"})

_Entry = TypeVar("_Entry")


def _words(text: str) -> list[str]:
    """Return what stands between commas; an empty text is an empty list."""
    return [word.strip() for word in text.split(",")] if text.strip() else []


def _numbers(text: str) -> list[object]:
    return [int(word) if re.fullmatch(r"[0-9]{1,9}", word) else word for word in _words(text)]


def _entries(kind: Kind, most: int, read: Callable[[object], _Entry], value: object) -> tuple[_Entry, ...]:
    """Read every entry; one that is refused is told by its number, for its text may have come from a variable."""
    if not isinstance(value, list | tuple):
        raise RefusedError(kind.expected)
    if len(value) > most:
        raise RefusedError(kind.expected, found=f"{len(value)} entries")
    entries: list[_Entry] = []
    for number, each in enumerate(value, 1):
        try:
            entry = read(each)
        except RefusedError as refusal:
            found = refusal.found or f"something else than {refusal.expected}"
            raise RefusedError(kind.expected, found=f"{found} as entry {number}") from None
        if entry in entries:
            raise RefusedError(kind.expected, found=f"entry {entries.index(entry) + 1} again as entry {number}")
        entries.append(entry)
    return tuple(entries)


def _read_threshold(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 100:
        return value
    raise RefusedError("a whole number from 1 to 100")


def _read_thresholds(value: object) -> tuple[int, ...]:
    entries = _entries(THRESHOLDS, MOST_THRESHOLDS, _read_threshold, value)
    if list(entries) != sorted(entries):
        raise RefusedError(THRESHOLDS.expected, found="another order")
    return entries


def _read_session_header(value: object) -> str:
    name = value.lower() if isinstance(value, str) else ""
    if not _HEADER.fullmatch(name) or name.count("*") > 1 or not name.strip("*-_."):
        raise RefusedError("a header's name")
    if name in RESERVED_HEADERS | _NO_SESSIONS:
        raise RefusedError("a header's name", found=f'"{name}", which names no session,')
    return name


def _read_session_field(value: object) -> str:
    if isinstance(value, str) and _FIELD.fullmatch(value):
        return value
    raise RefusedError("a field's name")


def _read_session_headers(value: object) -> tuple[str, ...]:
    return _entries(SESSION_HEADERS, MOST_NAMES, _read_session_header, value)


def _read_session_fields(value: object) -> tuple[str, ...]:
    return _entries(SESSION_FIELDS, MOST_NAMES, _read_session_field, value)


THRESHOLDS = Kind(
    expected=f"ascending percentages such as [70, 85, 95], at most {MOST_THRESHOLDS} from 1 to 100",
    metavar="N,N,…",
    read=_read_thresholds,
    from_text=_numbers,
)
SESSION_HEADERS = Kind(
    expected=f'names of headers such as ["x-session-id"], at most {MOST_NAMES}, each with one "*" at most',
    metavar="NAME,NAME,…",
    read=_read_session_headers,
    from_text=_words,
)
SESSION_FIELDS = Kind(
    expected=f'fields of the body such as ["session_id", "metadata.session_id"], at most {MOST_NAMES}',
    metavar="NAME,NAME,…",
    read=_read_session_fields,
    from_text=_words,
)
