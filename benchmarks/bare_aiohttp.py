"""The comparison: the best that aiohttp alone can do as a pass-through; nothing is read, nothing is counted.

`python -m benchmarks.bare_aiohttp UPSTREAM_URL PORT`. A low-level server and one client session on uvloop, with no
access log, no limits, no cookies and no decompression; whatever is known in advance is not done per request.
"""

import asyncio
import gc
import sys

import aiohttp
import uvloop
from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

_ONE_HOP = ("Connection", "Keep-Alive", "Transfer-Encoding", "Host")
_AUTOMATIC = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")
_LARGEST_HEAD = 1024 * 1024


class PassThrough:
    """Passes each request on and its reply back."""

    def __init__(self, session: aiohttp.ClientSession, upstream: str) -> None:
        self._session = session
        self._upstream = upstream

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Pass one request on: a reply whose length is known in one piece, a stream in pieces as they come."""
        body = await request.content.read() if request.body_exists else None
        async with self._session.request(
            request.method,
            URL(self._upstream + request.raw_path, encoded=True),
            headers=_end_to_end(request.headers),
            data=body,
            allow_redirects=False,
        ) as reply:
            headers = _end_to_end(reply.headers)
            if reply.content_length is not None:
                return web.Response(body=await reply.read(), status=reply.status, headers=headers)
            response = web.StreamResponse(status=reply.status, headers=headers)
            await response.prepare(request)
            async for piece in reply.content.iter_any():
                await response.write(piece)
            await response.write_eof()
            return response


def _end_to_end(headers: CIMultiDictProxy[str]) -> CIMultiDict[str]:
    copy = headers.copy()
    for name in _ONE_HOP:
        copy.popall(name, None)
    return copy


async def serve(upstream: str, port: int) -> None:
    """Listen on loopback until the process is ended."""
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
        auto_decompress=False,
        skip_auto_headers=_AUTOMATIC,
    ) as session:
        server = web.Server(
            PassThrough(session, upstream).handle, access_log=None, auto_decompress=False, max_field_size=_LARGEST_HEAD
        )
        await asyncio.get_running_loop().create_server(server, "127.0.0.1", port, backlog=2048)
        gc.collect()
        gc.freeze()
        await asyncio.Event().wait()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(sys.argv[1], int(sys.argv[2])))
