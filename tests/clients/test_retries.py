"""The official Python SDK tries again by itself: what the proxy makes of it is what the upstream saw, and when."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from costproxy.demo.plan import Plan
from costproxy.demo.replies import Header, json_reply
from costproxy.demo.seen import SeenRequest
from costproxy.demo.upstream import SimulatedUpstream
from costproxy.model import Failure, RateStanding, Turn
from tests.support.application import Application
from tests.support.provider import Provider, counted
from tests.support.proxy import in_front_of
from tests.support.scrape import Scrape, recorded
from tests.support.watching import Watch

APP = "openai_retries"
RETRIES = 2
FRAMING = 4  # tokens by which an estimate of what was not billed may differ
LENIENCE = 0.1  # seconds before the named time from which nobody is blamed
pytestmark = pytest.mark.timeout(30)


def refused(status: int, *headers: Header, kind: str = "requests", code: str = "rate_limit_exceeded") -> Plan:
    error = {"message": "Rate limit reached. Please try again later.", "type": kind, "param": None, "code": code}
    return json_reply({"error": error}, status, headers=headers)


RATE, SERVED = refused(429), None
NO_MONEY = refused(429, kind="insufficient_quota", code="insufficient_quota")
BUSY = refused(503, kind="service_unavailable", code="overloaded")


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What an upstream answers to the attempts of one request, the last of them from then on."""

    answers: Sequence[Plan | None]
    asked: int  # how often the SDK asks
    failure: Failure = Failure.RATE_REQUESTS  # of what is refused
    wait: float | None = None  # seconds that the upstream asks for
    violates: bool = False  # the SDK is known not to keep to it
    heard: str | int = "colour"  # what the application gets in the end


SCRIPTS: Mapping[str, Script] = {
    "silent": Script(answers=(RATE, SERVED), asked=2),
    "twice-silent": Script(answers=(RATE, RATE, SERVED), asked=3),
    "told": Script(answers=(refused(429, ("retry-after", "1")), SERVED), asked=2, wait=1.0),
    "told-in-milliseconds": Script(
        answers=(refused(429, ("retry-after", "9"), ("retry-after-ms", "700")), SERVED), asked=2, wait=0.7
    ),
    # Both headers are there, and the SDK takes neither: its own half a second is too early.
    "zero-milliseconds": Script(
        answers=(refused(429, ("retry-after", "1"), ("retry-after-ms", "0")), SERVED), asked=2, wait=1.0, violates=True
    ),
    "should-not": Script(answers=(refused(429, ("x-should-retry", "false")), SERVED), asked=1, heard=429),
    "much-later": Script(answers=(refused(429, ("retry-after", "121")), SERVED), asked=1, wait=121.0, heard=429),
    "busy": Script(answers=(BUSY, SERVED), asked=2, failure=Failure.OVERLOADED),
    "no-money": Script(answers=(NO_MONEY,), asked=3, failure=Failure.QUOTA, heard=429),
}


@dataclass(slots=True, kw_only=True)
class Attempt:
    """One request as the upstream saw it."""

    at: float
    told: int  # `x-stainless-retry-count`
    is_refused: bool
    prompt: int  # tokens


@dataclass(slots=True)
class ScriptedUpstream:
    """Answers by scripts, one per model, and keeps what it saw."""

    provider: Provider = field(default_factory=lambda: Provider(said=lambda _: "colour"))
    attempts: dict[str, list[Attempt]] = field(default_factory=dict)

    def __call__(self, request: SeenRequest) -> Plan:
        body = request.json()
        seen = self.attempts.setdefault(body["model"], [])
        answers = SCRIPTS[body["model"]].answers
        plan = answers[min(len(seen), len(answers) - 1)]
        told = int(request.header("x-stainless-retry-count") or b"-1")
        seen.append(
            Attempt(at=asyncio.get_running_loop().time(), told=told, is_refused=plan is not None, prompt=counted(body))
        )
        return self.provider(request) if plan is None else plan


def standings_of(model: str, attempts: Sequence[Attempt]) -> list[RateStanding]:
    """Return what is to be told of the attempts of one request, by what the upstream saw of them; no tokens yet."""
    script = SCRIPTS[model]
    told = []
    for number, attempt in enumerate(attempts, start=1):
        before = attempts[number - 2] if number > 1 else None
        told.append(
            RateStanding(
                attempt=number,
                retried_after=script.failure if before is not None else None,
                violation=_too_early(attempt, before, script.wait),
                in_vain_tokens=attempt.prompt if attempt.is_refused else 0,
                retry_in_vain=before is not None and script.failure is Failure.QUOTA,
                succeeded_after=None if attempt.is_refused else number,
            )
        )
    return told


def _too_early(attempt: Attempt, before: Attempt | None, wait: float | None) -> bool:
    return before is not None and wait is not None and attempt.at < before.at + wait - LENIENCE


def by_model(turns: Sequence[Turn]) -> dict[str, list[Turn]]:
    """Return the turns of each request, in the order of their attempts."""
    models = {turn.exchange.request.model for turn in turns if turn.exchange.request}
    return {model: [turn for turn in turns if turn.exchange.request.model == model] for model in models}


async def play(app: Application, scenario: str) -> tuple[ScriptedUpstream, dict[str, list[Turn]], Scrape]:
    """Let the application ask all the models at once; return what was seen of it on all sides."""
    script = ScriptedUpstream()
    async with in_front_of(SimulatedUpstream(script)) as proxy:
        watch = Watch(proxy)
        heard = await app.play(scenario, f"{proxy.url}/v1", models=list(SCRIPTS), retries=RETRIES)
        seen = await recorded(proxy, sum(each.asked for each in SCRIPTS.values()))
    assert heard == {model: each.heard for model, each in SCRIPTS.items()}
    return script, by_model(watch.turns), seen


@pytest.mark.parametrize("scenario", ["asked", "asked_async"])
async def test_what_the_sdk_tries_again_is_counted_as_the_upstream_saw_it(app: Application, scenario: str) -> None:
    upstream, turns, seen = await play(app, scenario)
    expected = {model: standings_of(model, attempts) for model, attempts in upstream.attempts.items()}
    for model, script in SCRIPTS.items():
        attempts = upstream.attempts[model]
        assert [each.told for each in attempts] == list(range(script.asked)), model
        failures = [script.failure if each.is_refused else None for each in attempts]
        assert [turn.failure for turn in turns[model]] == failures, model
        told = [turn.retries for turn in turns[model]]
        assert [_without_tokens(each) for each in told] == [_without_tokens(each) for each in expected[model]], model
        uploaded = [each.in_vain_tokens for each in expected[model]]
        assert [each and each.in_vain_tokens for each in told] == pytest.approx(uploaded, abs=FRAMING), model
        assert any(each.violation for each in expected[model]) == script.violates, model
    counted_alike(seen, [each for of_one in expected.values() for each in of_one])


def counted_alike(seen: Scrape, expected: Sequence[RateStanding]) -> None:
    """Compare the counters with the sums of what is to be told of each attempt."""

    def told(name: str, label: str) -> dict[str, float]:
        return seen.by(f"costproxy_{name}", label, app="persistent")

    retries = sum(each.attempt > 1 for each in expected)
    assert told("request_attempts_total", "attempt") == {"first": len(SCRIPTS), "retry": retries}
    assert seen.total("costproxy_retry_after_violations_total") == sum(each.violation for each in expected) == 1
    assert seen.total("costproxy_retries_in_vain_total") == sum(each.retry_in_vain for each in expected) == 2
    successes = Counter(str(each.succeeded_after) for each in expected if (each.succeeded_after or 1) > 1)
    assert told("retry_success_total", "attempts") == successes == {"2": 5, "3": 1}
    refused = [each.in_vain_tokens or 0 for each in expected]
    uploaded = seen.total("costproxy_rejected_prompt_tokens_total")
    assert uploaded == pytest.approx(sum(refused), abs=FRAMING * sum(map(bool, refused)))
    assert told("failures_total", "kind") == {"rate_requests": 8, "overloaded": 1, "quota": 3}
    assert seen.by("costproxy_rate_limited_total", "reason") == {"requests": 8, "quota": 3}
    waits = [each.wait for each in SCRIPTS.values() if each.wait is not None]
    assert seen.total("costproxy_retry_after_seconds_count") == len(waits)
    assert seen.total("costproxy_retry_after_seconds_sum") == pytest.approx(sum(waits))
    assert seen.total("costproxy_retry_storms_total") == 0


def _without_tokens(standing: RateStanding | None) -> RateStanding | None:
    return standing and replace(standing, in_vain_tokens=None)
