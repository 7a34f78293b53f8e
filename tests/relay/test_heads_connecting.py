"""Ways to an upstream, and what a client is told where there is none."""

import asyncio
import contextlib
import json
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from costproxy.demo.replies import json_reply, reply, stream
from costproxy.demo.upstream import SimulatedUpstream, always
from tests.support.certificates import self_signed
from tests.support.chats import CHAT, answer, chat_body
from tests.support.proxy import in_front_of, running_proxy
from tests.support.raw import RawReply, ask, dial, post, request
from tests.support.scrape import recorded

pytestmark = [pytest.mark.timeout(20), pytest.mark.asyncio(loop_factories=["asyncio", "uvloop"])]

OK = reply(200, b"ok")


def assert_unreachable(got: RawReply, status: int, code: str) -> str:
    assert (got.status, got.header("x-costproxy-error")) == (status, code.encode())
    error = json.loads(got.body)["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    assert (error["type"], error["code"]) == ("costproxy_error", code)
    message: str = error["message"]
    assert "'default'" in message
    return message


@contextlib.asynccontextmanager
async def silent_port() -> AsyncIterator[int]:
    """Bind a port that takes no connection: its queue of one is full."""
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for waiting in (first, second):
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def port_of(server: asyncio.Server) -> int:
    port: int = server.sockets[0].getsockname()[1]
    return port


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


# -- TLS -----------------------------------------------------------------------------------------------------


async def test_an_upstream_of_ones_own_authority_is_reached(tmp_path: Path) -> None:
    context, authority = self_signed(tmp_path, "localhost")
    up = SimulatedUpstream(always(answer()), host="localhost", ssl=context)
    async with in_front_of(up, upstream_ca_file=str(authority)) as proxy, dial(proxy.url) as client:
        for _ in range(3):
            got = await client.ask(post(chat_body()))
            assert json.loads(got.body)["object"] == "chat.completion"
        counted = await recorded(proxy, 3)
    assert counted.outcomes == {"success": 3}
    assert up.connections == 1
    assert up.requests[0].header("host") == f"localhost:{up.port}".encode()


async def test_a_stream_and_a_large_upload_pass_through_tls(tmp_path: Path) -> None:
    context, authority = self_signed(tmp_path, "localhost")
    plan = stream([CHAT.content("x" * 100_000)] * 20)
    up = SimulatedUpstream(always(plan), host="localhost", ssl=context)
    large = bytes(range(256)) * 20_000
    async with in_front_of(up, upstream_ca_file=str(authority)) as proxy:
        got = await ask(proxy.url, request("POST", "/v1/files", body=large))
    assert up.requests[0].body == large
    assert got.body.count(b"data: ") == 21
    assert got.body.endswith(b"data: [DONE]\n\n")


async def test_tls_offers_http_1_only_and_names_the_host(tmp_path: Path) -> None:
    context, authority = self_signed(tmp_path, "localhost")
    context.set_alpn_protocols(["h2", "http/1.1"])
    named: list[str | None] = []
    context.sni_callback = lambda _socket, name, _context: named.append(name)
    up = SimulatedUpstream(always(OK), host="localhost", ssl=context)
    async with in_front_of(up, upstream_ca_file=str(authority)) as proxy:
        assert (await ask(proxy.url, request("GET", "/"))).body == b"ok"
    assert named == ["localhost"]


async def test_a_certificate_for_another_host_is_not_accepted(tmp_path: Path) -> None:
    context, authority = self_signed(tmp_path, "other.test")
    up = SimulatedUpstream(always(OK), host="localhost", ssl=context)
    async with up, running_proxy(up.url, upstream_ca_file=str(authority)) as proxy:
        got = await ask(proxy.url, post(chat_body(), (b"Authorization", b"Bearer sk-canary")))
        counted = await recorded(proxy)
    message = assert_unreachable(got, 502, "upstream_tls")
    assert "certificate" in message
    assert counted.outcomes == {"upstream_error": 1}
    assert up.requests == []


async def test_a_certificate_of_nobody_is_not_accepted(tmp_path: Path) -> None:
    context, _ = self_signed(tmp_path, "localhost")
    up = SimulatedUpstream(always(OK), host="localhost", ssl=context)
    async with up, running_proxy(up.url) as proxy:
        got = await ask(proxy.url, post(chat_body()))
    assert "certificate" in assert_unreachable(got, 502, "upstream_tls")
    assert up.requests == []


async def test_an_upstream_that_does_not_speak_tls_is_said_so() -> None:
    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async with (
        await asyncio.start_server(listen, "127.0.0.1", 0) as server,
        running_proxy(f"https://127.0.0.1:{port_of(server)}") as proxy,
    ):
        got = await ask(proxy.url, post(chat_body()))
    assert "TLS" in assert_unreachable(got, 502, "upstream_tls")


async def test_an_upstream_that_speaks_tls_only_is_an_upstream_without_a_reply(tmp_path: Path) -> None:
    context, _ = self_signed(tmp_path, "localhost")
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    up = SimulatedUpstream(always(OK), host="localhost", ssl=context)
    async with up, running_proxy(up.url.replace("https:", "http:")) as proxy:
        got = await ask(proxy.url, post(chat_body()))
    assert_unreachable(got, 502, "upstream_no_reply")


# -- addresses -----------------------------------------------------------------------------------------------


async def test_an_upstream_at_an_ipv6_address_is_reached() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no ::1")
    async with SimulatedUpstream(always(OK), host="::1") as up:
        where = f"[::1]:{up.port}"
        async with running_proxy(f"http://{where}") as proxy:
            assert (await ask(proxy.url, request("GET", "/"))).body == b"ok"
        assert up.requests[0].header("host") == where.encode()


async def test_a_name_that_does_not_exist_is_a_502() -> None:
    async with running_proxy("https://no-such-host.invalid") as proxy:
        got = await ask(proxy.url, post(chat_body()))
        counted = await recorded(proxy, within=15)
    assert_unreachable(got, 502, "upstream_name_not_found")
    assert counted.outcomes == {"upstream_error": 1}


async def test_a_port_that_nobody_listens_on_is_a_502_at_once() -> None:
    async with running_proxy(f"http://127.0.0.1:{free_port()}") as proxy, dial(proxy.url) as client:
        for _ in range(3):
            assert_unreachable(await client.ask(post(chat_body())), 502, "upstream_connect_failed")
        counted = await recorded(proxy, 3)
    assert counted.outcomes == {"upstream_error": 3}


async def test_an_upstream_that_takes_no_connection_is_a_504() -> None:
    async with (
        silent_port() as port,
        running_proxy(f"http://127.0.0.1:{port}", upstream_connect_timeout=0.2) as proxy,
    ):
        got = await ask(proxy.url, post(chat_body()))
        counted = await recorded(proxy)
    assert "0.2 s" in assert_unreachable(got, 504, "upstream_connect_timeout")
    assert counted.outcomes == {"upstream_timeout": 1}


async def test_a_tls_handshake_that_never_ends_is_a_504() -> None:
    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with (
        await asyncio.start_server(listen, "127.0.0.1", 0) as server,
        running_proxy(f"https://127.0.0.1:{port_of(server)}", upstream_connect_timeout=0.2) as proxy,
    ):
        assert_unreachable(await ask(proxy.url, post(chat_body())), 504, "upstream_connect_timeout")


async def test_a_refusal_leaves_a_connection_as_its_request_left_it() -> None:
    body = chat_body()
    url = f"http://127.0.0.1:{free_port()}"
    async with running_proxy(url) as proxy:
        async with dial(proxy.url) as client:
            assert (await client.ask(request("HEAD", "/"))).status == 502
            assert (await client.ask(post(body))).status == 502
            last = await client.ask(post(body, (b"Connection", b"close")))
            assert last.header("connection") == b"close"
            assert await client.closed()
        async with dial(proxy.url) as client:
            # The upload is under way, and what is left of it must not be taken for a request.
            await client.send(request("POST", "/v1/files", (b"Content-Length", b"100000")), b"GET /evil HTTP/1.1\r\n")
            assert (await client.reply()).header("connection") == b"close"
        await recorded(proxy, 4)


async def test_an_upstream_that_comes_back_is_used_again() -> None:
    port = free_port()
    async with running_proxy(f"http://127.0.0.1:{port}") as proxy, dial(proxy.url) as client:
        assert (await client.ask(post(chat_body()))).status == 502
        async with SimulatedUpstream(always(json_reply({"object": "list"})), port=port):
            assert (await client.ask(post(chat_body()))).status == 200
        assert (await client.ask(post(chat_body()))).status == 502
