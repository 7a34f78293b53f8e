"""The admin port: `/metrics`, `/healthz`, `/readyz`, the JSON API and the page."""

import asyncio
from collections.abc import Callable

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from costproxy.admin.api import Api

ROUTES = ("/healthz", "/metrics", "/readyz")


class Admin:
    """Answers on the admin port; it never talks to an upstream. Without an `api` there is no page either."""

    def __init__(self, registry: CollectorRegistry, is_ready: Callable[[], bool], api: Api | None = None) -> None:
        self._api = api
        self._registry = registry
        self._is_ready = is_ready
        self._rendering: dict[str, asyncio.Future[tuple[bytes, str]]] = {}

    def application(self) -> web.Application:
        """Return the routes."""
        app = web.Application()
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_get("/metrics", self._metrics)
        if self._api is not None:
            self._api.add_to(app)
        return app

    async def _healthz(self, _request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _readyz(self, _request: web.Request) -> web.Response:
        if self._is_ready():
            return web.Response(text="ready\n")
        return web.Response(status=503, text="not ready: starting or shutting down\n")

    async def _metrics(self, request: web.Request) -> web.Response:
        accept = request.headers.get("Accept", "")
        body, content_type = await self._rendered(accept)
        return web.Response(body=body, headers={"Content-Type": content_type})

    async def _rendered(self, accept: str) -> tuple[bytes, str]:
        """Render off the event loop; scrapes that come while one is under way share its result."""
        under_way = self._rendering.get(accept)
        if under_way is None:
            under_way = asyncio.ensure_future(asyncio.to_thread(self._render, accept))
            self._rendering[accept] = under_way
            under_way.add_done_callback(lambda _: self._rendering.pop(accept, None))
        return await asyncio.shield(under_way)

    def _render(self, accept: str) -> tuple[bytes, str]:
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type
