"""What a request calls its conversation: ids in its headers and in its body, in a fixed order of trust.

Source of the names: the documentation and sources of LiteLLM, Helicone, OpenRouter, xAI, opencode, Codex, Claude Code,
Langfuse and the OpenTelemetry conventions for generative AI (read 2026-11).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from costproxy.errors import WireError
from costproxy.model.prompt import NO_CLAIM, Claim, IdentitySource, JsonText
from costproxy.wire import jsontext

THREAD_HEADER = "x-costproxy-thread-id"
SESSION_HEADER = "x-costproxy-session-id"
_THREAD_KEY, _SESSION_KEY = THREAD_HEADER.encode(), SESSION_HEADER.encode()
HEADERS = (
    "x-litellm-session-id",
    "helicone-session-id",
    "x-session-id",
    "x-*-session-id",
    "x-opencode-session",
    "x-session-affinity",
    "x-grok-conv-id",
)
FIELDS = (
    "litellm_session_id",
    "session_id",
    "metadata.session_id",
    "metadata.conversation_id",
    "metadata.thread_id",
    "metadata.langfuse_session_id",
    "metadata.user_id",
)
# Names so plain that anything might be called so: they count only where the user agent is Codex.
_CODEX_KEYS = (b"session-id", b"session_id", b"thread-id", b"conversation_id")
_NOT_ITS_OWN = b"x-parent-session-id"  # opencode: the session that the request's own one was started from
_BAGGAGE = ("gen_ai.conversation.id", "session.id")
_LONGEST_BAGGAGE = 16 * 1024  # characters; the standard asks for 8192 bytes
_HINTS = ("prompt_cache_key", "user", "safety_identifier")
_USER_FIELD = "metadata.user_id"  # names a user, and within it, from some clients, a session
_USER_SESSION = re.compile(r"_session_([0-9A-Za-z-]{8,})$")
_STATE = ("conversation", "previous_response_id")
_ID = re.compile(r"[\x21-\x7e]{1,200}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionNames:
    """Where ids of sessions are looked for, first come first; what is named nowhere is looked for nowhere.

    A header's name is in lower case, and may have one `*` that stands for anything. A field's name is its path in the
    body, with dots. The order of the kinds is fixed: headers, then fields, then the W3C baggage.
    """

    headers: tuple[str, ...] = HEADERS
    fields: tuple[str, ...] = FIELDS

    top_level: frozenset[str] = field(init=False, repr=False)  # the fields of a body that a claim is made from
    patterns: tuple[tuple[bytes, bytes | None], ...] = field(init=False, repr=False)  # of headers: start, maybe end

    def __post_init__(self) -> None:
        """Tell which of a body's fields are worth cutting out, and make the headers' names ready."""
        cut = (name.encode("latin-1", "replace").partition(b"*") for name in self.headers)
        object.__setattr__(self, "patterns", tuple((start, end if star else None) for start, star, end in cut))
        ends = (path.partition(".")[0] for path in self.fields)
        object.__setattr__(self, "top_level", frozenset({*_HINTS, *_STATE, "metadata", *ends}))


USUAL_NAMES = SessionNames()


def claim_of(names: SessionNames, headers: Mapping[bytes, bytes], fields: Mapping[str, JsonText]) -> Claim:
    """Return what a request says of its conversation; nothing is raised.

    `headers` have lower-case names, repeated ones joined by ", "; `fields` are those of `names.top_level`.
    """
    return _Claimant(names, headers, fields).claim()


class _Claimant:
    """Reads one claim, and counts the ids in it that are no ids."""

    def __init__(self, names: SessionNames, headers: Mapping[bytes, bytes], fields: Mapping[str, JsonText]) -> None:
        self._names = names
        self._headers = headers
        self._fields = {name: _decoded(text) for name, text in fields.items()}
        self._ignored = 0

    def claim(self) -> Claim:
        if not self._fields and not self._headers:
            return NO_CLAIM
        previous = self._state()
        thread = self._header(_THREAD_KEY)
        session, source = self._session()
        if thread is not None:
            source = IdentitySource.THREAD_HEADER
        if previous is not None:
            source = IdentitySource.API_STATE
        return Claim(
            thread=thread,
            session=session,
            previous=previous,
            source=source,
            hints=tuple(self._hints()),
            ignored=self._ignored,
        )

    def _state(self) -> str | None:
        """Return the id of the stored conversation, or of the reply, that the API itself goes on from."""
        conversation = self._fields.get("conversation")
        if isinstance(conversation, dict):
            conversation = conversation.get("id")
        return self._id(conversation) or self._id(self._fields.get("previous_response_id"))

    def _session(self) -> tuple[str | None, IdentitySource]:
        for source, candidates in (
            (IdentitySource.SESSION_HEADER, self._in_headers()),
            (IdentitySource.SESSION_BODY, self._in_body()),
            (IdentitySource.BAGGAGE, self._in_baggage()),
        ):
            if found := next((name for name in candidates if name is not None), None):
                return found, source
        return None, IdentitySource.MESSAGES

    def _in_headers(self) -> Iterator[str | None]:
        headers = self._headers
        yield self._header(_SESSION_KEY)
        for start, end in self._names.patterns:
            if end is not None:
                yield from self._like(start, end)
            elif start in headers:
                yield self._header(start)
        if self._names.headers and b"codex" in headers.get(b"user-agent", b"").lower():
            yield from map(self._header, _CODEX_KEYS)

    def _like(self, start: bytes, end: bytes) -> Iterator[str | None]:
        found = [name for name in self._headers if name.endswith(end) and name.startswith(start)]
        if not found:
            return
        taken = {_THREAD_KEY, _SESSION_KEY, _NOT_ITS_OWN, *(name for name, end in self._names.patterns if end is None)}
        for name in sorted(found):
            if name not in taken and len(name) > len(start) + len(end):
                yield self._header(name)

    def _in_body(self) -> Iterator[str | None]:
        for path in self._names.fields if self._fields else ():
            value = self._at(path)
            if path != _USER_FIELD:
                yield self._id(value)
            elif isinstance(value, str) and (session := _session_of_user(value)) is not None:
                yield self._id(session)

    def _in_baggage(self) -> Iterator[str | None]:
        baggage = self._headers.get(b"baggage")
        if not baggage:
            return
        members = dict(_members(baggage.decode("latin-1")[:_LONGEST_BAGGAGE]))
        for name in _BAGGAGE:
            yield self._id(members.get(name))

    def _hints(self) -> Iterator[str]:
        for name in (*_HINTS, _USER_FIELD) if self._fields else ():
            value = self._at(name)
            if isinstance(value, str) and _ID.fullmatch(value):
                yield f"{name}={value}"

    def _at(self, path: str) -> Any:
        name, *inner = path.split(".")
        value = self._fields.get(name)
        for step in inner:
            value = value.get(step) if isinstance(value, dict) else None
        return value

    def _header(self, name: bytes) -> str | None:
        value = self._headers.get(name)
        return None if value is None else self._id(value.decode("latin-1").strip())

    def _id(self, value: Any) -> str | None:
        """Return an id; one that is none counts, for a shortened one would merge conversations."""
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**18:
            value = str(value)
        if isinstance(value, str) and _ID.fullmatch(value):
            return value
        self._ignored += 1
        return None


def _decoded(text: JsonText) -> Any:
    try:
        return jsontext.decode(text)
    except WireError:
        return None


def _session_of_user(value: str) -> Any:
    """Return the session in the user id of Claude Code and its kin, None where it names only a user."""
    if value.startswith("{"):
        try:
            return jsontext.decode_object(value.encode("utf-8", "replace")).get("session_id")
        except WireError:
            return None
    found = _USER_SESSION.search(value)
    return found[1] if found else None


def _members(baggage: str) -> Iterator[tuple[str, str]]:
    """Yield the names and values of a baggage header. Source: W3C Baggage, 3.2 (2024)."""
    for member in baggage.split(","):
        name, equals, value = member.partition(";")[0].partition("=")
        if equals:
            yield name.strip(), unquote(value.strip(), errors="replace")
