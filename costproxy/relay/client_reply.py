"""The reply on its way to the client: written as it comes in, copied to the tap afterwards."""

import asyncio
import socket
import struct
from collections.abc import Sequence
from time import perf_counter

from aiohttp.http import HttpVersion10
from aiohttp.web import BaseRequest

from costproxy.relay.connection import Loss, UpstreamConnection
from costproxy.relay.headers import RawHeader, encode_head, end_to_end, value_of
from costproxy.relay.metering import Metering
from costproxy.relay.refusal import Refusal
from costproxy.relay.reply_parser import Framing, ReplyHead
from costproxy.wire.hiding import UsageChunkFilter
from costproxy.wire.sse import is_heartbeat

_NO_LINGER = struct.pack("ii", 1, 0)
_OF_CHUNKS = frozenset({b"transfer-encoding", b"trailer"})


class ClientReply:
    """Passes one reply on; a `ReplySink` on one side, what aiohttp's server expects on the other."""

    def __init__(self, request: BaseRequest, metering: Metering | None = None) -> None:
        self._request = request
        self._metering = metering
        self._tap = metering.reply_tap if metering is not None else None
        self._hide_usage = False
        self._filter: UsageChunkFilter | None = None
        self._framing = Framing.NONE
        self._out: list[bytes] = []
        self._tapped: list[bytes] = []
        self._wake: asyncio.Future[None] | None = None
        self._patience: asyncio.Timeout | None = None  # with a client that does not take what there is
        self._blocked = False
        self.source: UpstreamConnection | None = None
        self.keep_alive = True  # whether the client's connection may carry another request; aiohttp's server asks
        self.status: int | None = None  # None: nothing was sent
        self.bytes_in = 0  # body bytes from the upstream
        self.replied: float | None = None  # when its head came in
        self.headers: Sequence[RawHeader] = ()  # of the upstream
        self.active = perf_counter()  # when the upstream last showed that it works
        self.loss: Loss | None = None
        self.ended = False
        self.given_up = False  # the client broke its own request

    def __repr__(self) -> str:
        return f"<ClientReply status={self.status} ended={self.ended} loss={self.loss}>"

    @property
    def stalled(self) -> bool:
        """Whether it is the client that does not take what there is."""
        return self._blocked

    # -- what aiohttp's server asks of a response; everything has been written by then -------------------

    async def prepare(self, request: BaseRequest) -> None:
        """Do nothing."""

    async def write_eof(self) -> None:
        """Do nothing."""

    # -- ReplySink ---------------------------------------------------------------------------------------

    def interim(self, head: ReplyHead) -> None:
        """Pass an interim reply on, but for 100, which the client has had from us."""
        if head.status != 100 and self._request.version > HttpVersion10:
            self._out.append(encode_head(_start_line(head), end_to_end(head.headers)))

    def head(self, head: ReplyHead) -> None:
        """Pass the head on, framed for this client."""
        self.replied = perf_counter()
        self.status, self.headers = head.status, head.headers
        encoding = value_of(head.headers, b"content-encoding").decode("latin-1")
        if self._hides(head, encoding):
            self._filter = UsageChunkFilter()
        if self._tap is not None:
            self._tap.tell(lambda observer: observer.head(head.status, encoding))
        self.keep_alive = self.keep_alive and bool(self._request.keep_alive)
        self._framing = self._framing_for_client(head.framing)
        self._out.append(encode_head(_start_line(head), self._headers(head)))

    def data(self, data: bytes) -> None:
        """Pass a piece of the body on."""
        self.bytes_in += len(data)
        self._tapped.append(data)
        self._put(self._filter.feed(data) if self._filter is not None else data)

    def end(self, trailers: list[RawHeader]) -> None:
        """Pass the end on."""
        if self._filter is not None:
            self._put(self._filter.rest())
        if self._framing is Framing.CHUNKED:
            self._out.append(encode_head(b"0", trailers))
        self.ended = True
        if self._blocked and self.source is not None:
            self._blocked = False
            self.source.resume()

    def lost(self, loss: Loss) -> None:
        """Note that the upstream broke off; `break_off` shows it to the client."""
        if self._filter is not None:
            self._put(self._filter.rest())
        self.loss = loss

    def flush(self) -> None:
        """Write what has gathered, then feed the tap, then see to back-pressure."""
        transport = self._request.transport
        if self._out:
            if transport is not None:
                transport.writelines(self._out)
            self._out = []
        self._feed_tap()
        over = self.ended or self.loss is not None
        # A connection whose exchange is over goes on to serve another client, whom this one must not stall.
        if not over and self._request.protocol.writing_paused and self.source is not None:
            self._blocked = True
            self.source.pause()
        if self._blocked or over:
            self.wake()

    # -- for the passage ---------------------------------------------------------------------------------

    async def progress(self) -> None:
        """Wait until the reply has ended, was lost, or somebody called `wake`."""
        if self.ended or self.loss is not None:
            return
        if self._blocked:
            await self._wait_for_the_client()
            return
        self._wake = asyncio.get_running_loop().create_future()
        await self._wake

    async def _wait_for_the_client(self) -> None:
        try:
            async with asyncio.timeout(None) as self._patience:
                await self._request.writer.drain()
        except TimeoutError:
            return
        except OSError:
            self.given_up = True
            return
        finally:
            self._patience = None
        self._blocked = False
        self.active = perf_counter()
        if self.source is not None:
            self.source.resume()

    def wake(self) -> None:
        """Let `progress` return."""
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)
        elif self._patience is not None:
            self._patience.reschedule(0.0)

    def hide_usage(self) -> None:
        """Take the usage chunk out of the stream: we asked for it, the client did not."""
        self._hide_usage = True

    def give_up(self) -> None:
        """Note that the client will not complete its request."""
        self.given_up = True
        self.wake()

    def say_continue(self) -> None:
        """Tell the client to send its body."""
        if self._request.transport is not None:
            self._request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def refuse(self, refusal: Refusal) -> None:
        """Send a reply of our own in place of the upstream's, which has not begun."""
        self.status = refusal.status
        self.ended = True
        # What is left of an unread body would be taken for the next request.
        self.keep_alive = self.keep_alive and bool(self._request.keep_alive) and self._request.content.is_eof()
        if self._request.transport is not None:
            with_body = self._request.method != "HEAD"
            self._request.transport.write(refusal.encode(keep_alive=self.keep_alive, with_body=with_body))

    def break_off(self) -> None:
        """Break the client's connection as the upstream broke ours."""
        self.keep_alive = False
        transport = self._request.transport
        if transport is None:
            return
        needs_reset = self.loss is not Loss.EOF or self._framing is Framing.CLOSE
        sock = transport.get_extra_info("socket")
        # A client that takes nothing would never let the connection close in good order.
        may_reset = self._blocked or (needs_reset and not transport.get_write_buffer_size())
        if may_reset and sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            transport.abort()
        else:
            transport.close()

    # -- inside ------------------------------------------------------------------------------------------

    def _hides(self, head: ReplyHead, encoding: str) -> bool:
        if not self._hide_usage or head.status >= 300 or encoding.lower() not in ("", "identity"):
            return False
        return b"application/json" not in value_of(head.headers, b"content-type").lower()

    def _framing_for_client(self, framing: Framing) -> Framing:
        if framing is Framing.NONE or (framing is Framing.LENGTH and self._filter is None):
            return framing
        if self._request.version > HttpVersion10:
            return Framing.CHUNKED
        self.keep_alive = False
        return Framing.CLOSE

    def _headers(self, head: ReplyHead) -> list[RawHeader]:
        chunked = self._framing is Framing.CHUNKED
        as_received = chunked and head.framing is Framing.CHUNKED
        foretold = self._request.method == "HEAD" and self._request.version > HttpVersion10
        headers = end_to_end(head.headers, keep=_OF_CHUNKS if as_received or foretold else frozenset())
        if head.framing is Framing.LENGTH and self._framing is not Framing.LENGTH:
            headers = [header for header in headers if header[0].lower() != b"content-length"]
        if chunked and not as_received:
            headers.append((b"Transfer-Encoding", b"chunked"))
        if self._metering is not None and (told := self._metering.headers()):
            names = {name.lower() for name, _ in told}
            headers = [header for header in headers if header[0].lower() not in names] + list(told)
        if not self.keep_alive:
            headers.append((b"Connection", b"close"))
        elif self._request.version == HttpVersion10:
            headers.append((b"Connection", b"keep-alive"))
        return headers

    def _put(self, data: bytes) -> None:
        if not data:
            return
        if self._framing is Framing.CHUNKED:
            self._out += (b"%x\r\n" % len(data), data, b"\r\n")
        else:
            self._out.append(data)

    def _feed_tap(self) -> None:
        tapped, self._tapped = self._tapped, []
        if not tapped:
            return
        now = perf_counter()
        if not all(map(is_heartbeat, tapped)):
            self.active = now
        if self._tap is not None:
            self._tap.tell(lambda observer: observer.body(b"".join(tapped), now))


def _start_line(head: ReplyHead) -> bytes:
    return b"HTTP/1.1 %d %s" % (head.status, head.reason)
