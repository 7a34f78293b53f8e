"""The JSON API: read-only, strict about what it is asked, and the same for every source."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from costproxy.admin import api as api_module
from costproxy.admin.api import Api
from costproxy.admin.conversation_views import ConversationDetail, ConversationPage
from costproxy.admin.gate import Gate
from costproxy.admin.limit_views import Health, Limits
from costproxy.admin.server import Admin
from costproxy.admin.source import Query, SortKey, Source, Span, State
from costproxy.admin.views import Overview
from tests.support.fake_source import NOW, ROW, FakeSource

pytestmark = pytest.mark.timeout(20)
Ask = Callable[..., Any]
TOKEN = "a-token-of-sixteen-or-more"


async def client_of(source: Source, gate: Gate) -> TestClient[Any, Any]:
    admin = Admin(CollectorRegistry(), lambda: True, Api(source, gate, now=lambda: NOW))
    client = TestClient(TestServer(admin.application()))
    await client.start_server()
    return client


@pytest.fixture
def source() -> FakeSource:
    return FakeSource(rows=[replace(ROW, id=f"{number:016x}") for number in range(120)])


@pytest.fixture
async def client(source: FakeSource) -> AsyncIterator[TestClient[Any, Any]]:
    client = await client_of(source, Gate(host="127.0.0.1"))
    yield client
    await client.close()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("overview", Overview),
        ("conversations", ConversationPage),
        (f"conversations/{5:016x}", ConversationDetail),
        ("limits", Limits),
        ("health", Health),
    ],
)
async def test_every_path_gives_what_its_type_says(client: TestClient[Any, Any], path: str, kind: type) -> None:
    async with client.get(f"/api/v1/{path}") as reply:
        body = await reply.read()
        assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json")
        assert reply.headers["Cache-Control"] == "no-store"
    assert msgspec.json.decode(body, type=kind).at == NOW if kind is not ConversationPage else True
    assert msgspec.to_builtins(msgspec.json.decode(body, type=kind)) == json.loads(body)


async def test_parameters_reach_the_source(client: TestClient[Any, Any], source: FakeSource) -> None:
    query = "sort=turns_left&order=asc&state=near_limit&app=shop&model=gpt-4o&q=Sup&page=2&size=7"
    async with client.get(f"/api/v1/conversations?{query}") as reply:
        assert reply.status == 200
    async with client.get("/api/v1/overview?range=24h") as reply:
        assert reply.status == 200
    wanted = Query(
        sort=SortKey.TURNS_LEFT,
        descending=False,
        state=State.NEAR_LIMIT,
        app="shop",
        model="gpt-4o",
        text="Sup",
        page=2,
        size=7,
    )
    assert source.asked == [wanted, Span.DAY]


async def test_pages_together_are_all_and_none_twice(client: TestClient[Any, Any]) -> None:
    seen = []
    for page in (1, 2, 3, 4):
        async with client.get(f"/api/v1/conversations?page={page}&size=50") as reply:
            seen += [each["id"] for each in (await reply.json())["items"]]
    assert seen == [f"{number:016x}" for number in range(120)]


@pytest.mark.parametrize(
    "query",
    [
        *("sort=secret", "order=up", "state=any", "page=0", "page=-1", "page=1e3", "page=²", "size=201", "size=0"),
        *("page=1&page=2", "unknown=1", f"q={'x' * 257}", "page=99999999999999999999"),
    ],
)
async def test_what_is_not_understood_is_refused_and_not_repeated(client: TestClient[Any, Any], query: str) -> None:
    async with client.get(f"/api/v1/conversations?{query}") as reply:
        assert reply.status == 400
        text = (await reply.json())["error"]
    assert "expected" in text
    assert not any(word in text for word in ("secret", "xxx", "99999"))


async def test_a_conversation_that_is_not_there_is_said_so(client: TestClient[Any, Any]) -> None:
    async with client.get("/api/v1/conversations/ffff") as reply:
        assert (reply.status, "expected" in (await reply.json())["error"]) == (404, True)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["/", "/page/main.js", "/api/v1/overview", "/api/v1/conversations/x"])
async def test_nothing_can_be_changed(client: TestClient[Any, Any], method: str, path: str) -> None:
    async with client.request(method, path) as reply:
        assert reply.status == 405


async def test_many_who_ask_at_once_cost_one_answer(client: TestClient[Any, Any], source: FakeSource) -> None:
    async def ask() -> int:
        async with client.get("/api/v1/health") as reply:
            return reply.status

    assert set(await asyncio.gather(*(ask() for _ in range(40)))) == {200}
    assert source.asked.count("health") <= 2


async def test_what_is_kept_of_answers_is_bounded(client: TestClient[Any, Any]) -> None:
    for number in range(api_module.MOST_KEPT + 20):
        async with client.get(f"/api/v1/conversations?q={number}") as reply:
            assert reply.status == 200


async def test_a_source_that_fails_is_an_error_and_fails_nobody_else() -> None:
    class Broken(FakeSource):
        def limits(self, now: float) -> Limits:
            raise RuntimeError("of its own")

    client = await client_of(Broken(), Gate(host="127.0.0.1"))
    try:
        for _ in range(2):
            async with client.get("/api/v1/limits") as reply:
                assert reply.status == 500
                assert "of its own" not in await reply.text()
        async with client.get("/api/v1/health") as reply:
            assert reply.status == 200
    finally:
        await client.close()


# -- who may read ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gate", "headers", "status"),
    [
        (Gate(host="127.0.0.1"), {}, 200),
        (Gate(host="127.0.0.1"), {"Host": "localhost:8788"}, 200),
        (Gate(host="::1"), {"Host": "[::1]:8788"}, 200),
        (Gate(host="127.0.0.1"), {"Host": "evil.example"}, 403),
        (Gate(host="127.0.0.1"), {"Host": "localhost.evil.example"}, 403),
        (Gate(host="0.0.0.0"), {}, 403),
        (Gate(host="::"), {}, 403),
        (Gate(host="10.0.0.5"), {"Host": "localhost"}, 403),
        (Gate(host="0.0.0.0", token=TOKEN), {}, 401),
        (Gate(host="0.0.0.0", token=TOKEN), {"Authorization": f"Bearer {TOKEN}"}, 200),
        (Gate(host="0.0.0.0", token=TOKEN), {"Authorization": f"bearer  {TOKEN}", "Host": "box.example"}, 200),
        (Gate(host="0.0.0.0", token=TOKEN), {"Authorization": f"Bearer {TOKEN}x"}, 401),
        (Gate(host="0.0.0.0", token=TOKEN), {"Authorization": f"Basic {TOKEN}"}, 401),
        (Gate(host="0.0.0.0", token=TOKEN), {"Authorization": TOKEN}, 401),
        (Gate(host="0.0.0.0", token=TOKEN), {"Authorization": "Bearer \udcff"}, 401),
        (Gate(host="127.0.0.1", token=TOKEN), {}, 401),
    ],
)
async def test_the_numbers_are_for_this_machine_or_for_the_token(
    gate: Gate, headers: dict[str, str], status: int
) -> None:
    source = FakeSource()
    client = await client_of(source, gate)
    try:
        for path in ("overview", "conversations", "limits", "health", "openapi.json", f"conversations/{ROW.id}"):
            async with client.get(f"/api/v1/{path}", headers=headers) as reply:
                assert (path, reply.status) == (path, status)
                assert ("WWW-Authenticate" in reply.headers) is (status == 401)
                assert TOKEN not in await reply.text()
        assert bool(source.asked) is (status == 200)
        for path in ("/metrics", "/healthz", "/readyz", "/"):  # these have no numbers of conversations
            async with client.get(path, headers=headers) as reply:
                assert reply.status == 200
    finally:
        await client.close()


def test_a_gate_does_not_show_its_token() -> None:
    assert TOKEN not in repr(Gate(host="::", token=TOKEN))
