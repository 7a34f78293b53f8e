"""One connection to an upstream: request bytes out, the reply pushed to a sink as it comes in."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from time import perf_counter
from typing import Any, Protocol, cast

import httptools

from costproxy.errors import WireError
from costproxy.relay.headers import RawHeader, value_of
from costproxy.relay.kernel import has_news

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


class Loss(Enum):
    """How an upstream broke off."""

    EOF = "closed the connection"
    RESET = "reset the connection"
    INVALID = "sent something that is not HTTP"


class ReplySink(Protocol):
    """Where a reply goes; called from the event loop's read callback, so nothing here may wait or raise."""

    def interim(self, head: ReplyHead) -> None:
        """Take a 1xx reply."""

    def head(self, head: ReplyHead) -> None:
        """Take the head of the final reply."""

    def data(self, data: bytes) -> None:
        """Take a piece of its body."""

    def end(self, trailers: list[RawHeader]) -> None:
        """Take its end."""

    def lost(self, loss: Loss) -> None:
        """Take notice that there will be no end."""

    def flush(self) -> None:
        """Act on what was taken since the last flush."""


@dataclass(slots=True)
class _Parsed:
    """What one read brought, in the order in which it is handed on."""

    interims: list[ReplyHead] = field(default_factory=list)
    head: ReplyHead | None = None
    body: list[bytes] = field(default_factory=list)
    ended: bool = False


class UpstreamConnection(asyncio.Protocol):
    """An HTTP/1.1 client connection that carries one exchange at a time.

    `on_free` is called when an exchange is over and the connection can carry another.
    """

    def __init__(self, on_free: Callable[["UpstreamConnection"], None]) -> None:
        self._on_free = on_free
        self._transport: asyncio.Transport | None = None
        self._parser: Any = httptools.HttpResponseParser(self)
        self._sink: ReplySink | None = None
        self._parsed = _Parsed()
        self._headless = True  # the final head of the current reply is still to come
        self._is_head_request = False
        self._head_bytes = 0
        self._framing = Framing.NONE
        self._keep_alive = False
        self._reason = b""
        self._headers: list[RawHeader] = []
        self._uploading = False
        self._writable: asyncio.Future[None] | None = None
        self.busy = 0.0  # seconds spent on the current exchange's bytes
        self.idle_since = 0.0  # monotonic seconds
        self.keepalive_hint: float | None = None  # seconds, of the reply's `Keep-Alive: timeout=`

    def __repr__(self) -> str:
        state = "closed" if self.closed else "idle" if self._sink is None else "busy"
        return f"<UpstreamConnection {state}>"

    @property
    def closed(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._transport is None or self._transport.is_closing()

    def fileno(self) -> int:
        """Return the socket's descriptor, or -1."""
        sock = self._transport.get_extra_info("socket") if self._transport else None
        return sock.fileno() if sock else -1

    # -- the exchange ------------------------------------------------------------------------------------

    def begin(self, sink: ReplySink, *, head_request: bool, uploading: bool) -> None:
        """Start an exchange whose reply goes to `sink`; `uploading` until `uploaded` is called."""
        self._sink = sink
        self._headless = True
        self._is_head_request = head_request
        self._uploading = uploading
        self._head_bytes = 0
        self.busy = 0.0

    def write(self, *parts: bytes) -> None:
        """Send bytes; without effect on a closed connection, whose sink has been told."""
        if self._transport is not None:
            self._transport.writelines(parts)

    async def drain(self) -> None:
        """Wait until the upstream takes more."""
        if self._writable is not None:
            await self._writable

    async def hear(self) -> None:
        """Let what the upstream has said be read first: writing to one that answered and left loses the answer."""
        if has_news(self.fileno()):
            await asyncio.sleep(0)
            await asyncio.sleep(0)

    def uploaded(self) -> None:
        """Note that the request has been sent to its end."""
        self._uploading = False

    def pause(self) -> None:
        """Stop reading the reply."""
        if self._transport is not None and not self.closed:
            self._transport.pause_reading()

    def resume(self) -> None:
        """Go on reading the reply."""
        if self._transport is not None and not self.closed:
            self._transport.resume_reading()

    def close(self) -> None:
        """Drop the connection, and whatever is under way on it."""
        self._sink = None
        if self._transport is not None:
            self._transport.abort()

    def forsake(self, sink: ReplySink) -> None:
        """Drop the connection if it is still `sink`'s exchange that is under way on it."""
        if self._sink is sink:
            self.close()

    # -- asyncio.Protocol --------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def pause_writing(self) -> None:
        """Make `drain` wait."""
        self._writable = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        """Let `drain` go on."""
        writable, self._writable = self._writable, None
        if writable is not None and not writable.done():
            writable.set_result(None)

    def data_received(self, data: bytes) -> None:
        """Parse what came, and hand it to the sink in one go."""
        sink = self._sink
        if sink is None:  # an idle upstream has nothing to say
            self.close()
            return
        started = perf_counter()
        intact = self._parse(data)
        self._hand_on(sink, intact=intact)
        self.busy += perf_counter() - started

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the sink, if an exchange was under way."""
        self._transport = None
        self.resume_writing()
        sink, self._sink = self._sink, None
        if sink is None:
            return
        if exc is None and not self._headless and self._framing is Framing.CLOSE:
            sink.end([])
        else:
            sink.lost(Loss.EOF if exc is None else Loss.RESET)
        sink.flush()

    # -- parsing -----------------------------------------------------------------------------------------

    def _parse(self, data: bytes) -> bool:
        """Collect what `data` brings in `_parsed`; False if it is not HTTP."""
        if self._headless:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            return False  # no upgrade was asked for
        except httptools.HttpParserError:
            return False
        return not self._headless or self._head_bytes <= _LARGEST_HEAD

    def _hand_on(self, sink: ReplySink, *, intact: bool) -> None:
        parsed, self._parsed = self._parsed, _Parsed()
        for interim in parsed.interims:
            sink.interim(interim)
        if parsed.head is not None:
            sink.head(parsed.head)
        if parsed.body:
            sink.data(b"".join(parsed.body) if len(parsed.body) > 1 else parsed.body[0])
        if parsed.ended:
            self._sink = None
            sink.end(self._headers)
        elif not intact:
            sink.lost(Loss.INVALID)
            self.close()
        sink.flush()
        if parsed.ended:
            self._finish(intact=intact)

    def _finish(self, *, intact: bool) -> None:
        reusable = intact and not self._uploading and not self._is_head_request and not self.closed
        if reusable and self._keep_alive:
            self._on_free(self)
        else:
            self.close()

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
        self._headless = False
        self._framing = _framing(status, headers, is_head_request=self._is_head_request)
        self._keep_alive = self._parser.should_keep_alive()  # the parser forgets it at the message's end
        self.keepalive_hint = _keepalive_hint(headers)
        self._parsed.head = ReplyHead(status, self._reason, headers, self._framing)
        if self._is_head_request:
            self._parsed.ended = True

    def on_body(self, body: bytes) -> None:
        """Collect a piece of the body."""
        if not self._is_head_request:
            self._parsed.body.append(body)

    def on_message_complete(self) -> None:
        """Note the end of the final reply; an interim one is followed by more."""
        if not self._headless:
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
