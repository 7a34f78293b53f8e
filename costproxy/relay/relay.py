"""The traffic port: every request in, its reply out, a record made once."""

import asyncio
import itertools
import logging
import secrets
from typing import cast

from aiohttp import web
from aiohttp.web import BaseRequest, StreamResponse

from costproxy.model import Ending
from costproxy.relay.errand import Errand
from costproxy.relay.instruments import Instruments
from costproxy.relay.metering import Metering
from costproxy.relay.passage import Passage
from costproxy.relay.request_head import ClientHead
from costproxy.relay.server import TrafficServer
from costproxy.relay.upstream import Routes
from costproxy.settings import AppsSettings
from costproxy.wire.apis import api_of
from costproxy.wire.sessions import SESSION_HEADER, THREAD_HEADER

# aiohttp refuses longer heads with 400; what passes is the upstream's to judge, so these only bound memory.
_LONGEST_LINE = 1024 * 1024
_MOST_HEADERS = 10_000


class Relay:
    """Handles the requests of the traffic port."""

    def __init__(self, routes: Routes, *, apps: AppsSettings, instruments: Instruments) -> None:
        self._routes = routes
        self._apps = apps
        self._app_header = apps.header.lower().encode()
        self._instruments = instruments
        # What applications say to costproxy, and to nobody behind it.
        self._ours = frozenset({self._app_header, THREAD_HEADER.encode(), SESSION_HEADER.encode()})
        self._under_way: set[Passage] = set()
        self.in_flight = {upstream.name: 0 for upstream in routes.upstreams}
        # Unique across restarts and replicas, and cheaper than drawing random bytes for each request.
        self._run = secrets.token_hex(4)
        self._numbers = itertools.count(1)
        self._quiet = asyncio.Event()
        self._quiet.set()
        self.closing = False
        self._cutting = False

    def __repr__(self) -> str:
        return f"<Relay in_flight={self.in_flight} closing={self.closing}>"

    def server(self) -> TrafficServer:
        """Return the protocol factory that serves this relay."""
        logger = logging.getLogger("costproxy.http")
        logger.addHandler(logging.NullHandler())
        logger.propagate = False  # aiohttp logs pieces of malformed requests, which may hold keys
        return TrafficServer(
            self.handle,
            handler_cancellation=True,
            access_log=None,
            logger=logger,
            auto_decompress=False,
            max_line_size=_LONGEST_LINE,
            max_field_size=_LONGEST_LINE,
            max_headers=_MOST_HEADERS,
        )

    async def handle(self, request: BaseRequest) -> StreamResponse:
        """Pass one request on and its reply back."""
        passage = self._open(request)
        self._enter(passage)
        try:
            await passage.run()
        except asyncio.CancelledError:
            passage.ending = Ending.SHUTDOWN if self._cutting else Ending.CLIENT_LEFT
            raise
        except Exception:  # noqa: BLE001  # whatever it is, the client must not hang and the record be made
            passage.fail()
        finally:
            passage.leave()
            passage.hand_in()
            self._leave(passage)
        return cast("StreamResponse", passage.reply)

    async def wait_until_quiet(self) -> None:
        """Wait until no request is under way."""
        await self._quiet.wait()

    def wind_down(self, server: web.Server) -> None:
        """Close idle client connections now, and the others after the request that is under way."""
        self.closing = True
        busy = set()
        for passage in self._under_way:
            passage.reply.keep_alive = False
            busy.add(passage.protocol)
        for connection in server.connections:
            if connection not in busy:
                connection.force_close()

    def cut(self) -> None:
        """Take it that whatever is broken off from now on was broken off by us."""
        self._cutting = True

    def close(self) -> None:
        """Drop the idle connections to the upstreams."""
        for upstream in self._routes.upstreams:
            upstream.pool.close()

    def _enter(self, passage: Passage) -> None:
        self._under_way.add(passage)
        self.in_flight[passage.upstream] += 1
        self._quiet.clear()
        if self.closing:
            passage.reply.keep_alive = False

    def _leave(self, passage: Passage) -> None:
        self._under_way.discard(passage)
        self.in_flight[passage.upstream] -= 1
        if not self._under_way:
            self._quiet.set()

    def _open(self, request: BaseRequest) -> Passage:
        head = ClientHead(request.raw_headers)
        target = request.raw_path.encode("utf-8", "surrogateescape")
        upstream, path = self._routes.find(target)
        errand = Errand(
            id=f"{self._run}{next(self._numbers):08x}",
            upstream=upstream,
            target=path,
            api=api_of(request.method, path.decode("latin-1")),
            app=self._app_of(head),
        )
        return Passage(request, head.without(self._ours), errand, Metering(self._instruments, errand, head))

    def _app_of(self, head: ClientHead) -> str | None:
        named = head.value(self._app_header).decode("utf-8", "replace").strip()
        if named:
            return named
        return self._apps.name_of(head.api_key) if self._apps.keys else None
