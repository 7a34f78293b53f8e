"""How long to wait, as upstreams write it: eight forms, one number of seconds.

Sources: recorded headers of 12 providers; RFC 9110 10.2.3 and 5.6.7 (`Retry-After`, its dates); RFC 3339;
go.dev/pkg/time#ParseDuration (OpenAI and Groq print what Go prints).
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

FURTHEST = 366 * 86400.0  # seconds: what is further away, either way, is a zero, a sentinel or junk
_LONGEST = 256  # characters of a header that are looked at
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_SECONDS = 10**9  # a plain number above this is a moment …
_EPOCH_MILLISECONDS = 10**12  # … and above this, one in milliseconds
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_AMOUNT = r"([0-9]{1,18}(?:\.[0-9]{0,18})?)"
_NUMBER = re.compile(_AMOUNT)
_PART = re.compile(f"{_AMOUNT}(ns|us|µs|μs|ms|s|m|h|d)")
_DURATION = re.compile(f"(?:{_PART.pattern})+")
_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:[Zz]|[+-][0-9:]{4,5})?"
)
_DAY_FIRST = r"[0-9]{1,2}[ -][A-Za-z]{3}[ -][0-9]{2,4} [0-9:]{8}"
_MONTH_FIRST = r"[A-Za-z]{3} [ 0-9]{1,2} [0-9:]{8} [0-9]{4}"
_HTTP_DATE = re.compile(rf"(?:[A-Za-z]{{3,9}},? )?(?:{_DAY_FIRST}|{_MONTH_FIRST})(?: (?:GMT|UTC|[+-][0-9]{{4}}))?")


def parse_reset(text: str, now: float) -> float | None:
    """Return the seconds from `now` (epoch seconds) until what `text` names, at least 0; None if it names nothing.

    A moment that is over gives 0: clocks differ, and what it stood for has happened. One that is more than
    366 days away gives None, be it in the past (`1970-01-01T00:00:00Z` is a zero that was printed as a date)
    or in the future. Of values that were joined by commas the first that can be read counts.
    """
    return _first_of(text, lambda part: _seconds(part, now))


def parse_retry_after(seconds: str | None, milliseconds: str | None, now: float) -> float | None:
    """Return the seconds to wait by `Retry-After` and `retry-after-ms` (None: there is no such header).

    Milliseconds count only if there are any: Azure sends `retry-after-ms: 0` beside `retry-after: 1`.
    """
    wait = _first_of(milliseconds or "", _plain)
    if wait is not None and 0 < wait <= FURTHEST * 1000:
        return wait / 1000
    return parse_reset(seconds or "", now)


def _first_of(text: str, read: Callable[[str], float | None]) -> float | None:
    text = text[:_LONGEST].strip()
    found = read(text)  # whole first: dates have commas too
    if found is not None or "," not in text:
        return found
    return next((found for part in text.split(",") if (found := read(part.strip())) is not None), None)


def _seconds(text: str, now: float) -> float | None:
    number = _plain(text)
    if number is not None:
        return _from_number(number, now)
    if _DURATION.fullmatch(text):
        return _near(round(sum(float(amount) * _SECONDS[unit] for amount, unit in _PART.findall(text)), 9))
    moment = _moment(text)
    return None if moment is None else _until(moment, now)


def _plain(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text) else None


def _from_number(number: float, now: float) -> float | None:
    if number > _EPOCH_MILLISECONDS:
        return _until(number / 1000, now)
    return _until(number, now) if number > _EPOCH_SECONDS else _near(number)


def _near(seconds: float) -> float | None:
    return seconds if seconds <= FURTHEST else None


def _until(moment: float, now: float) -> float | None:
    away = moment - now
    return max(0.0, away) if abs(away) <= FURTHEST else None


def _moment(text: str) -> float | None:
    """Return the epoch seconds of an RFC 3339 or HTTP date; UTC where it names no zone."""
    try:
        if _RFC_3339.fullmatch(text):
            moment = datetime.fromisoformat(text.upper())
        elif _HTTP_DATE.fullmatch(text):
            moment = parsedate_to_datetime(text)
        else:
            return None
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return (aware - _EPOCH).total_seconds()
    except (ValueError, TypeError, IndexError, OverflowError):  # the 31st of February
        return None
