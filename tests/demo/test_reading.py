import asyncio

import pytest

from costproxy.demo.reading import MAX_HEAD_BYTES, MalformedRequestError, read_body, read_head
from costproxy.demo.seen import SeenRequest


def fed(data: bytes) -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=MAX_HEAD_BYTES)
    reader.feed_data(data)
    reader.feed_eof()
    return reader


async def read(data: bytes) -> SeenRequest:
    reader = fed(data)
    request = await read_head(reader, 1)
    assert request is not None
    await read_body(reader, request)
    return request


async def test_target_and_headers_are_kept_as_they_were_sent() -> None:
    head = b"POST /v1//a/../b%27?x=&x HTTP/1.1\r\nX-oDD:  a \r\nx-odd: b\r\ncontent-length: 2\r\n\r\n"
    request = await read(head + b"{}")
    assert request.target == b"/v1//a/../b%27?x=&x"
    assert request.headers[:2] == [(b"X-oDD", b"a"), (b"x-odd", b"b")]
    assert request.values("X-Odd") == [b"a", b"b"]
    assert request.path == "/v1//a/../b%27"
    assert request.raw == head + b"{}"
    assert request.json() == {}


async def test_a_chunked_upload_is_joined_and_its_framing_kept() -> None:
    head = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    body = b"3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n"
    request = await read(head + body)
    assert request.body == b"abc0123456789"
    assert request.raw == head + body
    assert request.trailers == [(b"Trailer", b"t")]
    assert request.complete.is_set()


async def test_a_peer_that_leaves_half_way_leaves_what_it_sent() -> None:
    reader = fed(b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf")
    request = await read_head(reader, 1)
    assert request is not None
    with pytest.raises(asyncio.IncompleteReadError):
        await read_body(reader, request)
    assert request.body == b"half"
    assert not request.complete.is_set()


async def test_a_quiet_close_is_no_request() -> None:
    assert await read_head(fed(b""), 1) is None


@pytest.mark.parametrize(
    "head",
    [
        b"GET /\r\n\r\n",
        b"GET / HTTP/2\r\n\r\n",
        b"GET / HTTP/1.1\r\nnonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nname : value\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"GET / HTTP/1.1\r\ncut",
        b"GET /" + b"x" * MAX_HEAD_BYTES * 2 + b" HTTP/1.1\r\n\r\n",
    ],
)
async def test_a_head_that_could_be_misread_is_refused(head: bytes) -> None:
    with pytest.raises(MalformedRequestError):
        await read_head(fed(head), 1)


@pytest.mark.parametrize("body", [b"x\r\n", b"1\r\nabc\r\n"])
async def test_broken_chunk_framing_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedRequestError):
        await read(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
