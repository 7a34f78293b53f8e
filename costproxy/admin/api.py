"""The JSON API and the page: read-only, on the admin port."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from costproxy.admin import openapi
from costproxy.admin.endpoints import DESCRIPTION, ENDPOINTS, Endpoint
from costproxy.admin.gate import Gate, Verdict
from costproxy.admin.parameters import ParameterError, read
from costproxy.admin.source import Source
from costproxy.admin.static import File, page_files

KEPT = 1.0  # seconds for which an answer is given again: many lookers cost no more than one
MOST_KEPT = 64

# Nothing but our own files, and no way around `textContent` in them.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_REFUSALS = {
    Verdict.TOKEN_WANTED: (401, "Authorization: expected the bearer token that admin.token sets"),
    Verdict.TOKEN_UNSET: (
        403,
        "admin.token: expected one to be set, since the admin port listens elsewhere than on loopback",
    ),
    Verdict.WRONG_HOST: (
        403,
        "Host: expected a name of this machine such as localhost, found another; set admin.token to allow others",
    ),
}
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Api:
    """Answers from a `Source`, off the event loop; `now` gives seconds since the epoch."""

    def __init__(self, source: Source, gate: Gate, *, now: Callable[[], float] = time.time) -> None:
        self._source = source
        self._gate = gate
        self._now = now
        self._files = page_files()
        self._answers: dict[str, tuple[float, asyncio.Future[bytes | None]]] = {}

    def add_to(self, app: web.Application) -> None:
        """Add the routes."""
        app.router.add_get("/", self._page)
        app.router.add_get("/page/{name:.+}", self._file)
        app.router.add_get(DESCRIPTION, self._guarded(self._describe))
        for each in ENDPOINTS:
            app.router.add_get(each.path, self._guarded(self._handler(each)))

    async def _page(self, request: web.Request) -> web.Response:
        return _sent(self._files["index.html"], request)

    async def _file(self, request: web.Request) -> web.Response:
        file = self._files.get(request.match_info["name"])
        return _error(404, "path: expected a file of the page") if file is None else _sent(file, request)

    async def _describe(self, _request: web.Request) -> web.Response:
        return _json(openapi.text().encode())

    def _guarded(self, handler: _Handler) -> _Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            verdict = self._gate.judge(
                host=request.headers.get("Host", ""), authorization=request.headers.get("Authorization", "")
            )
            if verdict is Verdict.OPEN:
                return await handler(request)
            status, text = _REFUSALS[verdict]
            return _error(status, text, {"WWW-Authenticate": "Bearer"} if status == 401 else {})

        return guarded

    def _handler(self, endpoint: Endpoint) -> _Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                values = read(endpoint.parameters, iter(request.query.items()))
            except ParameterError as error:
                return _error(400, str(error))
            id = request.match_info.get("id", "")  # noqa: A001 — what it is

            def work() -> bytes | None:
                found = endpoint.answer(self._source, self._now(), values, id)
                return None if found is None else msgspec.json.encode(found)

            try:
                body = await self._answered(request.path_qs, work)
            except Exception:  # noqa: BLE001  # a defect in a view fails nothing else
                return _error(500, "a defect of costproxy: this view could not be made")
            return _error(404, "id: expected a conversation that is remembered") if body is None else _json(body)

        return handle

    async def _answered(self, key: str, work: Callable[[], bytes | None]) -> bytes | None:
        """Return what `work` gives, or gave a moment ago; those who ask while it is under way share it."""
        at = time.monotonic()
        kept = self._answers.get(key)
        if kept is not None and (not kept[1].done() or (at - kept[0] < KEPT and kept[1].exception() is None)):
            return await asyncio.shield(kept[1])
        for old in [each for each, (since, answer) in self._answers.items() if answer.done() and at - since >= KEPT]:
            del self._answers[old]
        answer = asyncio.ensure_future(asyncio.to_thread(work))
        if len(self._answers) < MOST_KEPT:
            self._answers[key] = at, answer
        return await asyncio.shield(answer)


def _json(body: bytes) -> web.Response:
    headers = {**_HEADERS, "Cache-Control": "no-store"}
    return web.Response(body=body, content_type="application/json", headers=headers)


def _error(status: int, text: str, headers: dict[str, str] | None = None) -> web.Response:
    body = msgspec.json.encode({"error": text})
    more = {**_HEADERS, "Cache-Control": "no-store", **(headers or {})}
    return web.Response(status=status, body=body, content_type="application/json", headers=more)


def _sent(file: File, request: web.Request) -> web.Response:
    headers = {**_HEADERS, "Cache-Control": "no-cache", "ETag": file.etag}
    if request.headers.get("If-None-Match") == file.etag:
        return web.Response(status=304, headers=headers)
    return web.Response(body=file.body, headers={**headers, "Content-Type": file.content_type})
