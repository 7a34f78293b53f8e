"""The views over a running proxy's memory agree with its metrics."""

import asyncio
from typing import Any

import aiohttp
import pytest

from costproxy.app import Proxy
from costproxy.demo.apps import all_apps
from costproxy.demo.provider import ChatProvider
from costproxy.demo.upstream import SimulatedUpstream
from tests.support.proxy import running_proxy
from tests.support.scrape import Scrape, scrape_until

pytestmark = pytest.mark.timeout(60)
SPEED = 8.0


async def get(proxy: Proxy, path: str) -> Any:
    async with aiohttp.ClientSession() as session, session.get(f"{proxy.admin_url}/api/v1/{path}") as reply:
        assert reply.status == 200
        return await reply.json()


def near(text: str) -> Any:
    return pytest.approx(float(text), rel=1e-9, abs=1e-12)


async def test_the_views_say_what_the_metrics_say() -> None:
    async with (
        SimulatedUpstream(ChatProvider(seed=1, speed=SPEED)) as up,
        running_proxy(up.url, log_level="error") as proxy,
    ):
        tasks = [asyncio.create_task(app.run(f"{proxy.url}/v1", speed=SPEED, seed=1)) for app in all_apps()]
        await scrape_until(proxy, lambda seen: seen.requests > 150, within=20)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        scraped = await scrape_until(proxy, lambda seen: not seen.in_flight, within=10)
        await asyncio.sleep(1.1)  # longer than an answer is kept
        scraped = await scrape_until(proxy, lambda seen: not seen.in_flight)
        await agree(proxy, scraped)


async def agree(proxy: Proxy, scraped: Scrape) -> None:
    overview, page = await get(proxy, "overview?range=15m"), await get(proxy, "conversations?size=200&sort=cost")
    tokens = scraped.by("costproxy_conversation_prompt_tokens_total", "part")
    cost = scraped.total("costproxy_cost_usd_total")
    estimated = scraped.total("costproxy_cost_usd_total", quality="estimated")
    assert overview["requests"] == scraped.requests == sum(overview["points"]["requests"])
    assert overview["rate_limited"] == scraped.outcomes["rate_limited"]
    assert (overview["prompt"]["new"], overview["prompt"]["resent"]) == (tokens["new"], tokens["resent"])
    assert cost == near(overview["spend"]["total"])
    assert estimated == near(overview["spend"]["estimated"])
    assert estimated > 0
    assert sum(float(each["spend"]["total"]) for each in overview["shares"]) == near(overview["spend"]["total"])
    assert overview["conversations"]["tracked"] == scraped.total("costproxy_conversations_tracked") == page["all"]
    costs = [float(each["cost"]["total"]) for each in page["items"]]
    assert costs == sorted(costs, reverse=True)
    first = page["items"][0]
    detail = await get(proxy, f"conversations/{first['id']}")
    assert detail["conversation"]["requests"] == first["requests"]
    assert sum(float(each["cost"] or 0) for each in detail["turns"]) == near(first["cost"]["total"])
    assert sum(each["new"] or 0 for each in detail["turns"]) == first["new"]
    for each in detail["turns"]:
        if each["composition"]:
            assert sum(part["tokens"] for part in each["composition"]) == each["new"] + each["resent"]
    health = await get(proxy, "health")
    assert health["requests"] == scraped.requests
    assert health["estimated"] == scraped.total("costproxy_tokens_total", quality="estimated")
    refused = {each["app"] for each in (await get(proxy, "limits"))["refusals"]}
    assert {"impatient-import", "nightly-batch"} <= refused


@pytest.mark.parametrize(
    ("key", "order"),
    [("turns_left", "asc"), ("turns_left", "desc"), ("growth", "asc"), ("model", "asc"), ("app", "desc")],
)
async def test_what_is_unknown_comes_last_in_both_orders(key: str, order: str) -> None:
    async with SimulatedUpstream(ChatProvider(seed=1, speed=50.0)) as up, running_proxy(up.url) as proxy:
        tasks = [asyncio.create_task(app.run(f"{proxy.url}/v1", speed=20.0, seed=1)) for app in all_apps()[:2]]
        await scrape_until(proxy, lambda seen: seen.requests > 30, within=20)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        items = (await get(proxy, f"conversations?sort={key}&order={order}&size=200"))["items"]
    values = [each[key] for each in items]
    known = [each for each in values if each is not None]
    assert values[: len(known)] == sorted(known, reverse=order == "desc")


async def test_without_conversations_the_rest_still_works(tmp_path: Any) -> None:
    path = tmp_path / "costproxy.toml"
    path.write_text("[conversations]\nenabled = false\n")
    async with running_proxy("http://127.0.0.1:9", file=path) as proxy:
        assert (await get(proxy, "overview"))["conversations"]["enabled"] is False
        assert (await get(proxy, "conversations"))["items"] == []


async def test_a_token_may_come_from_the_settings_and_is_never_shown(tmp_path: Any) -> None:
    path = tmp_path / "costproxy.toml"
    path.write_text('[admin]\ntoken = "a-token-of-sixteen-or-more"\n')
    async with running_proxy("http://127.0.0.1:9", file=path) as proxy, aiohttp.ClientSession() as session:
        assert "a-token" not in repr(proxy._settings)
        for headers, status in (({}, 401), ({"Authorization": "Bearer a-token-of-sixteen-or-more"}, 200)):
            async with session.get(f"{proxy.admin_url}/api/v1/health", headers=headers) as reply:
                assert reply.status == status
