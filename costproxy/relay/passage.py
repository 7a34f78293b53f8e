"""One request on its way to the upstream and back."""

import asyncio
import contextlib
from time import perf_counter

from aiohttp import web
from aiohttp.http import HttpVersion10
from aiohttp.web import BaseRequest, RequestPayloadError

from costproxy.model import Ending, Exchange, Timing
from costproxy.relay import refusal, upload
from costproxy.relay.client_reply import ClientReply
from costproxy.relay.connection import UpstreamConnection
from costproxy.relay.errand import Errand
from costproxy.relay.idle import IdleTimer
from costproxy.relay.metering import Metering
from costproxy.relay.pool import UnreachableError
from costproxy.relay.refusal import Refusal
from costproxy.relay.request_head import ClientHead
from costproxy.relay.upload import Body


class Passage:
    """Carries one exchange; afterwards `exchange` tells what happened."""

    def __init__(self, request: BaseRequest, head: ClientHead, errand: Errand, metering: Metering) -> None:
        """Take the head to be sent on, and what becomes of the copies."""
        self._started = self._ended = perf_counter()
        self._request = request
        self._head = head
        self._errand = errand
        self._metering = metering
        self._connection: UpstreamConnection | None = None
        self._refusal: str | None = None
        self._sent: float | None = None
        self._overhead = 0.0
        self._bytes_in = 0
        self.reply = ClientReply(request, metering)
        self.ending = Ending.PROXY_FAULT

    def __repr__(self) -> str:
        return f"<Passage {self._errand.api.name} to {self._errand.upstream.name} {self.reply!r}>"

    @property
    def protocol(self) -> web.RequestHandler:
        """The client's connection."""
        return self._request.protocol

    @property
    def upstream(self) -> str:
        """The name of the upstream it leads to."""
        return self._errand.upstream.name

    async def run(self) -> None:
        """Carry the request there and the reply back."""
        if self._head.wants_websocket or self._request.method == "CONNECT":
            self._refuse(refusal.UPGRADE, Ending.REFUSED)
            return
        if self._head.expects_continue and self._request.version > HttpVersion10:
            self.reply.say_continue()
        try:
            body = await self._receive()
        except RequestPayloadError:
            self._refuse(refusal.BAD_BODY, Ending.REFUSED)
            return
        started = perf_counter()
        self._bytes_in = len(body.data)
        body, head = self._prepare(body)
        self._overhead += perf_counter() - started
        try:
            connection = await self._errand.upstream.pool.acquire()
        except UnreachableError as error:
            timed_out = error.cause == "connect_timeout"
            because = refusal.unreachable(self._errand.upstream.name, error.cause, error.text)
            self._refuse(because, Ending.UPSTREAM_TIMEOUT if timed_out else Ending.UPSTREAM_UNREACHABLE)
            return
        await self._converse(connection, head, body)

    def leave(self) -> None:
        """Let go of the upstream: what it still has to say is of no use any more."""
        self._ended = perf_counter()
        if self._connection is not None:
            self._connection.forsake(self.reply)

    def fail(self) -> None:
        """Answer for a defect of ours as far as that is still possible."""
        self.ending = Ending.PROXY_FAULT
        if self.reply.status is None:
            self.reply.refuse(refusal.FAULT)
        elif not self.reply.ended:
            self.reply.break_off()

    def hand_in(self) -> None:
        """Have the exchange recorded."""
        if self.reply.ended and self.reply.status == 200:
            self._metering.learn()
        self._metering.finish(self.exchange)

    def exchange(self) -> Exchange:
        """Return what happened; this parses what has not been parsed yet."""
        metering, errand = self._metering, self._errand
        reply = metering.reply(self._ended)
        return Exchange(
            id=errand.id,
            upstream=errand.upstream.name,
            dialect=errand.upstream.settings.dialect,
            api=errand.api.name,
            app=errand.app,
            method=self._request.method,
            status=self.reply.status,
            ending=self.ending,
            timing=self._timing(),
            started_at=metering.started_at,
            bytes_in=self._bytes_in,
            bytes_out=self.reply.bytes_in,
            injected=metering.injected,
            unmetered=metering.unmetered,
            request=metering.request,
            refusal=self._refusal,
            request_text=metering.request_text,
            reply=reply,
            rate=metering.rate(self.reply.headers, status=self.reply.status, at=self._replied_at()),
            retry_count=metering.retry_count,
            caller=metering.caller,
            placement=metering.placement,
        )

    def _replied_at(self) -> float:
        """Return when the head of the reply came, in seconds since the epoch."""
        return self._metering.started_at + (self.reply.replied or self._started) - self._started

    # -- the request -------------------------------------------------------------------------------------

    async def _receive(self) -> Body:
        """Return the body of a request that is metered; others stream through later."""
        if not self._head.has_body:
            return upload.NOTHING
        limit = self._metering.limit
        if limit is None or (self._head.length or 0) > limit:
            return upload.UNREAD
        return await upload.read_body(self._request.content, limit)

    def _prepare(self, body: Body) -> tuple[Body, bytes]:
        """Return the body and the head to send, and give the meter its copy."""
        changes = {}
        if (asking := self._metering.take(body)) is not None:
            self.reply.hide_usage()
            body = Body(asking, complete=True)
            changes[b"accept-encoding"] = b"identity"
            if not self._head.chunked:
                changes[b"content-length"] = b"%d" % len(body.data)
        start = b"%s %s HTTP/1.1" % (self._request.method.encode(), self._errand.target)
        host = self._errand.upstream.settings.host_header.encode()
        return body, self._head.encode(start, host=host, changes=changes)

    # -- the conversation with the upstream --------------------------------------------------------------

    async def _converse(self, connection: UpstreamConnection, head: bytes, body: Body) -> None:
        started = perf_counter()
        self._connection = self.reply.source = connection
        is_head = self._request.method == "HEAD"
        connection.begin(self.reply, head_request=is_head, uploading=not body.complete)
        chunked = self._head.chunked
        ending = upload.last_frame(chunked=chunked) if body.complete else ()
        connection.write(head, *upload.frame(body.data, chunked=chunked), *ending)
        self._sent = perf_counter()
        self._overhead += self._sent - started
        self._metering.open()
        if body.complete:
            await self._wait_for_the_end()
            return
        uploading = asyncio.create_task(self._upload(connection), name="upload")
        try:
            await self._wait_for_the_end()
        finally:
            uploading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await uploading

    async def _upload(self, connection: UpstreamConnection) -> None:
        chunked = self._head.chunked
        try:
            async for piece in upload.rest_of(self._request.content):
                self._bytes_in += len(piece)
                await connection.hear()
                connection.write(*upload.frame(piece, chunked=chunked))
                await connection.drain()
                self.reply.active = perf_counter()
        except (RequestPayloadError, OSError):  # it broke its own framing, or has gone
            connection.close()
            self.reply.give_up()
            return
        connection.write(*upload.last_frame(chunked=chunked))
        connection.uploaded()
        self._sent = perf_counter()

    async def _wait_for_the_end(self) -> None:
        reply, limit = self.reply, self._errand.upstream.settings.idle_timeout
        timer = IdleTimer(reply, limit)
        try:
            while not (reply.ended or reply.loss or reply.given_up or timer.expired):
                await reply.progress()
        finally:
            timer.cancel()
        self._conclude(timed_out=timer.expired and not reply.ended)

    def _conclude(self, *, timed_out: bool) -> None:
        reply, upstream = self.reply, self._errand.upstream
        if reply.ended:
            self.ending = Ending.COMPLETE
            return
        if reply.given_up or (timed_out and reply.stalled):
            self.ending = Ending.CLIENT_LEFT
            reply.break_off()
            return
        begun = reply.status is not None
        if timed_out:
            because = refusal.idle(upstream.name, upstream.settings.idle_timeout)
            ending = Ending.UPSTREAM_TIMEOUT
        else:
            because = refusal.no_reply(upstream.name, reply.loss.value if reply.loss else "broke off")
            ending = Ending.UPSTREAM_LOST if begun else Ending.UPSTREAM_UNREACHABLE
        if begun:
            self.ending = ending
            reply.break_off()
        else:
            self._refuse(because, ending)

    def _refuse(self, because: Refusal, ending: Ending) -> None:
        self.ending = ending
        self._refusal = because.code
        self.reply.refuse(because)

    # -- the record --------------------------------------------------------------------------------------

    def _timing(self) -> Timing:
        busy = self._connection.busy if self._connection is not None else 0.0
        return Timing(
            started=self._started,
            ended=self._ended,
            sent=self._sent,
            replied=self.reply.replied,
            overhead=self._overhead + busy,
        )
