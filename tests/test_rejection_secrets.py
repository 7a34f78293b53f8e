"""Refusals quote keys, prompts and names of organizations; nothing of it is told or kept. Canaries in all of it."""

import json
from collections.abc import Iterator

import pytest

from costproxy.app import Proxy
from costproxy.demo.frames import error_frame
from costproxy.demo.plan import Plan
from costproxy.demo.replies import Header, json_reply, reply, stream
from costproxy.demo.seen import SeenRequest
from tests.support.chats import CHAT
from tests.support.provider import Provider
from tests.support.raw import Header as RawHeader
from tests.support.raw import ask, post
from tests.support.reachable import texts
from tests.support.stage import MODEL, play

pytestmark = pytest.mark.timeout(60)

CANARY = "cAnArY"
KEY = f"sk-{CANARY}-0123456789"
CALLERS: tuple[list[RawHeader], ...] = (
    [(b"Authorization", f"Bearer {KEY}".encode())],
    [(b"x-api-key", KEY.encode()), (b"x-costproxy-app", b"named")],
    [(b"api-key", KEY.encode())],
)
TEXTS = (
    f"Incorrect API key provided: {KEY}. You can find your API key at https://example.com/{CANARY}.",
    f"Rate limit reached for {CANARY} in organization org-{CANARY} on tokens per min (TPM): Limit 9, Requested 99.",
    f"Rate limit reached for {CANARY} on requests per min (RPM). Please try again in 20s. {CANARY}",
    f"You exceeded your current quota, {CANARY}, insufficient balance.",
    f"This model's maximum context length is 9 tokens. However, your messages resulted in 99 tokens: {CANARY}",
    f"{CANARY} was flagged as potentially violating our usage policy: {CANARY}",
    CANARY,
)
STATUSES = (400, 401, 402, 403, 404, 408, 413, 422, 429, 498, 500, 503, 529)
LIMITS: list[Header] = [
    *(
        (f"x-ratelimit-{field}-{what}", CANARY)
        for field in ("limit", "remaining", "reset")
        for what in ("tokens", CANARY)
    ),
    *(
        (name, CANARY)
        for name in ("retry-after", "retry-after-ms", "x-should-retry", "x-ratelimit-key", "x-request-id")
    ),
    ("ratelimit", f'"{CANARY}";r=5;t=60'),
    ("ratelimit-policy", f'"{CANARY}";q=9;w=60'),
    ("anthropic-organization-id", CANARY),
    ("openai-organization", CANARY),
]


def refusals() -> Iterator[Plan]:
    """Yield what is said in all shapes in which errors come."""
    for text in TEXTS:
        named = {"message": text, "type": CANARY, "code": CANARY, "param": CANARY, "metadata": {"raw": text}}
        yield json_reply({"error": named, "user_id": CANARY}, 429, headers=LIMITS)
        yield json_reply({"error": {**named, "type": "tokens", "code": "rate_limit_exceeded"}}, 429, headers=LIMITS)
        yield json_reply({"code": text, "error": text}, 400, headers=LIMITS)
        yield json_reply({"detail": [{"msg": text, "loc": [CANARY]}]}, 422, headers=LIMITS)
        yield stream([CHAT.content(CANARY), error_frame(text, kind=CANARY, code=CANARY)])
        yield stream([error_frame(text, kind="insufficient_quota", code="insufficient_quota")])
    for status in STATUSES:
        yield json_reply({"error": {"message": TEXTS[0], "type": CANARY, "code": CANARY}}, status, headers=LIMITS)
        yield reply(status, f"<html>{TEXTS[0]}</html>".encode(), headers=LIMITS, reason=CANARY)
    yield json_reply({"error": {"message": TEXTS[0], "code": "invalid_api_key"}}, 401)
    yield json_reply(
        {"error": {"message": TEXTS[3], "code": "insufficient_quota"}}, 429, headers=[("retry-after", "99")]
    )


class Refusing(Provider):
    """Answers by the number that a request has in its header."""

    def __init__(self) -> None:
        super().__init__()
        self._plans = list(refusals())

    def __call__(self, request: SeenRequest) -> Plan:
        return self._plans[int(request.header("x-plan") or b"0")]


async def refused_in_all_ways(url: str) -> None:
    """Ask for every refusal with every key, always in the same words, so that there are retries, too."""
    body = json.dumps({"model": MODEL, "messages": [{"role": "user", "content": f"{CANARY}?"}]}).encode()
    for number, _ in enumerate(refusals()):
        for own in CALLERS:
            heard = await ask(url, post(body, (b"x-plan", b"%d" % number), *own))
            assert CANARY.encode() in heard.raw + heard.body


async def test_nothing_of_a_refusal_or_of_a_key_is_told_or_kept() -> None:
    kept: list[bytes] = []

    def inspect(proxy: Proxy) -> None:
        for part in (proxy._rates, proxy._recorder._meter, proxy._log._rejections, proxy.metrics._families):
            kept.extend(texts(part))
        kept.append(repr([proxy._rates, proxy._log, proxy.metrics]).encode())

    played = await play(refused_in_all_ways, Refusing(), inspect=inspect)
    assert len(played.events("exchange")) == len(CALLERS) * len(list(refusals()))
    for event in ("rejected", "retry_after_ignored", "retry_storm"):
        assert played.events(event), event
    assert len(played.seen.by("costproxy_failures_total", "kind")) > 10
    assert CANARY.lower() not in played.log.lower()
    assert CANARY.lower() not in str(played.seen.samples).lower()
    assert [each for each in kept if CANARY.lower().encode() in each.lower()] == []
