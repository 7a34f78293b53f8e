import asyncio
import io
import shutil
import ssl
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from costproxy.demo.connection import Reading
from costproxy.demo.plan import Close, Drip, Echo, HalfClose, Hold, Plan, Reset, Send, Until, Wait
from costproxy.demo.replies import interim, reply, stream
from costproxy.demo.seen import SeenRequest
from costproxy.demo.upstream import SimulatedUpstream, always, in_turn

Dial = Callable[[SimulatedUpstream], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]
OK = reply(200, b"ok")
GET = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n"
UPLOAD = b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n"


@pytest.fixture(autouse=True)
async def _within_ten_seconds() -> Any:
    async with asyncio.timeout(10):
        yield


async def test_exact_bytes_leave_and_the_connection_is_kept(dial: Dial) -> None:
    async with SimulatedUpstream(in_turn((Send(b"odd\r\n"),), (Send(b"even"), Close()))) as up:
        reader, writer = await dial(up)
        writer.write(GET)
        assert await reader.readexactly(5) == b"odd\r\n"
        writer.write(GET)
        assert await reader.read() == b"even"
        assert [request.connection for request in up.requests] == [1, 1]
        assert up.connections == 1


async def test_connection_close_is_obeyed(dial: Dial) -> None:
    async with SimulatedUpstream(always(OK)) as up:
        reader, writer = await dial(up)
        writer.write(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
        assert (await reader.read()).endswith(b"\r\n\r\nok")


async def test_head_gets_the_length_and_no_body(dial: Dial) -> None:
    async with SimulatedUpstream(in_turn(OK, (Send(b"next"),))) as up:
        reader, writer = await dial(up)
        writer.write(b"HEAD / HTTP/1.1\r\n\r\n" + GET)
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
        assert await reader.readexactly(4) == b"next"


async def test_a_real_client_reads_an_interim_reply_and_a_stream() -> None:
    plan = (*interim(103, [("Link", "x")]), *stream([b"data: 1\n\n"]))
    async with SimulatedUpstream(always(plan)) as up, aiohttp.ClientSession() as session:
        async with session.post(f"{up.url}/v1", data=b"body") as answer:
            assert await answer.read() == b"data: 1\n\ndata: [DONE]\n\n"
        assert (await up.arrived()).body == b"body"


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
async def test_a_real_client_decodes_a_compressed_stream(encoding: str) -> None:
    plan = stream([b"data: 1\n\n"], encoding=encoding)
    async with (
        SimulatedUpstream(always(plan)) as up,
        aiohttp.ClientSession() as session,
        session.get(up.url) as answer,
    ):
        assert await answer.read() == b"data: 1\n\ndata: [DONE]\n\n"


async def test_a_drip_arrives_piece_by_piece(dial: Dial) -> None:
    async with SimulatedUpstream(always((Drip(b"abc", size=1, every=0.02), Close()))) as up:
        reader, writer = await dial(up)
        writer.write(GET)
        pieces = []
        while piece := await reader.read(100):
            pieces.append(piece)
        assert pieces == [b"a", b"b", b"c"]


async def test_a_test_decides_when_the_plan_goes_on(dial: Dial) -> None:
    go = asyncio.Event()
    async with SimulatedUpstream(always((Send(b"a"), Until(go), Send(b"b")))) as up:
        reader, writer = await dial(up)
        writer.write(GET)
        assert await reader.readexactly(1) == b"a"
        go.set()
        assert await reader.readexactly(1) == b"b"


async def test_a_reset_follows_the_bytes_before_it(dial: Dial) -> None:
    async with SimulatedUpstream(always((Send(b"half"), Wait(0.02), Reset()))) as up:
        reader, writer = await dial(up)
        writer.write(GET)
        assert await reader.readexactly(4) == b"half"
        with pytest.raises(ConnectionResetError):
            await reader.read(1)


async def test_a_half_closing_upstream_waits_for_its_peer(dial: Dial) -> None:
    async with SimulatedUpstream(always((Send(b"all"), HalfClose()))) as up:
        reader, writer = await dial(up)
        writer.write(GET)
        assert await reader.read() == b"all"
        assert up.open_connections == 1
        writer.close()
        await up.emptied()


async def test_an_echo_is_a_tunnel(dial: Dial) -> None:
    async with SimulatedUpstream(always((*interim(101), Echo()))) as up:
        reader, writer = await dial(up)
        writer.write(GET)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"frames")
        assert await reader.readexactly(6) == b"frames"
        writer.write_eof()
        assert await reader.read() == b""


PENDING: dict[str, Callable[[], Plan]] = {
    "hold": lambda: (Hold(),),
    "wait": lambda: (Wait(60),),
    "until": lambda: (Until(asyncio.Event()),),
    "drip": lambda: (Drip(b"x" * 9, every=9),),
}


@pytest.mark.parametrize("plan", PENDING.values(), ids=PENDING)
@pytest.mark.parametrize("how", ["fin", "rst"])
async def test_a_peer_that_leaves_is_noticed_at_once(dial: Dial, plan: Callable[[], Plan], how: str) -> None:
    async with SimulatedUpstream(always(plan())) as up:
        _, writer = await dial(up)
        writer.write(GET)
        request = await up.arrived()
        assert not request.closed.is_set()
        left = asyncio.get_running_loop().time()
        writer.close() if how == "fin" else writer.transport.abort()
        await request.closed.wait()
        assert request.closed_at is not None
        assert request.closed_at - left < 0.5
        await up.emptied()


async def test_a_peer_that_leaves_during_its_upload_is_noticed(dial: Dial) -> None:
    async with SimulatedUpstream(always(OK)) as up:
        _, writer = await dial(up)
        writer.write(UPLOAD + b"ab")
        writer.write_eof()
        await up.emptied()
        assert up.requests[0].body == b"ab"
        assert up.requests[0].closed.is_set()
        assert not up.requests[0].complete.is_set()


async def test_a_peer_that_leaves_after_the_answer_did_nothing_wrong(dial: Dial) -> None:
    async with SimulatedUpstream(always(OK)) as up:
        reader, writer = await dial(up)
        writer.write(GET)
        await reader.readuntil(b"ok")
        await up.requests[0].answered.wait()
        writer.close()
        await up.emptied()
        assert not up.requests[0].closed.is_set()


async def test_an_idle_connection_is_closed_in_the_end(dial: Dial) -> None:
    async with SimulatedUpstream(always(OK), idle=0.05) as up:
        reader, writer = await dial(up)
        writer.write(GET)
        assert (await reader.read()).endswith(b"ok")


EXPECTING = b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"


async def test_an_expecting_client_is_told_to_go_on(dial: Dial) -> None:
    async with SimulatedUpstream(always((Send(b"final"),))) as up:
        reader, writer = await dial(up)
        writer.write(EXPECTING)
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"body")
        assert await reader.readexactly(5) == b"final"


async def test_an_upstream_may_ignore_the_expectation(dial: Dial) -> None:
    async with SimulatedUpstream(always((Send(b"final"),)), continues=False) as up:
        reader, writer = await dial(up)
        writer.write(EXPECTING + b"body")
        assert await reader.readexactly(5) == b"final"


async def test_a_body_nobody_reads_gets_its_answer_all_the_same(dial: Dial) -> None:
    async with SimulatedUpstream(always(reply(413)), reading=lambda _: Reading.NEVER) as up:
        reader, writer = await dial(up)
        writer.write(EXPECTING)
        assert (await reader.read()).startswith(b"HTTP/1.1 413")
        writer.close()
        await up.emptied()
        assert up.requests[0].body == b""


async def test_an_early_answer_leaves_before_the_upload_is_over(dial: Dial) -> None:
    async with SimulatedUpstream(in_turn((Send(b"early"),), OK), reading=lambda _: Reading.EARLY) as up:
        reader, writer = await dial(up)
        writer.write(UPLOAD)
        assert await reader.readexactly(5) == b"early"
        writer.write(b"late" + GET)
        await reader.readuntil(b"ok")
        assert [request.body for request in up.requests] == [b"late", b""]


async def test_an_early_answer_may_break_off_the_upload(dial: Dial) -> None:
    async with SimulatedUpstream(always((Send(b"no"), Close())), reading=lambda _: Reading.EARLY) as up:
        reader, writer = await dial(up)
        writer.write(UPLOAD)
        assert await reader.read() == b"no"
        await up.emptied()
        assert not up.requests[0].complete.is_set()
        assert up.errors == []


async def test_a_malformed_request_is_refused_and_remembered(dial: Dial) -> None:
    async with SimulatedUpstream(always(OK)) as up:
        reader, writer = await dial(up)
        writer.write(b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 400")
        assert "both" in str(up.faults[0])
        assert up.requests == []


async def test_a_responder_that_raises_is_remembered(dial: Dial) -> None:
    async def responder(request: SeenRequest) -> Plan:
        raise ZeroDivisionError

    async with SimulatedUpstream(responder) as up:
        reader, writer = await dial(up)
        writer.write(GET)
        assert await reader.read() == b""
        assert isinstance(up.errors[0], ZeroDivisionError)


async def test_a_large_body_arrives_whole() -> None:
    big = bytes(range(256)) * 4 * 4096
    async with (
        SimulatedUpstream(lambda seen: reply(200, seen.body)) as up,
        aiohttp.ClientSession() as session,
        session.post(up.url, data=io.BytesIO(big)) as answer,
    ):
        assert await answer.read() == big


async def test_leaving_the_block_breaks_open_connections(dial: Dial) -> None:
    async with SimulatedUpstream(always((Hold(),))) as up:
        reader, writer = await dial(up)
        writer.write(GET)
        await up.arrived()
    assert await reader.read() == b""
    assert up.open_connections == 0


def test_the_address_says_whether_it_is_encrypted() -> None:
    assert SimulatedUpstream(always(OK), port=1).url == "http://127.0.0.1:1"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    assert SimulatedUpstream(always(OK), port=1, ssl=context).url == "https://127.0.0.1:1"


@pytest.fixture
def certificate(tmp_path: Path) -> ssl.SSLContext:
    """A server context with a certificate made for this test."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("program openssl is missing")
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    subprocess.run([*command, "-keyout", key, "-out", cert, "-subj", "/CN=localhost"], check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    return context


async def test_many_writes_pass_through_tls(certificate: ssl.SSLContext) -> None:
    plan = stream([b"x" * 100_000] * 20, done=False)
    async with (
        SimulatedUpstream(always(plan), ssl=certificate) as up,
        aiohttp.ClientSession() as session,
        session.post(up.url, data=b"body", ssl=False) as answer,
    ):
        assert len(await answer.read()) == 2_000_000
