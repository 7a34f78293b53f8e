"""A client that says exactly these bytes and keeps exactly what comes back; no HTTP library has a hand in it."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

Header = tuple[bytes, bytes]

_LONGEST_HEAD = 4 * 1024 * 1024
_RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RawHead:
    """The head of a reply, as received."""

    raw: bytes  # with the empty line
    start: bytes  # b"HTTP/1.1 200 OK"
    headers: list[Header]  # in order, spelled as received

    @property
    def status(self) -> int:
        """The status code."""
        return int(self.start.split(b" ")[1])

    def values(self, name: str) -> list[bytes]:
        """Return every value of a header, in order; `name` in any spelling."""
        return [value for key, value in self.headers if key.lower() == name.lower().encode()]

    def header(self, name: str) -> bytes | None:
        """Return the one value of a header, None if it was not sent.

        Raises:
            AssertionError: it was sent more than once.
        """
        values = self.values(name)
        assert len(values) < 2, self.raw
        return values[0] if values else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RawReply(RawHead):
    """A whole reply."""

    wire: bytes  # what followed the head, framing included
    body: bytes  # its content
    chunks: list[bytes] = field(default_factory=list)  # the same by chunks, if it was framed so
    trailers: list[Header] = field(default_factory=list)
    interims: list[RawHead] = field(default_factory=list)  # 1xx replies before it


class RawClient:
    """One connection. All reading stops with an error when the peer breaks the connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, *parts: bytes) -> None:
        """Send these bytes in one go."""
        self.writer.write(b"".join(parts))
        await self.writer.drain()

    async def head(self) -> RawHead:
        """Read the next head, be it an interim one.

        Raises:
            asyncio.IncompleteReadError: the connection ended before; `partial` has what came.
        """
        raw = await self.reader.readuntil(b"\r\n\r\n")
        start, *lines = raw[:-4].split(b"\r\n")
        assert start.startswith(b"HTTP/1."), raw
        return RawHead(raw=raw, start=start, headers=[_field(line) for line in lines])

    async def final_head(self) -> tuple[RawHead, list[RawHead]]:
        """Read the next final head; return it, and the interim ones before it."""
        interims: list[RawHead] = []
        while (head := await self.head()).status < 200:
            interims.append(head)
        return head, interims

    async def reply(self, method: str = "GET") -> RawReply:
        """Read one whole reply to a request of that method."""
        head, interims = await self.final_head()
        wire: list[bytes] = []
        chunks: list[bytes] = []
        trailers: list[Header] = []
        if method == "HEAD" or head.status in (204, 304):
            pass
        elif head.header("transfer-encoding") is not None:
            trailers = await self._chunked(wire, chunks)
        elif (length := head.header("content-length")) is not None:
            wire.append(await self.reader.readexactly(int(length)))
        else:
            wire.append(await self.reader.read())
        return RawReply(
            raw=head.raw,
            start=head.start,
            headers=head.headers,
            wire=b"".join(wire),
            body=b"".join(wire if head.header("transfer-encoding") is None else chunks),
            chunks=chunks,
            trailers=trailers,
            interims=interims,
        )

    async def ask(self, *request: bytes) -> RawReply:
        """Send one request, and read its reply."""
        data = b"".join(request)
        await self.send(data)
        return await self.reply(data.partition(b" ")[0].decode())

    async def chunk(self) -> bytes:
        """Read the next chunk's content, b"" for the last one's; its trailers are left to be read."""
        size = await self._line([])
        content = await self.reader.readexactly(int(size, 16))
        if content:
            assert await self._line([]) == b""
        return content

    async def rest(self) -> bytes:
        """Read on to the end of the connection."""
        return await self.reader.read()

    async def closed(self) -> bool:
        """Wait until the peer closes, by FIN or by RST; False if bytes come instead."""
        try:
            return await self.reader.read(1) == b""
        except ConnectionError:
            return True

    def half_close(self) -> None:
        """Send FIN, and go on reading."""
        self.writer.write_eof()

    def close(self) -> None:
        """Leave in good order (FIN)."""
        self.writer.close()

    def reset(self) -> None:
        """Leave by breaking the connection (RST)."""
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.writer.transport.abort()

    async def _chunked(self, wire: list[bytes], chunks: list[bytes]) -> list[Header]:
        while size := int(await self._line(wire), 16):
            chunks.append(await self.reader.readexactly(size))
            wire.append(chunks[-1])
            assert await self._line(wire) == b"", wire[-1]
        trailers = []
        while line := await self._line(wire):
            trailers.append(_field(line))
        return trailers

    async def _line(self, wire: list[bytes]) -> bytes:
        line = await self.reader.readuntil(b"\r\n")
        wire.append(line)
        return line[:-2]


@asynccontextmanager
async def dial(
    url: str, *, tls: ssl.SSLContext | None = None, limit: int = _LONGEST_HEAD, receive_buffer: int | None = None
) -> AsyncIterator[RawClient]:
    """Connect to the host and port of `url`.

    `limit` and `receive_buffer`, in bytes, bound what is taken from the peer before it is read here.
    """
    address = urlsplit(url)
    assert address.hostname, url
    assert address.port, url
    family = socket.AF_INET6 if ":" in address.hostname else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # named, or asyncio leaves Nagle on
    sock.setblocking(False)
    if receive_buffer is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    try:
        await asyncio.get_running_loop().sock_connect(sock, (address.hostname, address.port))
    except OSError:
        sock.close()
        raise
    reader, writer = await asyncio.open_connection(
        sock=sock, limit=limit, ssl=tls, server_hostname=address.hostname if tls else None
    )
    try:
        yield RawClient(reader, writer)
    finally:
        writer.transport.abort()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)


async def ask(url: str, *request: bytes) -> RawReply:
    """Send one request on a connection of its own; return its reply."""
    async with dial(url) as client:
        return await client.ask(*request)


def request(method: str, target: str | bytes, *headers: Header, body: bytes | None = None) -> bytes:
    """Return an HTTP/1.1 request: a `Host` that means nothing, `headers`, then the length of `body` if there is one."""
    path = target if isinstance(target, bytes) else target.encode()
    lines = [b"%s %s HTTP/1.1" % (method.encode(), path), b"Host: proxy.test", *(b"%s: %s" % each for each in headers)]
    if body is not None:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + (body or b"")


def post(body: bytes, *headers: Header, target: str | bytes = "/v1/chat/completions") -> bytes:
    """Return a chat request with this body."""
    return request("POST", target, (b"Content-Type", b"application/json"), *headers, body=body)


def chunked(*pieces: bytes, trailers: bytes = b"") -> bytes:
    """Return a body in chunks, one a piece."""
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n" + trailers + b"\r\n"


def _field(line: bytes) -> Header:
    name, colon, value = line.partition(b":")
    assert colon, line
    assert name == name.strip(), line
    return name, value.strip(b" \t")
