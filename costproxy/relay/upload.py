"""The body of a request on its way to the upstream."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from aiohttp import StreamReader


@dataclass(frozen=True, slots=True)
class Body:
    """What was read of a body; not `complete` means that the rest is still to be streamed."""

    data: bytes
    complete: bool


NOTHING = Body(b"", complete=True)
UNREAD = Body(b"", complete=False)


async def read_body(content: StreamReader, limit: int) -> Body:
    """Return the body, or its beginning once more than `limit` bytes have come.

    Raises:
        aiohttp.web.RequestPayloadError: the body is not framed as its headers say.
    """
    pieces: list[bytes] = []
    size = 0
    while size <= limit:
        piece = await content.readany()
        if not piece:
            return Body(pieces[0] if len(pieces) == 1 else b"".join(pieces), complete=True)
        pieces.append(piece)
        size += len(piece)
    return Body(b"".join(pieces), complete=False)


async def rest_of(content: StreamReader) -> AsyncIterator[bytes]:
    """Yield the pieces of the body that are still to come."""
    while piece := await content.readany():
        yield piece


def frame(data: bytes, *, chunked: bool) -> tuple[bytes, ...]:
    """Return `data` as it goes on the wire."""
    if not chunked:
        return (data,)
    return (b"%x\r\n" % len(data), data, b"\r\n") if data else ()


def last_frame(*, chunked: bool) -> tuple[bytes, ...]:
    """Return what tells the end of a body."""
    return (b"0\r\n\r\n",) if chunked else ()
