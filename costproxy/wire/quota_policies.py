"""Quotas as the IETF's drafts from version 7 on write them: `RateLimit` and `RateLimit-Policy`.

Source: draft-ietf-httpapi-ratelimit-headers-07 to -10 (read 2026-11); Hugging Face sends them.
"""

import re
from collections.abc import Mapping

from costproxy.model import Quota, Resource, Window
from costproxy.wire.durations import parse_reset
from costproxy.wire.numbers import token_count

_MOST = 8  # policies of a reply
_MONTH = range(28 * 86400, 31 * 86400 + 1)
_WINDOWS = {10: Window.SECONDS_10, 60: Window.MINUTE, 3600: Window.HOUR, 86400: Window.DAY}
_ITEM = re.compile(r'"?([A-Za-z0-9_ .:-]{0,64})"?((?:\s{0,4};\s{0,4}[a-z]{1,16}="?[A-Za-z0-9.:_-]{0,64}"?){1,8})')
_PARAMETER = re.compile(r';\s*([a-z]+)="?([A-Za-z0-9.:_-]*)')
_OLDER = re.compile(r"\b(limit|remaining|reset)=([0-9]{1,15})\b")  # version 7: one quota, without a name
_COUNT = re.compile(r"[0-9]{1,15}")
_UNITS = {"requests": Resource.REQUESTS, "tokens": Resource.TOKENS}


def policies(state: str, policy: str, now: float) -> list[Quota]:
    """Return the quotas of a `RateLimit` and a `RateLimit-Policy` value; empty strings stand for missing ones."""
    states, stated = _items(state), _items(policy)
    if not states and (older := dict(_OLDER.findall(state))):
        window = next(iter(stated.values()), {}).get("w")
        counts = {"r": older.get("remaining"), "t": older.get("reset")}
        return _known(_quota("", {"q": older.get("limit"), "w": window}, counts, now))
    names = list(dict.fromkeys((*states, *stated)))[:_MOST]
    return [quota for name in names for quota in _known(_quota(name, stated.get(name, {}), states.get(name, {}), now))]


def window_of(seconds: int | None) -> Window:
    """Return the window of so many seconds."""
    if seconds in _MONTH:
        return Window.MONTH
    return _WINDOWS.get(seconds or 0, Window.UNKNOWN)


def _items(text: str) -> dict[str, dict[str, str | None]]:
    return {found[1].strip(): dict(_PARAMETER.findall(found[2])) for found in _ITEM.finditer(text)} if text else {}


def _quota(name: str, policy: Mapping[str, str | None], state: Mapping[str, str | None], now: float) -> Quota:
    unit = policy.get("qu") or ("tokens" if "token" in name.lower() else "requests")
    return Quota(
        resource=_UNITS.get(unit, Resource.OTHER),
        window=window_of(_count(policy.get("w"))),
        limit=_count(policy.get("q") or name),  # a nameless policy begins with its limit
        remaining=_count(state.get("r")),
        resets_in=parse_reset(state.get("t") or "", now),
    )


def _known(quota: Quota) -> list[Quota]:
    return [] if quota.limit is None and quota.remaining is None and quota.resets_in is None else [quota]


def _count(text: str | None) -> int | None:
    return token_count(int(text)) if text and _COUNT.fullmatch(text) else None
