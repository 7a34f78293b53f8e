"""Read one HTTP/1.1 request off a stream, keeping every byte of it."""

import asyncio

from costproxy.demo.seen import SeenRequest

MAX_HEAD_BYTES = 256 * 1024
_PIECE_BYTES = 64 * 1024


class MalformedRequestError(ValueError):
    """The peer sent something that no careful HTTP/1.1 client sends."""


async def read_head(reader: asyncio.StreamReader, connection: int) -> SeenRequest | None:
    """Read up to the empty line; None when the peer closed without starting another request.

    Raises:
        MalformedRequestError: the head cannot be read, or its body's length is ambiguous.
    """
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError as error:
        raise MalformedRequestError(f"head: expected at most {MAX_HEAD_BYTES} bytes, found more") from error
    except asyncio.IncompleteReadError as error:
        if not error.partial:
            return None
        raise MalformedRequestError(f"head: found end of file after {error.partial[:80]!r}") from error
    request = _parse_head(head, connection)
    _refuse_ambiguous_length(request)
    return request


def _parse_head(head: bytes, connection: int) -> SeenRequest:
    line, *fields = head[:-4].split(b"\r\n")
    parts = line.split(b" ")
    if len(parts) != 3 or not parts[2].startswith(b"HTTP/1."):
        raise MalformedRequestError(f"request line: expected METHOD target HTTP/1.x, found {line[:200]!r}")
    return SeenRequest(
        connection=connection,
        method=parts[0].decode("latin-1"),
        target=parts[1],
        version=parts[2][5:].decode("latin-1"),
        headers=[_parse_field(each) for each in fields],
        head=head,
    )


def _parse_field(line: bytes) -> tuple[bytes, bytes]:
    name, colon, value = line.partition(b":")
    if not colon or not name or name.strip() != name:
        raise MalformedRequestError(f"header: expected `name: value`, found {line[:200]!r}")
    return name, value.strip(b" \t")


def _refuse_ambiguous_length(request: SeenRequest) -> None:
    lengths, codings = request.values("content-length"), request.values("transfer-encoding")
    if lengths and codings:
        raise MalformedRequestError("headers: found both Content-Length and Transfer-Encoding")
    if len(lengths) > 1 or any(not value.isdigit() for value in lengths):
        raise MalformedRequestError(f"Content-Length: expected one number, found {lengths!r}")
    if codings and [value.lower() for value in codings] != [b"chunked"]:
        raise MalformedRequestError(f"Transfer-Encoding: expected chunked, found {codings!r}")


async def read_body(reader: asyncio.StreamReader, request: SeenRequest) -> None:
    """Read the request's body into it; what arrived is kept even if the peer leaves half way.

    Raises:
        MalformedRequestError: broken chunk framing.
        asyncio.IncompleteReadError: the peer closed before the body was whole.
    """
    if request.header("transfer-encoding") is not None:
        await _read_chunked(reader, request)
    else:
        await _read_sized(reader, request, int(request.header("content-length") or 0))
    request.complete.set()


async def _read_sized(reader: asyncio.StreamReader, request: SeenRequest, size: int) -> None:
    pieces: list[bytes] = []
    try:
        await _copy(reader, size, pieces)
    finally:
        request.wire = request.body = b"".join(pieces)


async def _copy(reader: asyncio.StreamReader, size: int, pieces: list[bytes]) -> None:
    while size:
        piece = await reader.read(min(size, _PIECE_BYTES))
        if not piece:
            raise asyncio.IncompleteReadError(b"", size)
        pieces.append(piece)
        size -= len(piece)


async def _read_chunked(reader: asyncio.StreamReader, request: SeenRequest) -> None:
    wire: list[bytes] = []
    content: list[bytes] = []
    try:
        while size := await _chunk_size(reader, wire):
            start = len(wire)
            await _copy(reader, size, wire)
            content += wire[start:]
            if (end := await _line(reader, wire)) != b"":
                raise MalformedRequestError(f"chunk: expected CRLF after {size} bytes, found {end[:80]!r}")
        while line := await _line(reader, wire):
            request.trailers.append(_parse_field(line))
    finally:
        request.wire, request.body = b"".join(wire), b"".join(content)


async def _chunk_size(reader: asyncio.StreamReader, wire: list[bytes]) -> int:
    line = await _line(reader, wire)
    digits = line.partition(b";")[0].strip()
    try:
        return int(digits, 16)
    except ValueError as error:
        raise MalformedRequestError(f"chunk: expected a size in hex, found {line[:80]!r}") from error


async def _line(reader: asyncio.StreamReader, wire: list[bytes]) -> bytes:
    line = await reader.readuntil(b"\r\n")
    wire.append(line)
    return line[:-2]
