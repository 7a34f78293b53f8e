"""What a reply's headers say about limits: every provider's names, one form.

Sources: recorded headers of 12 providers; github.com/openai/openai-dotnet/issues/838 (Azure's -1, read 2026-11);
docs.fireworks.ai (read 2026-11); draft-ietf-httpapi-ratelimit-headers. Not backed by a recording: Together's
`x-tokenlimit-*`, Cerebras's names with a day or a minute in them, and that Anthropic, OpenAI and xAI count by the
minute.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from costproxy.model import NO_WORD, Quota, RateWord, Resource, Window
from costproxy.wire.durations import parse_reset, parse_retry_after
from costproxy.wire.numbers import token_count
from costproxy.wire.quota_policies import policies, window_of

# Statuses that refuse for now. Elsewhere `retry-after` says nothing: most recorded ones came with a 200.
_REFUSING = frozenset({408, 413, 429, 498})
_REQUESTS, _TOKENS = (Resource.REQUESTS, Window.UNKNOWN), (Resource.TOKENS, Window.UNKNOWN)
_INPUT, _OUTPUT = (Resource.INPUT_TOKENS, Window.UNKNOWN), (Resource.OUTPUT_TOKENS, Window.UNKNOWN)
_IMAGES = (Resource.IMAGES, Window.UNKNOWN)
_OF_TIMES = {"minute": Window.MINUTE, "hour": Window.HOUR, "day": Window.DAY, "month": Window.MONTH}
# How a name goes on after `x-ratelimit-limit-`; what it counts, and for which time if it says so.
_OPENAI = {
    "requests": _REQUESTS,
    "tokens": _TOKENS,
    "project-requests": _REQUESTS,
    "project-tokens": _TOKENS,
    "tokens_usage_based": _TOKENS,
    "input-tokens": _INPUT,
    "output-tokens": _OUTPUT,
    "tokens-prompt": _INPUT,  # Fireworks
    "tokens-generated": _OUTPUT,
    "images": _IMAGES,
    "input-images": _IMAGES,
    "req-10-second": (Resource.REQUESTS, Window.SECONDS_10),  # Mistral
    **{f"req-{time}": (Resource.REQUESTS, window) for time, window in _OF_TIMES.items()},
    **{f"requests-{time}": (Resource.REQUESTS, window) for time, window in _OF_TIMES.items()},  # Cerebras
    **{f"tokens-{time}": (Resource.TOKENS, window) for time, window in _OF_TIMES.items()},
    **{f"audio-seconds-{time}": (Resource.AUDIO_SECONDS, window) for time, window in _OF_TIMES.items()},
}
_ANTHROPIC = {"requests": _REQUESTS, "tokens": _TOKENS, "input-tokens": _INPUT, "output-tokens": _OUTPUT}
_BY_SIZE = {time: (Resource.TOKENS, window) for time, window in _OF_TIMES.items()}
# {field}: limit, remaining, reset or renewalperiod; {what}: one of the names beside it. The last column is where
# the facts of several spellings meet.
_SPELLINGS = (
    ("x-ratelimit-{field}-{what}", _OPENAI, "{what}"),
    ("x-rate-limit-{field}-{what}", {"requests": _REQUESTS, "tokens": _TOKENS}, "{what}"),  # Azure, 2023
    ("anthropic-ratelimit-{what}-{field}", _ANTHROPIC, "anthropic {what}"),
    ("x-ratelimitbysize-{field}-{what}", _BY_SIZE, "by size {what}"),  # Mistral, older
    ("ratelimitbysize-{field}", {"": (Resource.TOKENS, Window.MINUTE)}, "by size minute"),
    ("x-ratelimit-{field}", {"": _REQUESTS}, "plain"),  # Together, OpenRouter
    ("x-tokenlimit-{field}", {"": _TOKENS}, "plain tokens"),  # Together
    ("ratelimit-{field}", {"": _REQUESTS}, "draft"),  # the IETF draft before its version 7
)
_FIELDS = ("limit", "remaining", "reset", "renewalperiod")
# Header -> where its facts meet, its field, what it counts.
_PLACES = {
    spelling.format(field=field, what=what).encode(): (meeting.format(what=what), field, counted)
    for spelling, whats, meeting in _SPELLINGS
    for what, counted in whats.items()
    for field in _FIELDS
}
_PASSED_ON = b"llm_provider-"  # litellm's proxy, for what its own upstream said
_POLICIES = (b"ratelimit", b"ratelimit-policy")
_NAMES = frozenset(prefix + name for prefix in (b"", _PASSED_ON) for name in (*_PLACES, *_POLICIES))
# The time that a dialect's limits are for where their names do not say it.
_WINDOWS = {
    ("groq", Resource.REQUESTS): Window.DAY,
    ("groq", Resource.TOKENS): Window.MINUTE,
    **{("anthropic", resource): Window.MINUTE for resource in Resource},
    **{("openai", resource): Window.MINUTE for resource in Resource},
    **{("xai", resource): Window.MINUTE for resource in Resource},
}
_DAY_AT_LEAST = 3600.0  # seconds
_COUNT = re.compile(r"\s*([0-9]{1,15})(?:\.[0-9]{0,9})?\s*(?:[,;]|$)")
_UNLIMITED = re.compile(r"\s*-[0-9]")
_OF_POLICY = re.compile(r"([0-9]{1,15})\s*;\s*(?:w|window)=([0-9]{1,9})")
_MOST_LOOKED_AT = 1024  # bytes of a header
_SHOULD_RETRY = {b"true": True, b"false": False}


def rate_word(headers: Mapping[bytes, bytes], *, status: int, dialect: str, now: float) -> RateWord:
    """Return what headers say of limits; names in lower case, values of repeated ones joined by ", ".

    `now` is the moment of the reply in epoch seconds. Each resource and window is there once, by its tightest
    quota. 0 is 0; unknown, unlimited and unbelievable are None, and a quota of which nothing is known is left out.
    `retry_after` is read of 408, 413, 429, 498 and from 500 on.
    """
    quotas = () if _NAMES.isdisjoint(headers) else _quotas(_values(headers), dialect, now)
    wait = _wait(headers, now) if status in _REFUSING or status >= 500 else None
    again = headers.get(b"x-should-retry")
    should_retry = None if again is None else _SHOULD_RETRY.get(again[:8].strip().lower())
    if not quotas and wait is None and should_retry is None:
        return NO_WORD
    return RateWord(quotas=quotas, retry_after=wait, should_retry=should_retry)


def _values(headers: Mapping[bytes, bytes]) -> dict[bytes, str]:
    """Return the values by their names; what litellm says itself comes before what it passes on."""
    values: dict[bytes, str] = {}
    for name in sorted(_NAMES.intersection(headers), key=lambda name: (name.startswith(_PASSED_ON), name)):
        values.setdefault(name.removeprefix(_PASSED_ON), _text(headers[name]))
    return values


def _text(value: bytes | None) -> str:
    return (value or b"")[:_MOST_LOOKED_AT].decode("utf-8", "replace")


def _wait(headers: Mapping[bytes, bytes], now: float) -> float | None:
    return parse_retry_after(_text(headers.get(b"retry-after")), _text(headers.get(b"retry-after-ms")), now)


def _quotas(values: Mapping[bytes, str], dialect: str, now: float) -> tuple[Quota, ...]:
    met: dict[str, tuple[tuple[Resource, Window], dict[str, str]]] = {}
    for name, value in values.items():
        if (place := _PLACES.get(name)) is not None:
            meeting, field, counted = place
            met.setdefault(meeting, (counted, {}))[1][field] = value
    policy = values.get(b"ratelimit-policy", "")
    if older := met.get("draft"):
        older[1]["limit"] = f"{older[1].get('limit', '')}, {policy}"  # where it says for which time the limit is
    found = [_quota(*counted, facts, dialect, now) for counted, facts in met.values()]
    if not older:
        found += policies(values.get(b"ratelimit", ""), policy, now)
    return _tightest(quota for quota in found if quota is not None)


def _quota(resource: Resource, window: Window, facts: Mapping[str, str], dialect: str, now: float) -> Quota | None:
    limit_text, remaining_text = facts.get("limit", ""), facts.get("remaining", "")
    limit = _count(limit_text)
    if _is_unlimited(limit_text, limit, dialect) or _UNLIMITED.match(remaining_text):
        return None
    quota = Quota(
        resource=resource,
        window=window,
        limit=limit,
        remaining=_count(remaining_text),
        resets_in=parse_reset(facts.get("reset", ""), now),
    )
    if quota.limit is None and quota.remaining is None and quota.resets_in is None:
        return None
    return quota if window is not Window.UNKNOWN else replace(quota, window=_window(quota, facts, dialect))


def _is_unlimited(text: str, limit: int | None, dialect: str) -> bool:
    return _UNLIMITED.match(text) is not None or (limit == 0 and dialect == "azure")


def _count(text: str) -> int | None:
    found = _COUNT.match(text)
    return token_count(int(found[1])) if found else None


def _window(quota: Quota, facts: Mapping[str, str], dialect: str) -> Window:
    if "renewalperiod" in facts:
        return window_of(_count(facts["renewalperiod"]))
    for amount, seconds in _OF_POLICY.findall(facts.get("limit", "")):
        if int(amount) == quota.limit:
            return window_of(int(seconds))
    if dialect == "openai" and _fills_in_a_day(quota):
        return Window.DAY
    return _WINDOWS.get((dialect, quota.resource), Window.UNKNOWN)


def _fills_in_a_day(quota: Quota) -> bool:
    """Tell OpenAI's limits per day: `reset` is the time until the quota is full, used / limit of its window."""
    if quota.limit is None or quota.remaining is None or quota.resets_in is None or quota.remaining >= quota.limit:
        return False
    return quota.resets_in * quota.limit / (quota.limit - quota.remaining) > _DAY_AT_LEAST


def _tightest(found: Iterable[Quota]) -> tuple[Quota, ...]:
    kept: dict[tuple[Resource, Window], Quota] = {}
    for quota in found:
        key = quota.resource, quota.window
        if key not in kept or _tightness(quota) < _tightness(kept[key]):
            kept[key] = quota
    return tuple(kept.values())


def _tightness(quota: Quota) -> tuple[float, float]:
    """Order quotas by the share that is left, then by how much that is; what does not say it comes last."""
    return (
        math.inf if quota.ratio is None else quota.ratio,
        math.inf if quota.remaining is None else quota.remaining,
    )
