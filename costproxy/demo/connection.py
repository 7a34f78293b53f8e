"""One accepted connection of the simulated upstream: reads requests, carries out plans."""

import asyncio
import contextlib
import enum
import inspect
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import singledispatchmethod
from typing import TypeAlias

from costproxy.demo.plan import Close, Drip, Echo, HalfClose, Hold, Plan, Reset, Send, Step, Until, Wait
from costproxy.demo.reading import MAX_HEAD_BYTES, MalformedRequestError, read_body, read_head
from costproxy.demo.seen import SeenRequest

Responder: TypeAlias = Callable[[SeenRequest], Plan | Awaitable[Plan]]
_LINGER_SECONDS = 1.0  # how long an unread upload is thrown away so that the reply is not lost to a reset


class Reading(enum.Enum):
    """When the responder is asked, and what becomes of the request's body."""

    WHOLE = "whole"  # asked once the body is here; `Expect: 100-continue` gets its 100
    EARLY = "early"  # asked at the head; the body is read meanwhile
    NEVER = "never"  # asked at the head; the body is left in the socket, a closing peer is not noticed


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How a simulated upstream treats its connections."""

    responder: Responder
    reading: Callable[[SeenRequest], Reading]
    continues: bool  # whether `Expect: 100-continue` is answered with 100 before the body is read
    idle: float | None  # seconds a connection may wait for its next request; None: for ever


class PeerGoneError(ConnectionError):
    """The peer left before the plan was carried out."""


class Wire(asyncio.StreamReaderProtocol):
    """A stream protocol that notices at once when the peer closes, even while nothing is read."""

    def __init__(self, accept: Callable[["Wire", asyncio.StreamReader, asyncio.StreamWriter], None]) -> None:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=MAX_HEAD_BYTES, loop=loop)
        super().__init__(reader, lambda r, w: accept(self, r, w), loop=loop)
        self._clock = loop.time
        self._exchange: SeenRequest | None = None
        self.gone = asyncio.Event()

    def attend(self, exchange: SeenRequest) -> None:
        """Tell this request, from now on, when the peer leaves."""
        self._exchange = exchange
        if self.gone.is_set():
            exchange.peer_left(self._clock())

    def eof_received(self) -> bool | None:
        """Note that the peer sent FIN."""
        self._leave()
        return super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the connection is gone, by whatever hand."""
        self._leave()
        super().connection_lost(exc)

    def _leave(self) -> None:
        self.gone.set()
        if self._exchange is not None:
            self._exchange.peer_left(self._clock())


class Connection:
    """Serves one connection: one request at a time, each answered by its plan."""

    def __init__(
        self,
        number: int,
        manners: Manners,
        wire: Wire,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._number = number
        self._manners = manners
        self._wire = wire
        self._reader = reader
        self._writer = writer
        self._open = True
        # With so low a high-water mark, draining means that the kernel has every byte. asyncio's TLS pauses
        # at the mark, not above it, so that 0 would never let go.
        writer.transport.set_write_buffer_limits(high=1 if writer.get_extra_info("ssl_object") else 0)

    async def serve(self, seen: Callable[[SeenRequest], None], arrived: Callable[[], None]) -> None:
        """Serve requests until one side closes.

        Raises:
            MalformedRequestError: after answering 400 and closing.
        """
        try:
            while self._open and (request := await self._next_request()) is not None:
                self._wire.attend(request)
                seen(request)
                await self._answer(request, arrived)
        except MalformedRequestError as error:
            await self._refuse(str(error))
            raise
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._writer.close()

    def abort(self) -> None:
        """Break the connection."""
        self._writer.transport.abort()

    async def _next_request(self) -> SeenRequest | None:
        try:
            async with asyncio.timeout(self._manners.idle):
                return await read_head(self._reader, self._number)
        except TimeoutError:
            return None

    async def _answer(self, request: SeenRequest, arrived: Callable[[], None]) -> None:
        reading = self._manners.reading(request)
        if reading is Reading.WHOLE:
            await self._read_whole(request)
            arrived()
            await self._carry_out(request)
        elif reading is Reading.EARLY:
            await self._answer_early(request, arrived)
        else:
            await self._carry_out(request)
            await self._linger()

    async def _read_whole(self, request: SeenRequest) -> None:
        expects = (request.header("expect") or b"").lower() == b"100-continue"
        if expects and self._manners.continues:
            await self._write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await read_body(self._reader, request)

    async def _answer_early(self, request: SeenRequest, arrived: Callable[[], None]) -> None:
        body = asyncio.ensure_future(read_body(self._reader, request))
        try:
            await self._carry_out(request)
            if self._open:
                await body
        finally:
            body.cancel()
            await asyncio.wait((body,))
            body.cancelled() or body.exception()  # looked at, so that the loop does not report it
            arrived()

    async def _carry_out(self, request: SeenRequest) -> None:
        plan = self._manners.responder(request)
        if inspect.isawaitable(plan):
            plan = await plan
        for step in plan:
            if self._open and not _left_out(step, request):
                await self._do(step)
        request.answered.set()
        if _is_last(request):
            self._open = False

    @singledispatchmethod
    async def _do(self, step: Step) -> None:
        raise TypeError(f"plan: expected a step, found {step!r}")

    @_do.register
    async def _(self, step: Send) -> None:
        await self._write(step.data)

    @_do.register
    async def _(self, step: Drip) -> None:
        for start in range(0, len(step.data), step.size):
            await self._write(step.data[start : start + step.size])
            await self._wait(step.every)

    @_do.register
    async def _(self, step: Wait) -> None:
        await self._wait(step.seconds)

    @_do.register
    async def _(self, step: Until) -> None:
        event, gone = (asyncio.ensure_future(each.wait()) for each in (step.event, self._wire.gone))
        try:
            await asyncio.wait((event, gone), return_when=asyncio.FIRST_COMPLETED)
        finally:
            event.cancel()
            gone.cancel()
        self._check_peer()

    @_do.register
    async def _(self, _: Hold) -> None:
        await self._wire.gone.wait()
        self._check_peer()

    @_do.register
    async def _(self, _: Close) -> None:
        self._open = False
        self._writer.close()

    @_do.register
    async def _(self, _: HalfClose) -> None:
        self._open = False
        self._writer.write_eof()
        await self._wire.gone.wait()

    @_do.register
    async def _(self, _: Reset) -> None:
        self._open = False
        connection: socket.socket = self._writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    @_do.register
    async def _(self, _: Echo) -> None:
        self._open = False
        while data := await self._reader.read(65536):
            self._writer.write(data)
            await self._writer.drain()

    async def _write(self, data: bytes) -> None:
        self._check_peer()
        self._writer.write(data)
        await self._writer.drain()

    async def _wait(self, seconds: float) -> None:
        self._check_peer()
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wire.gone.wait()
        self._check_peer()

    def _check_peer(self) -> None:
        if self._wire.gone.is_set():
            raise PeerGoneError

    async def _linger(self) -> None:
        if self._open and self._writer.can_write_eof():
            self._writer.write_eof()
            await self._discard()
        self._open = False

    async def _discard(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LINGER_SECONDS):
                while await self._reader.read(65536):
                    pass

    async def _refuse(self, why: str) -> None:
        text = why.encode()
        head = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(text)
        if not self._wire.gone.is_set():
            self._writer.write(head + text)


def _left_out(step: Step, request: SeenRequest) -> bool:
    return request.method == "HEAD" and isinstance(step, Send | Drip) and step.body


def _is_last(request: SeenRequest) -> bool:
    return request.version == "1.0" or b"close" in (request.header("connection") or b"").lower()
