"""The admin port: what it answers, to whom, and that the traffic port answers none of it."""

import asyncio

import aiohttp
import psutil
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from costproxy.admin.api import Api
from costproxy.admin.gate import Gate
from costproxy.admin.server import ROUTES, Admin
from costproxy.app import Proxy
from costproxy.demo.plan import Hold
from costproxy.demo.replies import reply
from costproxy.demo.upstream import SimulatedUpstream, always
from costproxy.recording.metrics import Metrics
from tests.support.chats import answer, chat_body
from tests.support.fake_source import FakeSource
from tests.support.proxy import running_proxy
from tests.support.raw import ask, dial, post, request
from tests.support.scrape import Scrape, recorded, scrape

pytestmark = pytest.mark.timeout(30)

# The whole surface of the admin port. What is added here is added on purpose.
SURFACE = {
    ("GET", "/"),
    ("GET", "/api/v1/conversations"),
    ("GET", "/api/v1/conversations/{id}"),
    ("GET", "/api/v1/health"),
    ("GET", "/api/v1/limits"),
    ("GET", "/api/v1/openapi.json"),
    ("GET", "/api/v1/overview"),
    ("GET", "/healthz"),
    ("GET", "/metrics"),
    ("GET", "/page/{name}"),
    ("GET", "/readyz"),
}


async def get(proxy: Proxy, route: str, *, method: str = "GET", accept: str = "*/*") -> tuple[int, str, str]:
    """Return status, content type and text."""
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, f"{proxy.admin_url}{route}", headers={"Accept": accept}) as answered,
    ):
        return answered.status, answered.headers.get("Content-Type", ""), await answered.text()


def test_the_surface_is_what_is_written_down() -> None:
    metrics = Metrics(upstreams=("default",), models=1, apps=1, pairs=1)
    api = Api(FakeSource(), Gate(host="127.0.0.1"))
    routes = Admin(metrics.registry, lambda: True, api).application().router.routes()
    found = {(route.method, route.resource.canonical) for route in routes if route.resource is not None}
    assert {(method, path) for method, path in found if method != "HEAD"} == SURFACE
    assert {path for _, path in SURFACE} > set(ROUTES)


@pytest.mark.parametrize(
    "path", ["/v1/models", "/api", "/api/v1", "/page/", "/v1/chat/completions", "/metrics/", "/admin"]
)
async def test_nothing_else_is_there_and_nothing_is_forwarded(path: str) -> None:
    async with SimulatedUpstream(always(answer())) as up, running_proxy(up.url) as proxy:
        assert (await get(proxy, path))[0] == 404
        assert up.connections == 0


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_it_is_for_reading_only(method: str) -> None:
    async with running_proxy("http://127.0.0.1:9") as proxy:
        for route in ROUTES:
            assert (await get(proxy, route, method=method))[0] == 405


@pytest.mark.parametrize("route", [*ROUTES, "/metrics?name[]=up", "/api/v1/x", "/"])
async def test_the_traffic_port_has_no_route_of_its_own(route: str) -> None:
    async with SimulatedUpstream(always(reply(418, b"the upstream's own"))) as up, running_proxy(up.url) as proxy:
        seen = await ask(proxy.url, request("GET", route))
        assert (seen.status, seen.body) == (418, b"the upstream's own")
        assert up.requests[0].target == route.encode()


async def test_both_ports_are_open_to_this_machine_alone() -> None:
    async with running_proxy("http://127.0.0.1:9") as proxy:
        ports = {int(url.rpartition(":")[2]) for url in (proxy.url, proxy.admin_url)}
        listening = [each.laddr for each in psutil.Process().net_connections() if each.status == psutil.CONN_LISTEN]
        assert {where.ip for where in listening if where.port in ports} == {"127.0.0.1"}


async def test_opening_the_traffic_port_to_others_leaves_the_admin_port_closed_to_them() -> None:
    async with running_proxy("http://127.0.0.1:9", host="0.0.0.0") as proxy:
        assert proxy.url.startswith("http://0.0.0.0:")
        assert proxy.admin_url.startswith("http://127.0.0.1:")


async def test_a_thousand_probes_cost_the_upstream_nothing() -> None:
    async with (
        SimulatedUpstream(always((Hold(),))) as up,
        running_proxy(up.url) as proxy,
        dial(proxy.admin_url) as client,
    ):
        for _ in range(500):
            assert (await client.ask(request("GET", "/healthz"))).status == 200
            assert (await client.ask(request("GET", "/readyz"))).status == 200
        assert (up.connections, up.requests) == (0, [])
        assert (await scrape(proxy)).requests == 0


async def test_an_upstream_that_is_gone_makes_the_proxy_neither_dead_nor_unready() -> None:
    async with running_proxy("http://127.0.0.1:9") as proxy:
        assert (await ask(proxy.url, post(chat_body()))).status == 502
        assert (await get(proxy, "/healthz"))[::2] == (200, "ok\n")
        assert (await get(proxy, "/readyz"))[::2] == (200, "ready\n")


async def test_both_formats_of_prometheus_are_spoken() -> None:
    async with SimulatedUpstream(always(answer())) as up, running_proxy(up.url) as proxy:
        await ask(proxy.url, post(chat_body()))
        await recorded(proxy)
        status, kind, text = await get(proxy, "/metrics", accept="text/plain;version=0.0.4")
        assert (status, kind.startswith("text/plain")) == (200, True)
        plain = Scrape(tuple(sample for family in read_text(text) for sample in family.samples))
        status, kind, text = await get(proxy, "/metrics", accept="application/openmetrics-text; version=1.0.0")
        assert (status, kind.startswith("application/openmetrics-text")) == (200, True)
        open_ = Scrape(tuple(sample for family in read_openmetrics(text) for sample in family.samples))
    assert plain.requests == open_.requests == 1
    assert not [sample.name for sample in plain.samples if sample.name.endswith("_created")]


async def test_many_scrapes_at_once_are_all_answered() -> None:
    async with running_proxy("http://127.0.0.1:9") as proxy:
        answers = await asyncio.gather(*(get(proxy, "/metrics") for _ in range(30)))
    assert {status for status, _, _ in answers} == {200}


async def test_a_scraper_that_leaves_does_not_spoil_the_scrape_of_another() -> None:
    async with running_proxy("http://127.0.0.1:9") as proxy, dial(proxy.admin_url) as leaving:
        await leaving.send(request("GET", "/metrics"))
        staying = asyncio.create_task(get(proxy, "/metrics"))
        leaving.close()
        assert (await staying)[0] == 200
