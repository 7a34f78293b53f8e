"""Quotas on a running proxy's /metrics: as upstreams state them, never made up, and whatever they state."""

import math
import re
import subprocess
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import aiohttp
import pytest

from costproxy.app import Proxy
from costproxy.demo.chat import usage
from costproxy.demo.plan import Plan, Send
from costproxy.demo.replies import Header, json_reply
from costproxy.demo.upstream import SimulatedUpstream
from costproxy.wire.durations import FURTHEST
from tests.support.chats import CHAT, chat_body
from tests.support.data import Recording, recordings
from tests.support.needs import need
from tests.support.proxy import running_proxy
from tests.support.raw import dial, post
from tests.support.recorded_headers import limit_headers, recorded_at
from tests.support.scrape import Scrape, scrape
from tests.support.waiting import until
from tests.support.watching import Watch
from tests.vectors.conftest import MOUNTED, mount_of

pytestmark = pytest.mark.timeout(60)

QUOTAS = ("limit", "remaining", "remaining_ratio", "reset_seconds", "exhaustion_seconds")
MOST = 10**12  # more than that is no count, but a way to say that there is no limit
RFC_3339 = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z")


class Shown(NamedTuple):
    """The gauges of one quota; None is a gauge without a series."""

    limit: float | None = None
    remaining: float | None = None
    resets_in: float | None = None


Gauges = dict[tuple[str, str], Shown]  # by resource and window


def gauges(seen: Scrape, **labels: str) -> Gauges:
    """Return what is shown of the quotas that have these labels."""
    told: dict[tuple[str, str], dict[str, float]] = {}
    for name in QUOTAS:
        for each in seen.all(f"costproxy_quota_{name}", **labels):
            told.setdefault((each.labels["resource"], each.labels["window"]), {})[name] = each.value
    for quota in told.values():
        ratio = quota.get("remaining_ratio")
        known = quota.get("limit") and "remaining" in quota
        assert ratio == (pytest.approx(quota["remaining"] / quota["limit"]) if known else None)
    return {
        key: Shown(quota.get("limit"), quota.get("remaining"), quota.get("reset_seconds"))
        for key, quota in told.items()
    }


class Stage:
    """A proxy with a mount for every dialect; its clock for quotas is `now`, if a test sets it."""

    def __init__(self, proxy: Proxy, upstream: SimulatedUpstream) -> None:
        self.plan: Plan = ()
        self.upstream = upstream
        self.proxy = proxy
        self.watch = Watch(proxy)
        self.later = 0.0  # seconds by which quotas are looked at later than they are
        proxy.metrics.watch_rates(proxy._rates, self._now)

    def _now(self) -> float:
        return time.perf_counter() + self.later

    async def state(
        self, *headers: Header, status: int = 200, mount: str = "openai", app: str = "", key: str = "", tokens: int = 5
    ) -> None:
        """Let a request be answered with these headers."""
        self.plan = json_reply(CHAT.completion("hi", usage(tokens, 0)), status, headers=headers)
        own = [(b"x-costproxy-app", app.encode())] if app else []
        own += [(b"Authorization", f"Bearer {key}".encode())] if key else []
        await self.play(post(chat_body(), *own, target=f"/{mount}/v1/chat/completions"))

    async def play(self, request: bytes) -> None:
        before = len(self.watch.turns)
        async with dial(self.proxy.url) as client:
            await client.send(request)
            await until(lambda: len(self.watch.turns) > before)

    async def shown(self, **labels: str) -> Gauges:
        return gauges(await scrape(self.proxy), **labels)


@asynccontextmanager
async def staged(tmp_path: Path, **flags: object) -> AsyncIterator[Stage]:
    stages: list[Stage] = []
    async with SimulatedUpstream(lambda _: stages[0].plan) as up:
        file = tmp_path / "costproxy.toml"
        tables = (f'[upstreams.{name}]\nurl = "{up.url}"\ndialect = "{name}"\n' for name in MOUNTED)
        file.write_text("\n".join(tables), encoding="utf-8")
        async with running_proxy(up.url, file=file, log_level="error", **flags) as proxy:
            stages.append(Stage(proxy, up))
            yield stages[0]
            assert (await scrape(proxy)).total("costproxy_record_failures_total") == 0
    assert up.errors == []


MINUTE_REQUESTS, MINUTE_TOKENS = ("requests", "minute"), ("tokens", "minute")
# A recorded reply -> its quotas, by whoever reads its headers and the provider's own words on them.
READ: Mapping[str, Gauges] = {
    "openai/o01-error-429": {MINUTE_REQUESTS: Shown(200, 199, 0.3), MINUTE_TOKENS: Shown(400_000, 400_000, 0)},
    "openai/o08-error-400": {
        MINUTE_REQUESTS: Shown(30_000, 29_999, 0.002),
        MINUTE_TOKENS: Shown(150_000_000, 149_999_227, 0),
        ("images", "minute"): Shown(50_000, 49_999, 0.001),
    },
    "openai-responses/o12-json-reasoning": {
        MINUTE_REQUESTS: Shown(500, 499, 0.12),
        MINUTE_TOKENS: Shown(500_000, 500_000, 0),
    },
    "azure/o02-error-413": {MINUTE_TOKENS: Shown(50_000, 50_000, 0)},  # the renewal period says which window
    "azure/o03-error-429": {  # nothing says which window, nor how many tokens are left
        ("requests", "unknown"): Shown(400, 396),
        ("tokens", "unknown"): Shown(40_000, None, 60),
    },
    "azure/o04-error-500": {MINUTE_REQUESTS: Shown(50, 48, 1), MINUTE_TOKENS: Shown(50_000, 0, 0)},  # 0 is 0
    "azure/o13-sse-nousage": {MINUTE_REQUESTS: Shown(120, 119, 500), MINUTE_TOKENS: Shown(120_000, 119_986, 7)},
    "groq/o08-json-text": {("requests", "day"): Shown(14_400, 14_399, 6), MINUTE_TOKENS: Shown(30_000, 29_987, 0.026)},
    "mistral/o01-error-429": {MINUTE_TOKENS: Shown(2_000_000, 2_000_000)},
    "mistral/o04-error-400": {
        MINUTE_TOKENS: Shown(2_000_000, 1_968_000, 19),
        ("tokens", "month"): Shown(10_000_000_000, 9_999_968_000),
    },
    "mistral/o06-json-cached": {MINUTE_TOKENS: Shown(120_000, 104_991), MINUTE_REQUESTS: Shown(10, 6)},
    "anthropic/o10-sse-inlineerror-nousage": {
        MINUTE_REQUESTS: Shown(1000, 999, 0),
        MINUTE_TOKENS: Shown(120_000, 116_000, 0),
        ("input_tokens", "minute"): Shown(100_000, 100_000, 0),
        ("output_tokens", "minute"): Shown(20_000, 16_000, 3),
    },
    "anthropic/o14-json-max_tokens": {
        MINUTE_REQUESTS: Shown(4000, 3999, 17),
        MINUTE_TOKENS: Shown(400_000, 400_000, 17),
    },
    "anthropic/o02-error-429": {},  # `retry-after` alone
    "cerebras/o01-error-429": {},
    "together/o04-json-fr-eos": {("requests", "unknown"): Shown(2, 1, 2)},
    "xai/o04-sse-cached-nousage-reasoning": {
        MINUTE_REQUESTS: Shown(1800, 1800),
        MINUTE_TOKENS: Shown(10_000_000, 10_000_000),
    },
    "litellm-proxy/o02-json-text": {  # its own limits, and when those of its upstream are reset
        ("requests", "unknown"): Shown(15_000, 14_999, 0.004),
        ("tokens", "unknown"): Shown(2_000_000, 1_999_994, 0),
    },
}


def as_of_now(recording: Recording) -> list[Header]:
    """Return its headers about limits, with dates as far from now as they were from the day they were recorded."""
    shift = time.time() - (recorded_at(recording) or time.time())

    def moved(found: re.Match[str]) -> str:
        moment = datetime.fromisoformat(found[0]).timestamp() + shift
        return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    return [(name, RFC_3339.sub(moved, str(value))) for name, value in limit_headers(recording)]


async def test_what_every_provider_states_is_shown_as_a_reader_reads_it(tmp_path: Path) -> None:
    found: dict[str, Gauges] = {}
    async with staged(tmp_path, limits_apps=1000, limits_pairs=10_000) as stage:
        for number, each in enumerate(each for each in recordings() if each.name in READ):
            app = f"app-{number}"
            await stage.state(*as_of_now(each), status=each.status, mount=mount_of(each), app=app)
            found[each.name] = await stage.shown(owner=app)
    assert found.keys() == READ.keys()
    for name, expected in READ.items():
        assert {key: shown[:2] for key, shown in found[name].items()} == {
            key: shown[:2] for key, shown in expected.items()
        }, name
        for key, shown in expected.items():
            told = found[name][key].resets_in
            assert (told is None) == (shown.resets_in is None), (name, key)
            assert (told or 0) == pytest.approx(shown.resets_in or 0, abs=1.5), (name, key)  # it counts down


def of_openai(limit: str, remaining: str, reset: str = "1s") -> list[Header]:
    """Return a reply's headers about tokens."""
    facts = {"limit": limit, "remaining": remaining, "reset": reset}
    return [(f"x-ratelimit-{name}-tokens", value) for name, value in facts.items() if value]


# What the three headers say -> what is shown of it; an empty text is a header that is not there.
SAID: Mapping[tuple[str, str, str], Gauges] = {
    ("100", "0", "6m0s"): {MINUTE_TOKENS: Shown(100, 0, 360)},
    ("100", "40", "0s"): {MINUTE_TOKENS: Shown(100, 40, 0)},
    ("100", "", ""): {MINUTE_TOKENS: Shown(100)},
    ("", "7", ""): {MINUTE_TOKENS: Shown(None, 7)},
    ("", "0", ""): {MINUTE_TOKENS: Shown(None, 0)},
    ("0", "0", ""): {MINUTE_TOKENS: Shown(0, 0)},
    ("-1", "-1", "-1"): {},
    ("-1", "40", "1s"): {},  # unlimited: what is left of it means nothing
    ("100", "-1", "1s"): {},
    ("", "", ""): {},
    ("lots", "some", "soon"): {},
    ("9223372036854775807", "9223372036854775807", "9223372036854775807"): {},
    ("100", "40", "1970-01-01T00:00:00Z"): {MINUTE_TOKENS: Shown(100, 40)},
    ("100", "40", "0s, req_0123456789"): {MINUTE_TOKENS: Shown(100, 40, 0)},  # two headers that became one
}


@pytest.mark.parametrize("said", SAID, ids=" ".join)
async def test_nothing_left_is_shown_as_0_and_what_is_not_known_is_not_shown(
    tmp_path: Path, said: tuple[str, str, str]
) -> None:
    async with staged(tmp_path) as stage:
        await stage.state(*of_openai(*said))
        shown = await stage.shown()
    expected = SAID[said]
    assert {key: each[:2] for key, each in shown.items()} == {key: each[:2] for key, each in expected.items()}
    for key, each in expected.items():
        assert shown[key].resets_in == (None if each.resets_in is None else pytest.approx(each.resets_in, abs=1.5))


async def test_a_quota_that_nobody_states_any_more_is_not_shown_any_more(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.state(*of_openai("100", "40", "10m"), app="one")
        stage.later = 290
        assert (await stage.shown())[MINUTE_TOKENS] == Shown(100, 40, pytest.approx(310, abs=2))
        stage.later = 301
        assert await stage.shown() == {}
        stage.later = 0
        assert await stage.shown() == {}  # for good
        await stage.state(*of_openai("100", "39", "10m"), app="one")
        assert (await stage.shown())[MINUTE_TOKENS][:2] == (100, 39)


async def test_what_is_left_is_not_shown_for_longer_than_it_is_true(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.state(*of_openai("100", "0", "20s"))
        stage.later = 50  # reset by now, yet a scrape a minute is to see that it was 0
        assert (await stage.shown())[MINUTE_TOKENS] == Shown(100, 0, 0)
        stage.later = 61
        assert (await stage.shown())[MINUTE_TOKENS] == Shown(100)


async def test_keys_without_a_name_are_told_apart_and_not_told(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        for key, remaining in (("sk-cAnArY-one", "60"), ("sk-cAnArY-two", "30"), ("sk-cAnArY-one", "50")):
            await stage.state(*of_openai("100", remaining), key=key)
        seen = await scrape(stage.proxy)
    left = seen.by("costproxy_quota_remaining", "owner")
    assert sorted(left.values()) == [30, 50]
    assert all(re.fullmatch(r"[0-9a-f]{8}", owner) for owner in left)
    assert not [each for each in seen.samples if "canary" in str(each.labels).lower()]


async def test_of_two_keys_under_one_name_the_last_word_is_shown(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        for key, remaining in (("sk-one", "60"), ("sk-two", "30"), ("sk-one", "50")):
            await stage.state(*of_openai("100", remaining), key=key, app="two-keys")
        seen = await scrape(stage.proxy)
    assert [(each.labels["owner"], each.value) for each in seen.all("costproxy_quota_remaining")] == [("two-keys", 50)]


async def test_a_request_without_name_and_key_has_an_owner_too(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.state(*of_openai("100", "60"))
        assert (await stage.shown(owner="none"))[MINUTE_TOKENS][:2] == (100, 60)


async def test_the_time_to_exhaustion_is_what_is_left_over_what_it_loses(tmp_path: Path) -> None:
    pace = 120_000  # tokens per minute, against a limit of 100,000: 40,000 last for two minutes
    async with staged(tmp_path) as stage:
        await stage.state(*of_openai("100000", "40000"), tokens=round(pace / math.log(2)))
        stated = stage.watch.turns[0].exchange.timing.replied
        assert stated is not None
        stage.proxy.metrics.watch_rates(stage.proxy._rates, lambda: stated)
        seen = await scrape(stage.proxy)
        assert seen.total("costproxy_quota_exhaustion_seconds") == pytest.approx(120, rel=0.001)
        stage.proxy.metrics.watch_rates(stage.proxy._rates, lambda: stated + 60)  # half the pace
        assert (await scrape(stage.proxy)).all("costproxy_quota_exhaustion_seconds") == []


HUGE = "9" * 400
HOSTILE: Sequence[bytes] = (
    *(b"NaN", b"nan", b"inf", b"-inf", b"+Inf", b"Infinity", b"1e400", b"-1e400", b"1e309", b"-0", b"-5", b"-1s"),
    *(b"9223372036854775807", b"-9223372036854775808", b"18446744073709551616", b"1.7976931348623157e308"),
    *(b"0x7fffffff", b"1_000", b"1,000", b"1 000", b"0.0000001", b"1.5", b".", b"-", b"+", b"%s", b"{}", b"\\", b'"'),
    *(b'"} 1\\n', b"# HELP x", b"\xff\xfe", "½".encode(), "١٢٣".encode(), "\uff11".encode(), "∞".encode()),
    *(b"1970-01-01T00:00:00Z", b"9999-12-31T23:59:59Z", b"0001-01-01T00:00:00Z", b"2026-02-31T25:61:61Z"),
    *(b"Thu, 01 Jan 1970 00:00:00 GMT", b"99999999999h", b"1h-1m", b"1e9s", b"6m0s6m0s", b"12ms,,,", b"0", b"00"),
    *(b"4102444800", b"4102444800000", b"4102444800000000", HUGE.encode(), HUGE.encode() + b"s", b"a" * 5000),
)
NAMES = (
    *(f"x-ratelimit-{field}-{what}" for field in ("limit", "remaining", "reset") for what in ("requests", "tokens")),
    *("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "x-ratelimit-renewalperiod-tokens"),
    *(f"anthropic-ratelimit-input-tokens-{field}" for field in ("limit", "remaining", "reset")),
    *("x-ratelimitbysize-remaining-month", "ratelimitbysize-reset", "ratelimit", "ratelimit-policy"),
    *("ratelimit-limit", "ratelimit-remaining", "ratelimit-reset", "retry-after", "retry-after-ms", "x-should-retry"),
)


async def test_no_header_breaks_a_scrape_or_makes_a_gauge_that_cannot_be(tmp_path: Path) -> None:
    async with staged(tmp_path, limits_apps=1000, limits_pairs=10_000) as stage:
        for number, value in enumerate(HOSTILE):
            headers = [(name.encode(), value) for name in NAMES]
            mount = ("openai", "azure", "generic")[number % 3]
            await stage.state(*headers, status=(200, 429)[number % 2], mount=mount, app=f"hostile-{number}")
        for value in (b"1\r", b"1\r2", b"1\x00", b"1\n 2", b"1\r\n\tfolded", b"1\r\nx-costproxy-injected: 1"):
            lines = b"".join(b"%s: %s\r\n" % (name.encode(), value) for name in NAMES)
            stage.plan = (Send(b"HTTP/1.1 429 Too Many\r\n" + lines + b"Content-Length: 0\r\n\r\n"),)
            await stage.play(post(chat_body()))
        assert len(stage.watch.turns) == len(HOSTILE) + 6
        await possible(stage.proxy)
        checked(await text_of(stage.proxy))


async def test_no_name_of_an_owner_or_a_model_breaks_a_scrape(tmp_path: Path) -> None:
    names = (
        b'a"b',
        b"a\\n",
        b"a\\",
        b"{}",
        b'x",owner="y',
        "ünï".encode(),
        b"\xff\xfe",
        b"a" * 3000,
        b"deadbeef",
        b"none",
    )
    async with staged(tmp_path) as stage:
        stage.plan = json_reply({}, headers=of_openai("100", "40"))
        for name in names:
            for model in ('m"\n\\', "m" * 3000, "µ", ""):
                await stage.play(post(chat_body(model=model), (b"x-costproxy-app", name)))
        await possible(stage.proxy)
        checked(await text_of(stage.proxy))
        assert await stage.shown() == {("tokens", "unknown"): Shown(100, 40, pytest.approx(1, abs=1))}


async def test_quotas_of_ever_more_owners_stay_bounded(tmp_path: Path) -> None:
    async with staged(tmp_path, limits_apps=4) as stage:
        stage.plan = json_reply({}, headers=of_openai("100", "40"))
        for number in range(120):
            own = (b"x-costproxy-app", b"app-%d" % number) if number % 2 else (b"Authorization", b"Bearer %d" % number)
            await stage.play(post(chat_body(), own))
        seen = await scrape(stage.proxy)
    owners = {each.labels["owner"] for each in seen.all("costproxy_quota_remaining")}
    assert 2 < len(owners) <= 50 + 4 + 2
    assert "other" in owners


async def possible(proxy: Proxy) -> None:
    """Check that what is shown of the quotas can be: finite, not negative, and no way to say that there is no limit."""
    seen = await scrape(proxy)
    for name in QUOTAS:
        most = {"limit": MOST, "remaining": MOST, "remaining_ratio": 1}.get(name, FURTHEST)
        for each in seen.all(f"costproxy_quota_{name}"):
            assert 0 <= each.value <= most, each
    waits = seen.total("costproxy_retry_after_seconds_sum")
    assert math.isfinite(waits)
    assert waits >= 0


async def text_of(proxy: Proxy) -> bytes:
    async with aiohttp.ClientSession() as session, session.get(f"{proxy.admin_url}/metrics") as answer:
        return await answer.read()


def checked(text: bytes) -> None:
    """Let Prometheus' own tool read a scrape."""
    told = subprocess.run(
        [need("promtool"), "check", "metrics"], input=text, capture_output=True, timeout=20, check=False
    )
    # It also judges names: 3 is an opinion, 1 is what cannot be read.
    assert told.returncode in (0, 3), told.stderr
    assert b"error while" not in told.stderr, told.stderr
