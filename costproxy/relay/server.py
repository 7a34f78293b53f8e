"""aiohttp's server, but for requests that are not HTTP: those it answers, or forgets, in a way of its own."""

import asyncio
from typing import Any, cast

from aiohttp import StreamReader, web
from aiohttp.web import BaseRequest, RequestPayloadError, StreamResponse
from aiohttp.web_protocol import _ErrInfo

from costproxy.relay.client_reply import ClientReply
from costproxy.relay.refusal import MALFORMED

_END_WITHOUT_TRAILERS = b"\r\n0\r\n\r\n"
_END_SIZE = len(_END_WITHOUT_TRAILERS)
_LOOKING = 0.02  # seconds between looks


class TrafficServer(web.Server):
    """The protocol factory of the traffic port."""

    def __call__(self) -> web.RequestHandler:
        """Return the protocol of a new connection."""
        return _ClientConnection(self, loop=self._loop, **self._kwargs)

    async def wait_until_empty(self) -> None:
        """Wait until no client is connected: a reply may still be on its way when its exchange is over."""
        while self._connections:  # noqa: ASYNC110  # a moment more or less does not matter at the end
            await asyncio.sleep(_LOOKING)

    async def shutdown(self, timeout: float | None = None) -> None:  # noqa: ASYNC109  # aiohttp's signature
        """End what the handlers do, and break what is still connected: a client may never take the rest."""
        transports = list(self._connections.values())
        await super().shutdown(timeout)
        for transport in transports:
            transport.abort()

    def _make_request(
        self, message: Any, payload: StreamReader, protocol: web.RequestHandler, writer: Any, task: "asyncio.Task[None]"
    ) -> BaseRequest:
        cast("_ClientConnection", protocol).body = payload
        return _Request(message, payload, protocol, writer, task, self._loop)


class _Request(BaseRequest):
    """A request of the traffic port."""

    @property
    def keep_alive(self) -> bool:
        """Whether its connection may carry another one."""
        connection = cast("_ClientConnection", self._protocol)
        return super().keep_alive and (connection.tidy or not self._message.chunked)


class _ClientConnection(web.RequestHandler):
    """One connection of a client, closed after the first request that cannot be read."""

    __slots__ = ("_last", "body")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._last = b""  # of what was received, as many bytes as the end of a chunked request has
        self.body: StreamReader | None = None  # of the request under way

    @property
    def tidy(self) -> bool:
        """Whether a chunked request is here whole and brought no trailers.

        aiohttp's parser (3.14) makes the last trailer of a request a header of the connection's next one.
        """
        whole = self.body is not None and self.body.is_eof() and not self._messages
        return whole and self._last == _END_WITHOUT_TRAILERS

    def data_received(self, data: bytes) -> None:
        """Take bytes; a body whose framing they break will not be waited for, as aiohttp would for ever."""
        self._last = (self._last + data[-_END_SIZE:])[-_END_SIZE:]
        super().data_received(data)
        waiting = self._messages
        if not waiting or not isinstance(waiting[-1][0], _ErrInfo):
            return
        body = waiting[-2][1] if len(waiting) > 1 else self.body
        if body is not None and not body.is_eof():
            body.set_exception(RequestPayloadError("broken framing"))

    def handle_error(
        self,
        request: BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,  # noqa: ARG002  # it quotes the request, and so does the message
        message: str | None = None,  # noqa: ARG002
    ) -> StreamResponse:
        """Refuse in the shape of all our refusals.

        Raises:
            ConnectionError: it is not the request that is at fault; a reply may have begun, so nothing is said.
        """
        if status != 400:
            raise ConnectionError("the handler failed")
        reply = ClientReply(request)
        reply.refuse(MALFORMED)
        return cast("StreamResponse", reply)
