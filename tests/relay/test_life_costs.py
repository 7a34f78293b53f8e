"""What a request cost, seen from outside: a proxy, a provider, and what /metrics says."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from costproxy.app import Proxy
from costproxy.demo.chat import Chat, cumulative, usage
from costproxy.demo.plan import Hold, Plan, Reset
from costproxy.demo.replies import json_reply, reply, stream
from costproxy.demo.upstream import SimulatedUpstream, always
from tests.support.chats import CHAT, MODEL, answer, chat_body, streamed
from tests.support.hearing import hear_out
from tests.support.proxy import running_proxy
from tests.support.raw import ask, dial, post
from tests.support.scrape import Scrape, recorded

pytestmark = pytest.mark.timeout(20)

COST, TOKENS = "costproxy_cost_usd_total", "costproxy_tokens_total"
SOURCES, UNPRICED = "costproxy_cost_sources_total", "costproxy_unpriced_requests_total"
JSON = ("Content-Type", "application/json")
ONE = (10 * 0.15 + 5 * 0.60) / 1e6  # dollars, of `answer()`
NO_GZIP = reply(200, b"\x1f\x8b this is no gzip", headers=[JSON, ("Content-Encoding", "gzip")])
FAILED = {"error": {"message": "no", "code": "bad"}}


@asynccontextmanager
async def mounted(plan: Plan, folder: Path, dialect: str) -> AsyncIterator[Proxy]:
    """Run a proxy whose upstream `/shop` speaks that dialect."""
    async with SimulatedUpstream(always(plan)) as up:
        file = folder / "costproxy.toml"
        file.write_text(f'[upstreams.shop]\nurl = "{up.url}"\ndialect = "{dialect}"\n', encoding="utf-8")
        async with running_proxy(up.url, file=file) as proxy:
            yield proxy


async def asked(plan: Plan, body: bytes, **flags: object) -> Scrape:
    """Return what is counted of one request, however its reply ends."""
    async with SimulatedUpstream(always(plan)) as up, running_proxy(up.url, **flags) as proxy:
        async with dial(proxy.url) as client:
            await client.send(post(body, (b"Connection", b"close")))
            await hear_out(client)
        return await recorded(proxy)


def spent(counted: Scrape) -> dict[str, float]:
    return counted.by(COST, "quality")


# -- known -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("streaming", "plan"), [(False, answer()), (True, streamed())], ids=["whole", "streamed"])
async def test_a_reply_is_priced_by_the_catalogue(streaming: bool, plan: Plan) -> None:
    counted = await asked(plan, chat_body(stream=streaming))
    assert spent(counted) == {"exact": pytest.approx(ONE)}
    assert counted.by(COST, "kind") == {"input": pytest.approx(1.5e-6), "output": pytest.approx(3e-6)}
    assert counted.by(SOURCES, "source") == {"catalogue": 1}
    assert counted.total(UNPRICED) == 0


async def test_every_request_adds_its_cost() -> None:
    async with SimulatedUpstream(always(answer())) as up, running_proxy(up.url) as proxy:
        for _ in range(5):
            await ask(proxy.url, post(chat_body()))
        counted = await recorded(proxy, 5)
    assert spent(counted) == {"exact": pytest.approx(5 * ONE)}
    assert counted.by(SOURCES, "source") == {"catalogue": 5}


async def test_what_the_biller_reports_is_the_cost_and_is_never_added_to_our_own(tmp_path: Path) -> None:
    ticks = {**usage(218, 410, cached=192), "cost_in_usd_ticks": 60_959_000}
    async with mounted(json_reply(Chat(model="grok-4.3").completion("a", ticks)), tmp_path, "xai") as proxy:
        await ask(proxy.url, post(chat_body(model="grok-4.3"), target="/shop/v1/chat/completions"))
        counted = await recorded(proxy)
    assert spent(counted) == {"exact": pytest.approx(0.0060959)}
    assert counted.by(COST, "kind")["other"] == pytest.approx(0.005)
    assert counted.by(SOURCES, "source") == {"reported": 1}
    assert counted.total("costproxy_reported_cost_usd_total") == pytest.approx(0.0060959)
    assert counted.total("costproxy_computed_cost_usd_total") == pytest.approx(0.0010959)


async def test_a_running_usage_is_counted_once() -> None:
    chunks = [CHAT.role(), CHAT.content("a"), CHAT.content("b"), CHAT.finish()]
    usages = [usage(10, count) for count in (0, 1, 3, 5)]
    counted = await asked(stream(cumulative(chunks, usages)), chat_body(stream=True))
    assert counted.by(TOKENS, "kind") == {"input": 10, "output": 5}
    assert spent(counted) == {"exact": pytest.approx(ONE)}


async def test_repaired_usage_and_its_cost_are_series_of_their_own() -> None:
    counted = await asked(json_reply(CHAT.completion("a", usage(10, 5, cached=11))), chat_body())
    assert set(counted.by(TOKENS, "quality")) == set(spent(counted)) == {"adjusted"}
    assert counted.by("costproxy_usage_anomalies_total", "kind") == {"cached_exceeds_prompt": 1}


# -- unknown is never zero ---------------------------------------------------------------------------------------------


def assert_estimated(counted: Scrape, reason: str) -> None:
    assert counted.by("costproxy_usage_missing_total", "reason") == {reason: 1}
    assert set(counted.by(TOKENS, "quality")) == set(spent(counted)) == {"estimated"}
    assert counted.total(TOKENS, kind="input") == 8  # 3 + 1 + 1 + 3, of the request
    assert counted.by(SOURCES, "source") == {"catalogue": 1}
    assert counted.total("costproxy_prompt_tokens_count") == 0
    assert counted.total(UNPRICED) == 0


CUT: dict[str, tuple[Plan, str]] = {
    "without usage": (stream(CHAT.text("one two three")), "not_sent"),
    "without an end": (stream(CHAT.text("one two three")[:-1], done=False, framing="eof"), "truncated"),
    "reset": ((*stream(CHAT.text("one two three")[:-1], done=False)[:-1], Reset()), "truncated"),
}


@pytest.mark.parametrize(("plan", "reason"), CUT.values(), ids=CUT)
async def test_a_stream_without_its_usage_is_estimated_and_labelled_so(plan: Plan, reason: str) -> None:
    counted = await asked(plan, chat_body(stream=True))
    assert_estimated(counted, reason)
    assert counted.total(TOKENS, kind="output") == 3


async def test_an_aborted_stream_is_estimated_by_what_was_seen_of_it() -> None:
    plan = (*stream([CHAT.content("one two three")], done=False)[:-1], Hold())
    async with SimulatedUpstream(always(plan)) as up, running_proxy(up.url) as proxy:
        async with dial(proxy.url) as client:
            await client.send(post(chat_body(stream=True)))
            await client.final_head()
            await client.chunk()
        counted = await recorded(proxy)
    assert counted.outcomes == {"client_abort": 1}
    assert_estimated(counted, "client_abort")
    assert counted.total(TOKENS, kind="output") == 3


async def test_a_model_without_a_price_is_unpriced_and_its_tokens_with_it() -> None:
    counted = await asked(answer(model="mystery-1"), chat_body(model="mystery-1"))
    assert spent(counted) == {}
    assert counted.by(UNPRICED, "model") == {"mystery-1": 1}
    assert counted.by("costproxy_unpriced_tokens_total", "kind") == {"input": 10, "output": 5}
    assert counted.by(TOKENS, "quality") == {"exact": 15}
    assert counted.by(SOURCES, "source") == {"unknown": 1}


@pytest.mark.parametrize("plan", [NO_GZIP, reply(500), reply(502, b"<html>")], ids=["no gzip", "500", "502"])
async def test_a_cost_that_nobody_knows_is_counted_as_that(plan: Plan) -> None:
    counted = await asked(plan, chat_body())
    assert spent(counted) == {}
    assert counted.total(TOKENS) == 0
    assert counted.total(UNPRICED) == 1
    assert counted.by(SOURCES, "source") == {"unknown": 1}


@pytest.mark.parametrize("status", [400, 401, 404, 429])
async def test_a_rejected_request_costs_nothing_and_is_not_unpriced(status: int) -> None:
    counted = await asked(json_reply(FAILED, status), chat_body())
    assert spent(counted) == {}
    assert counted.total(UNPRICED) == 0
    assert counted.by(SOURCES, "source") == {"not_billed": 1}


async def test_an_upstream_that_is_not_there_bills_nothing() -> None:
    async with running_proxy("http://127.0.0.1:9") as proxy:
        assert (await ask(proxy.url, post(chat_body()))).status == 502
        counted = await recorded(proxy)
    assert counted.by(SOURCES, "source") == {"not_billed": 1}
    assert counted.total(UNPRICED) == 0


async def test_unknown_costs_leave_the_known_ones_as_they_are() -> None:
    plans = {"known": answer(), "mystery": answer(model="mystery-1"), "missing": json_reply(CHAT.completion("hi"))}

    def chosen(seen: Any) -> Plan:
        return next(plan for word, plan in plans.items() if word.encode() in seen.body)

    async with SimulatedUpstream(chosen) as up, running_proxy(up.url) as proxy:
        for word in ("known", "mystery", "missing"):
            model = "mystery-1" if word == "mystery" else MODEL
            await ask(proxy.url, post(chat_body(text=word, model=model)))
        counted = await recorded(proxy, 3)
    assert counted.total(COST, quality="exact") == pytest.approx(ONE)
    assert counted.total(TOKENS, quality="exact", model=MODEL) == 15
    assert counted.total(UNPRICED) == 1
    assert counted.by(SOURCES, "source") == {"catalogue": 2, "unknown": 1}
