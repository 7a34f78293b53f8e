"""Whatever strangers send, /metrics stays whole and small, and every request is passed on."""

import asyncio
import json
from collections.abc import Iterable

import pytest

from costproxy.demo.plan import Plan
from costproxy.demo.replies import json_reply, reply, stream
from costproxy.demo.seen import SeenRequest
from costproxy.demo.upstream import SimulatedUpstream
from tests.support.chats import CHAT, answer, chat_body
from tests.support.proxy import running_proxy
from tests.support.raw import dial, post, request
from tests.support.scrape import Scrape, recorded, scrape

pytestmark = pytest.mark.timeout(60)

STRANGE_NAMES = (
    '"gpt-\\ud800"',  # a lone surrogate
    '"\\udfff\\ud800"',
    '"a\\"b\\\\c\\nd"',
    '"a\\u0000b\\u001b[31mred"',
    '"\\u2028\\u2029\\u0085"',
    '"}\\n# HELP x y\\nx{a=\\"b\\"} 1\\n"',
    '"le=\\"+Inf\\""',
    '""',
    '" "',
    '"other"',
    '"none"',
    '"\U0001f600é中"',
    "null",
    "17",
    "true",
    '["a"]',
    '{"a": 1}',
    '"' + "m" * 1_000_000 + '"',
)
STRANGE_COUNTS = (
    "NaN",
    "Infinity",
    "-5",
    "1e400",
    "1e30",
    "12.5",
    '"12"',
    "true",
    "null",
    "[]",
    "{}",
    "9" * 5000,
)


def strange_bodies() -> Iterable[bytes]:
    for name in STRANGE_NAMES:
        yield b'{"model":%s,"messages":[{"role":"user","content":"x"}]}' % name.encode()
    yield b'{"model":"m","messages":' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    yield b'{"model":"m","messages":' + b'{"a":' * 100_000
    yield b'{"model":"\xff\xfe raw bytes","messages":[]}'
    yield b'\xef\xbb\xbf{"model":"with-a-mark","messages":[]}'
    yield b'{"model":"a","model":"b","messages":7,"tools":"x","stream":"yes","max_tokens":-1}'
    yield b'{"model":"m","stream":true,"stream_options":[]}'
    yield b'{"model":"m","stream":true,"stream_options":null,"messages":null}'
    yield b"\x00" * 5000
    yield b""


def strange_replies() -> Iterable[Plan]:
    for count in STRANGE_COUNTS:
        usage = b'{"prompt_tokens":%s,"completion_tokens":%s}' % (count.encode(), count.encode())
        yield reply(200, b'{"model":"m","choices":[{"finish_reason":"stop"}],"usage":%s}' % usage)
        yield stream([b'data: {"model":"m","choices":[],"usage":%s}\n\n' % usage])
    for name in STRANGE_NAMES:
        yield reply(200, b'{"model":%s,"choices":[{"finish_reason":%s}]}' % (name.encode(), name.encode()))
        yield reply(400, b'{"error":{"message":%s,"code":%s,"type":%s}}' % ((name.encode(),) * 3))
    yield reply(200, b'{"choices":' + b"[" * 200_000 + b"]" * 200_000 + b"}")
    yield reply(429, b'{"error":[[["\xff"]]]}')
    yield stream([b"data: \xff\xfe\n\n", b"data: [[[[\n\n", b"data: 5\n\n", b'data: {"choices":{"0":1}}\n\n'])
    yield stream([b'data: {"choices":[{"index":"x","delta":5,"finish_reason":7},3,null]}\n\n'])
    yield reply(200, b'{"usage":[1],"choices":"x","error":0}')


async def assert_whole(proxy_scrape: Scrape, count: int) -> None:
    assert proxy_scrape.requests == count
    for sample in proxy_scrape.samples:
        for value in sample.labels.values():
            assert value.isprintable(), sample
            assert len(value) <= 100, sample


async def test_strange_requests_pass_and_leave_metrics_whole() -> None:
    bodies = list(strange_bodies())
    async with SimulatedUpstream(lambda _: answer()) as up, running_proxy(up.url) as proxy, dial(proxy.url) as client:
        for count, body in enumerate(bodies, 1):
            assert (await client.ask(post(body))).status == 200
            await assert_whole(await recorded(proxy, count), count)
        assert [seen.body for seen in up.requests] == bodies


async def test_strange_replies_pass_and_leave_metrics_whole() -> None:
    plans = list(strange_replies())
    left = list(plans)
    async with (
        SimulatedUpstream(lambda _: left.pop(0)) as up,
        running_proxy(up.url) as proxy,
        dial(proxy.url) as client,
    ):
        for count in range(1, len(plans) + 1):
            await client.ask(post(chat_body()))
            counted = await recorded(proxy, count)
            await assert_whole(counted, count)
        assert counted.total("costproxy_record_failures_total") == 0
        assert counted.total("costproxy_unmetered_total", reason="fault") == 0
        assert counted.total("costproxy_tokens_total") < 10**13  # what cannot be believed is not counted


def echoing_the_model(seen: SeenRequest) -> Plan:
    """Answer for every other model, and know none of the rest."""
    asked = json.loads(seen.body)["model"]
    if int(asked.rpartition("-")[2]) % 2:
        return json_reply({"error": {"message": "no such model", "code": "model_not_found"}}, 404)
    return json_reply({**CHAT.completion("hi"), "model": asked})


def junk(number: int) -> bytes:
    """Return a request with names of its own in every place that a client can name things."""
    return post(
        chat_body(model=f"junk-{number}", user=f"user-{number}"),
        (b"x-costproxy-app", b"app-%d" % number),
        (b"x-session-id", b"conversation-%d" % number),
        (b"Authorization", b"Bearer key-%d" % number),
        target=f"/junk-{number}/v1/chat/completions?conversation={number}",
    )


async def test_ten_thousand_names_fit_into_the_caps() -> None:
    requests, connections = 10_000, 20
    async with (
        SimulatedUpstream(echoing_the_model) as up,
        running_proxy(up.url, log_level="error", limits_models=20, limits_apps=8, limits_pairs=40) as proxy,
    ):

        async def client(first: int) -> None:
            async with dial(proxy.url) as connection:
                for number in range(first, requests, connections):
                    assert (await connection.ask(junk(number))).status in (200, 404)

        await asyncio.gather(*(client(first) for first in range(connections)))
        counted = await recorded(proxy, requests)
        assert len(up.requests) == requests
    models, apps = (names(counted, label) for label in ("model", "app"))
    assert len(models - {"other", "none"}) == 20
    assert len(apps - {"other", "default"}) == 8
    assert len(pairs(counted)) <= 40 + (20 + 2) * 2  # beside application other and default, there is any model
    assert len(counted.samples) < 6000
    assert counted.total("costproxy_requests_total", model="other", app="other") > 9000
    overflown = counted.by("costproxy_label_overflow_total", "label")
    assert overflown["model"] > 9000
    assert overflown["app"] > 9000
    assert names(counted, "upstream") == {"default"}


async def test_names_that_no_upstream_answered_for_take_a_quarter_of_the_room() -> None:
    def knows_the_real_one(seen: SeenRequest) -> Plan:
        real = json.loads(seen.body)["model"] == "real"
        return answer(model="real") if real else json_reply({"error": {"code": "model_not_found"}}, 404)

    async with (
        SimulatedUpstream(knows_the_real_one) as up,
        running_proxy(up.url, limits_models=8, limits_apps=8) as proxy,
        dial(proxy.url) as client,
    ):
        for number in range(100):
            await client.ask(post(chat_body(model=f"junk-{number}"), (b"x-costproxy-app", b"junk-%d" % number)))
        await client.ask(post(chat_body(model="real"), (b"x-costproxy-app", b"shop")))
        counted = await recorded(proxy, 101)
    assert len(names(counted, "model") - {"other", "none", "real"}) == 2
    assert len(names(counted, "app") - {"other", "default", "shop"}) == 2
    assert counted.total("costproxy_tokens_total", model="real", app="shop") == 15


async def test_paths_and_methods_are_no_labels() -> None:
    async with SimulatedUpstream(lambda _: reply(404)) as up, running_proxy(up.url) as proxy, dial(proxy.url) as client:
        before = len((await scrape(proxy)).samples)
        for number in range(300):
            await client.ask(request(METHODS[number % len(METHODS)], f"/scan/{number}.php?x={number}"))
        counted = await recorded(proxy, 300)
    assert len(counted.samples) - before < 60
    assert names(counted, "api") <= {"chat", "other"}


METHODS = ("GET", "POST", "PUT", "DELETE", "OPTIONS", "PROPFIND", "PURGE", "REPORT", "SEARCH", "TRACE")


def names(counted: Scrape, label: str) -> set[str]:
    return {each.labels[label] for each in counted.samples if label in each.labels}


def pairs(counted: Scrape) -> set[tuple[str, str]]:
    both = [each.labels for each in counted.samples if {"app", "model"} <= each.labels.keys()]
    return {(each["model"], each["app"]) for each in both}
