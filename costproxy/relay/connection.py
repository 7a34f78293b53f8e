"""One connection to an upstream: request bytes out, the reply pushed to a sink as it comes in."""

import asyncio
from collections.abc import Callable
from enum import Enum
from time import perf_counter
from typing import Protocol, cast

from costproxy.relay.headers import RawHeader
from costproxy.relay.kernel import has_news
from costproxy.relay.reply_parser import Framing, Parsed, ReplyHead, ReplyParser


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


class UpstreamConnection(asyncio.Protocol):
    """An HTTP/1.1 client connection that carries one exchange at a time.

    `on_free` is called when an exchange is over and the connection can carry another.
    """

    def __init__(self, on_free: Callable[["UpstreamConnection"], None]) -> None:
        self._on_free = on_free
        self._transport: asyncio.Transport | None = None
        self._parser = ReplyParser()
        self._sink: ReplySink | None = None
        self._is_head_request = False
        self._uploading = False
        self._writable: asyncio.Future[None] | None = None
        self.busy = 0.0  # seconds spent on the current exchange's bytes
        self.idle_since = 0.0  # monotonic seconds

    def __repr__(self) -> str:
        state = "closed" if self.closed else "idle" if self._sink is None else "busy"
        return f"<UpstreamConnection {state}>"

    @property
    def closed(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._transport is None or self._transport.is_closing()

    @property
    def keepalive_hint(self) -> float | None:
        """Seconds that the upstream says it keeps an idle connection, None if it does not say."""
        return self._parser.keepalive_hint

    def fileno(self) -> int:
        """Return the socket's descriptor, or -1."""
        sock = self._transport.get_extra_info("socket") if self._transport else None
        return sock.fileno() if sock else -1

    # -- the exchange ------------------------------------------------------------------------------------

    def begin(self, sink: ReplySink, *, head_request: bool, uploading: bool) -> None:
        """Start an exchange whose reply goes to `sink`; `uploading` until `uploaded` is called."""
        self._sink = sink
        self._parser.begin(head_request=head_request)
        self._is_head_request = head_request
        self._uploading = uploading
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
        self._hand_on(sink, self._parser.feed(data))
        self.busy += perf_counter() - started

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the sink, if an exchange was under way."""
        self._transport = None
        self.resume_writing()
        sink, self._sink = self._sink, None
        if sink is None:
            return
        if exc is None and not self._parser.headless and self._parser.framing is Framing.CLOSE:
            sink.end([])
        else:
            sink.lost(Loss.EOF if exc is None else Loss.RESET)
        sink.flush()

    # -- inside ------------------------------------------------------------------------------------------

    def _hand_on(self, sink: ReplySink, parsed: Parsed) -> None:
        for interim in parsed.interims:
            sink.interim(interim)
        if parsed.head is not None:
            sink.head(parsed.head)
        if parsed.body:
            sink.data(b"".join(parsed.body) if len(parsed.body) > 1 else parsed.body[0])
        if parsed.ended:
            self._sink = None
            sink.end(parsed.trailers)
        elif not parsed.intact:
            sink.lost(Loss.INVALID)
            self.close()
        sink.flush()
        if parsed.ended:
            self._finish(intact=parsed.intact)

    def _finish(self, *, intact: bool) -> None:
        reusable = intact and not self._uploading and not self._is_head_request and not self.closed
        if reusable and self._parser.keep_alive:
            self._on_free(self)
        else:
            self.close()
