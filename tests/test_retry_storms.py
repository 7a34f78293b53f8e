"""What applications make of being refused, on a running proxy: who waits, who does not, who storms, who hopes."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Callable

import pytest

from costproxy.app import Proxy
from costproxy.demo.plan import Plan
from costproxy.demo.replies import Header, json_reply
from tests.support.provider import Body, Provider
from tests.support.raw import Header as RawHeader
from tests.support.stage import Caller, Played, play

pytestmark = pytest.mark.timeout(60)

KEY = (b"Authorization", b"Bearer sk-one-key-for-both")
STORM = 20  # refusals within a minute
LONG: Header = ("retry-after", "30")
Inspect = Callable[[Proxy], object]


def refusal(*headers: Header, code: str = "rate_limit_exceeded", kind: str = "requests", said: str = "Wait.") -> Plan:
    error = {"message": said, "type": kind, "param": None, "code": code}
    return json_reply({"error": error}, 429, headers=headers)


def refusing(times: int, plan: Plan, *, whom: str = "") -> Provider:
    """Return a provider that refuses each question for the first so many times, if it has `whom` in it."""
    asked: Counter[str] = Counter()

    def refuse(body: Body) -> Plan | None:
        question = str(body["messages"])
        asked[question] += 1
        return plan if whom in question and asked[question] <= times else None

    return Provider(refuse=refuse)


def named(app: str) -> RawHeader:
    return b"x-costproxy-app", app.encode()


async def insist(caller: Caller, text: str, *, most: int = 100, pause: float = 0.0) -> int:
    """Ask something until it is answered, or so often; return how many attempts that took."""
    for attempt in range(1, most + 1):
        if (await caller.say(text)).status == 200:
            return attempt
        del caller.history[-1]
        await asyncio.sleep(pause)
    return most


async def two_on_one_key(refusals: int, *, anonymous: bool = False, inspect: Inspect = lambda _: None) -> Played:
    """Let a hasty application be refused so often, and not wait, while a patient one is served; both have one key."""

    async def patient(url: str) -> None:
        caller = Caller(url, KEY, *([] if anonymous else [named("patient")]))
        for number in range(10):
            assert (await caller.say(f"Patient question {number}.")).status == 200

    async def hasty(url: str) -> None:
        caller = Caller(url, KEY, *([] if anonymous else [named("hasty")]))
        assert await insist(caller, "Hasty question.") == refusals + 1

    async def script(url: str) -> None:
        await asyncio.gather(hasty(url), patient(url))

    return await play(script, refusing(refusals, refusal(LONG), whom="Hasty"), inspect=inspect)


def storming(proxy: Proxy) -> list[tuple[str, str]]:
    """Return owner and upstream of the storms that a scrape shows now."""
    families = [each for each in proxy.metrics.registry.collect() if each.name == "costproxy_retry_storms_active"]
    samples = [sample for family in families for sample in family.samples]
    assert all(sample.value == 1 for sample in samples)
    return [(sample.labels["owner"], sample.labels["upstream"]) for sample in samples]


async def test_of_two_applications_on_one_key_each_answers_for_itself() -> None:
    storms: list[tuple[str, str]] = []
    played = await two_on_one_key(STORM, inspect=lambda proxy: storms.extend(storming(proxy)))
    assert storms == [("hasty", "default")]
    seen = played.seen
    assert seen.by("costproxy_retry_storms_total", "app") == {"hasty": 1}
    assert seen.by("costproxy_request_attempts_total", "attempt", app="hasty") == {"first": 1, "retry": STORM}
    assert seen.by("costproxy_request_attempts_total", "attempt", app="patient") == {"first": 10}
    assert seen.by("costproxy_retry_after_violations_total", "app") == {"hasty": STORM}
    assert seen.by("costproxy_failures_total", "kind", app="hasty") == {"rate_requests": STORM}
    assert seen.by("costproxy_failures_total", "kind", app="patient") == {}
    assert seen.by("costproxy_retry_success_total", "attempts") == {"more": 1}
    uploaded = seen.by("costproxy_rejected_prompt_tokens_total", "app")
    assert set(uploaded) == {"hasty"}
    assert uploaded["hasty"] % STORM == 0


async def test_one_refusal_less_is_no_storm() -> None:
    storms: list[tuple[str, str]] = []
    played = await two_on_one_key(STORM - 1, inspect=lambda proxy: storms.extend(storming(proxy)))
    assert storms == []
    assert played.seen.total("costproxy_retry_storms_total") == 0
    assert played.seen.by("costproxy_retry_after_violations_total", "app") == {"hasty": STORM - 1}


async def test_the_log_tells_the_first_of_a_kind_and_every_line_tells_its_own() -> None:
    played = await two_on_one_key(STORM)
    (rejected,), (ignored,) = played.events("rejected"), played.events("retry_after_ignored")
    assert (rejected["app"], rejected["failure"], rejected["retry_after_s"]) == ("hasty", "rate_requests", 30)
    assert ignored["app"] == "hasty"
    assert [(each["state"], each["owner"]) for each in played.events("retry_storm")] == [("began", "hasty")]
    lines = [each for each in played.exchanges if each["app"] == "hasty"]
    assert [each.get("failure") for each in lines] == ["rate_requests"] * STORM + [None]
    assert [each.get("attempt", 1) for each in lines] == list(range(1, STORM + 2))
    assert [each.get("retry_violation") for each in lines] == [None] + [True] * STORM
    assert not [each for each in played.exchanges if each["app"] == "patient" and "failure" in each]


async def test_who_has_one_key_and_no_name_is_one_owner() -> None:
    storms: list[tuple[str, str]] = []
    played = await two_on_one_key(STORM, anonymous=True, inspect=lambda proxy: storms.extend(storming(proxy)))
    (owner, _), *others = storms
    assert others == []
    assert re.fullmatch("[0-9a-f]{8}", owner)
    assert owner not in KEY[1].decode()
    # A limit is the key's: what others ask of it before the time that was named is blamed on the same owner.
    assert played.seen.total("costproxy_retry_after_violations_total") >= STORM


async def test_a_storm_that_passes_in_silence_is_over_when_somebody_looks() -> None:
    storms: list[list[tuple[str, str]]] = []

    def inspect(proxy: Proxy) -> None:
        for later in (59.0, 61.0):
            proxy.metrics.watch_rates(proxy._rates, lambda: time.perf_counter() + later, proxy._log.calmed)  # noqa: B023
            storms.append(storming(proxy))

    played = await two_on_one_key(STORM, inspect=inspect)
    assert storms == [[("hasty", "default")], []]
    assert [each["state"] for each in played.events("retry_storm")] == ["began", "ended"]


async def test_who_waits_as_told_is_not_blamed() -> None:
    async def script(url: str) -> None:
        caller = Caller(url, KEY, named("patient"))
        for number in range(2):
            assert await insist(caller, f"Question {number}.", pause=0.3) == 3

    played = await play(script, refusing(2, refusal(("retry-after", "9"), ("retry-after-ms", "300"))))
    assert played.seen.total("costproxy_retry_after_violations_total") == 0
    assert played.seen.by("costproxy_request_attempts_total", "attempt") == {"first": 2, "retry": 4}
    assert played.seen.by("costproxy_retry_success_total", "attempts") == {"3": 2}
    assert played.seen.total("costproxy_retry_storms_total") == 0


TOO_LARGE = "Request too large for m on tokens per min (TPM): Limit 200, Requested 2500. It must be reduced."
HOPELESS = {
    "quota": refusal(code="insufficient_quota", kind="insufficient_quota"),
    "oversized": refusal(kind="tokens", said=TOO_LARGE),
}


@pytest.mark.parametrize("kind", HOPELESS)
async def test_trying_again_where_it_never_helps_is_counted_as_in_vain(kind: str) -> None:
    async def script(url: str) -> None:
        assert await insist(Caller(url, KEY, named("hopeful")), "Please.", most=4) == 4

    played = await play(script, refusing(100, HOPELESS[kind]))
    assert played.seen.by("costproxy_failures_total", "kind") == {kind: 4}
    assert played.seen.by("costproxy_rate_limited_total", "reason") == {kind: 4}
    assert played.seen.by("costproxy_retries_in_vain_total", "app") == {"hopeful": 3}
    assert played.seen.total("costproxy_retry_success_total") == 0
    assert played.told("retry_in_vain") == [None, True, True, True]


async def test_a_rate_that_is_over_is_no_vain_hope() -> None:
    async def script(url: str) -> None:
        assert await insist(Caller(url, KEY), "Please.") == 3

    played = await play(script, refusing(2, refusal()))
    assert played.seen.total("costproxy_retries_in_vain_total") == 0
    assert played.seen.total("costproxy_retry_after_violations_total") == 0  # nobody had named a time
