"""Connections to one upstream, kept for reuse while that is safe."""

import asyncio
import contextlib
import socket
import ssl
from dataclasses import dataclass

import aiohappyeyeballs

from costproxy.errors import UpstreamError
from costproxy.relay.connection import UpstreamConnection
from costproxy.relay.kernel import peer_has_closed

# A server announces when it will close an idle connection; leave before it does.
_BEFORE_THE_HINT = 1.0


class UnreachableError(UpstreamError):
    """No connection could be made; `cause` is one word of ours, `text` explains it."""

    def __init__(self, cause: str, text: str) -> None:
        super().__init__(text)
        self.cause = cause
        self.text = text


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where to connect."""

    host: str
    port: int
    tls: ssl.SSLContext | None
    connect_timeout: float  # seconds, name resolution and TLS included
    keepalive: float  # seconds for which an idle connection is reused


class Pool:
    """Hands out connections; as many at once as are asked for."""

    def __init__(self, origin: Origin) -> None:
        self._origin = origin
        self._idle: list[UpstreamConnection] = []
        self._sweeper: asyncio.TimerHandle | None = None

    def __repr__(self) -> str:
        return f"<Pool {self._origin.host}:{self._origin.port} idle={len(self._idle)}>"

    async def acquire(self) -> UpstreamConnection:
        """Return a connection that is ready for a request.

        Raises:
            UnreachableError: none could be made, or not in time.
        """
        now = asyncio.get_running_loop().time()
        while self._idle:
            connection = self._idle.pop()
            if self._fresh(connection, now) and not peer_has_closed(connection.fileno()):
                return connection
            connection.close()
        return await self._connect()

    def close(self) -> None:
        """Drop the idle connections."""
        while self._idle:
            self._idle.pop().close()
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None

    def _fresh(self, connection: UpstreamConnection, now: float) -> bool:
        limit = self._origin.keepalive
        if connection.keepalive_hint is not None:
            limit = min(limit, connection.keepalive_hint - _BEFORE_THE_HINT)
        return not connection.closed and now - connection.idle_since < limit

    def _take_back(self, connection: UpstreamConnection) -> None:
        loop = asyncio.get_running_loop()
        connection.idle_since = loop.time()
        self._idle.append(connection)
        if self._sweeper is None:
            self._sweeper = loop.call_later(self._origin.keepalive, self._sweep)

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        stale = [connection for connection in self._idle if not self._fresh(connection, now)]
        self._idle = [connection for connection in self._idle if connection not in stale]
        for connection in stale:
            connection.close()
        self._sweeper = loop.call_later(self._origin.keepalive, self._sweep) if self._idle else None

    async def _connect(self) -> UpstreamConnection:
        origin = self._origin
        try:
            async with asyncio.timeout(origin.connect_timeout):
                return await self._open()
        except TimeoutError:
            text = f"no connection within {origin.connect_timeout:g} s"
            raise UnreachableError("connect_timeout", text) from None
        except socket.gaierror:
            raise UnreachableError("name_not_found", "its name could not be resolved") from None
        except ssl.SSLCertVerificationError as error:
            raise UnreachableError("tls", f"its certificate was not accepted ({error.verify_message})") from None
        except ssl.SSLError as error:
            raise UnreachableError("tls", f"the TLS handshake failed ({error.reason})") from None
        except OSError as error:
            text = error.strerror or type(error).__name__
            raise UnreachableError("connect_failed", f"connecting failed ({text.lower()})") from None

    async def _open(self) -> UpstreamConnection:
        origin, loop = self._origin, asyncio.get_running_loop()
        addresses = await loop.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
        sock = await aiohappyeyeballs.start_connection(
            addresses,
            happy_eyeballs_delay=0.25,
        )
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        _, connection = await loop.create_connection(
            lambda: UpstreamConnection(self._take_back),
            sock=sock,
            ssl=origin.tls,
            server_hostname=origin.host if origin.tls else None,
        )
        return connection
