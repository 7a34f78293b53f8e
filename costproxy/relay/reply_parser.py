"""Replies of an upstream, read out of the bytes of one connection."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import httptools

from costproxy.errors import WireError
from costproxy.relay.headers import RawHeader, value_of

# Heads of real servers stay below 64 KiB; a peer that sends more is broken or hostile.
_LARGEST_HEAD = 1024 * 1024
_SWITCHING = 101  # to another protocol, for which nobody has asked


class Framing(Enum):
    """How the end of a reply's body is told."""

    NONE = "none"  # no body: HEAD, 204, 304
    LENGTH = "length"
    CHUNKED = "chunked"
    CLOSE = "close"  # by the end of the connection


@dataclass(slots=True)
class ReplyHead:
    """The head of a reply, as received."""

    status: int
    reason: bytes
    headers: list[RawHeader]
    framing: Framing


@dataclass(slots=True)
class Parsed:
    """What one read brought, in the order in which it is handed on."""

    interims: list[ReplyHead] = field(default_factory=list)
    head: ReplyHead | None = None
    body: list[bytes] = field(default_factory=list)
    ended: bool = False
    trailers: list[RawHeader] = field(default_factory=list)  # of a reply that ended
    intact: bool = True  # False: what followed is not HTTP


class ReplyParser:
    """Reads one reply after the other; `begin` before each."""

    def __init__(self) -> None:
        self._parser: Any = httptools.HttpResponseParser(self)
        self._parsed = Parsed()
        self._is_head_request = False
        self._head_bytes = 0
        self._reason = b""
        self._headers: list[RawHeader] = []
        self.headless = True  # the final head of the current reply is still to come
        self.framing = Framing.NONE  # of the last reply whose head came
        self.keep_alive = False  # whether that reply leaves the connection open
        self.keepalive_hint: float | None = None  # seconds, of its `Keep-Alive: timeout=`

    def __repr__(self) -> str:
        return f"<ReplyParser headless={self.headless} framing={self.framing.value}>"

    def begin(self, *, head_request: bool) -> None:
        """Expect a reply; that to a HEAD request has no body."""
        self._is_head_request = head_request
        self._head_bytes = 0
        self.headless = True

    def feed(self, data: bytes) -> Parsed:
        """Return what `data` brings."""
        self._parsed = parsed = Parsed()
        if self.headless:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserUpgrade, httptools.HttpParserError):  # no upgrade was asked for
            parsed.intact = False
        if self.headless and self._head_bytes > _LARGEST_HEAD:
            parsed.intact = False
        if parsed.ended:
            parsed.trailers = self._headers
        return parsed

    # -- callbacks of httptools --------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """Forget the previous head.

        Raises:
            WireError: the reply has ended already, so this is nobody's; a connection that says such is not kept.
        """
        if self._parsed.ended:
            raise WireError("expected nothing after the reply, found another")
        self._reason = b""
        self._headers = []

    def on_status(self, part: bytes) -> None:
        """Collect the reason phrase."""
        self._reason += part

    def on_header(self, name: bytes, value: bytes) -> None:
        """Collect a header, or a trailer once the head is complete."""
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Tell an interim reply from the final one, and how the body is framed."""
        status = self._parser.get_status_code()
        headers, self._headers = self._headers, []
        if 100 <= status < 200:
            if status != _SWITCHING:
                self._parsed.interims.append(ReplyHead(status, self._reason, headers, Framing.NONE))
            return
        self.headless = False
        self.framing = _framing(status, headers, is_head_request=self._is_head_request)
        self.keep_alive = self._parser.should_keep_alive()  # the parser forgets it at the message's end
        self.keepalive_hint = _keepalive_hint(headers)
        self._parsed.head = ReplyHead(status, self._reason, headers, self.framing)
        if self._is_head_request:
            self._parsed.ended = True

    def on_body(self, body: bytes) -> None:
        """Collect a piece of the body."""
        if not self._is_head_request:
            self._parsed.body.append(body)

    def on_message_complete(self) -> None:
        """Note the end of the final reply; an interim one is followed by more."""
        if not self.headless:
            self._parsed.ended = True


def _framing(status: int, headers: list[RawHeader], *, is_head_request: bool) -> Framing:
    """Source: RFC 9112, 6.3."""
    if is_head_request or status in (204, 304):
        return Framing.NONE
    if coding := value_of(headers, b"transfer-encoding"):
        return Framing.CHUNKED if coding.lower().rstrip().endswith(b"chunked") else Framing.CLOSE
    return Framing.LENGTH if value_of(headers, b"content-length") else Framing.CLOSE


def _keepalive_hint(headers: list[RawHeader]) -> float | None:
    for part in value_of(headers, b"keep-alive").split(b","):
        name, _, value = part.strip().partition(b"=")
        if name.lower() == b"timeout" and value.isdigit():
            return float(value)
    return None
