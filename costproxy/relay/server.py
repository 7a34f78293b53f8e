"""aiohttp's server, but for the requests that it refuses by itself because they are not HTTP."""

from typing import cast

from aiohttp import web
from aiohttp.web import BaseRequest, StreamResponse

from costproxy.relay.client_reply import ClientReply
from costproxy.relay.refusal import MALFORMED


class TrafficServer(web.Server):
    """The protocol factory of the traffic port."""

    def __call__(self) -> web.RequestHandler:
        """Return the protocol of a new connection."""
        return _ClientConnection(self, loop=self._loop, **self._kwargs)


class _ClientConnection(web.RequestHandler):
    """One connection of a client, closed after the first request that cannot be read."""

    __slots__ = ()

    def handle_error(
        self,
        request: BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,  # noqa: ARG002  # it quotes the request, and so does the message
        message: str | None = None,  # noqa: ARG002
    ) -> StreamResponse:
        """Refuse in the shape of all our refusals; aiohttp's own reply quotes the request.

        Raises:
            ConnectionError: it is not the request that is at fault; a reply may have begun, so nothing is said.
        """
        if status != 400:
            raise ConnectionError("the handler failed")
        reply = ClientReply(request, None)
        reply.refuse(MALFORMED)
        return cast("StreamResponse", reply)
