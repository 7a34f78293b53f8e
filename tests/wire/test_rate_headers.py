"""Limits as headers state them: each provider's names are known, 0 is 0, and nothing unbelievable becomes a number."""

import json
import math
import time
import timeit
from email.utils import parsedate_to_datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from costproxy.model import NO_WORD, Quota, Resource, Window
from costproxy.wire import rate_headers
from costproxy.wire.rate_headers import rate_word
from tests.support.data import needed

NOW = 1_780_944_334.0  # 2026-06-08T18:45:34Z
REQUESTS, TOKENS, INPUT, OUTPUT = Resource.REQUESTS, Resource.TOKENS, Resource.INPUT_TOKENS, Resource.OUTPUT_TOKENS
UNKNOWN, SECONDS_10, MINUTE, HOUR, DAY, MONTH = (
    Window.UNKNOWN,
    Window.SECONDS_10,
    Window.MINUTE,
    Window.HOUR,
    Window.DAY,
    Window.MONTH,
)


def said(text: str, *, status: int = 200, dialect: str = "generic", now: float = NOW):
    """Return the word of headers that are written one to a line."""
    pairs = (line.split(":", 1) for line in text.strip().splitlines())
    headers = {name.strip().lower().encode(): value.strip().encode() for name, value in pairs}
    return rate_word(headers, status=status, dialect=dialect, now=now)


def quotas(text: str, dialect: str = "generic") -> set[tuple]:
    found = said(text, dialect=dialect).quotas
    assert len({(quota.resource, quota.window) for quota in found}) == len(found)
    return {(quota.resource, quota.window, quota.limit, quota.remaining, quota.resets_in) for quota in found}


FAMILIES = {
    "openai": (
        "openai",
        """
        x-ratelimit-limit-requests: 30000
        x-ratelimit-limit-tokens: 150000000
        x-ratelimit-limit-input-images: 50000
        x-ratelimit-remaining-requests: 29999
        x-ratelimit-remaining-tokens: 149999227
        x-ratelimit-remaining-input-images: 49999
        x-ratelimit-reset-requests: 2ms
        x-ratelimit-reset-tokens: 0s
        x-ratelimit-reset-input-images: 1ms
        """,
        {
            (REQUESTS, MINUTE, 30000, 29999, 0.002),
            (TOKENS, MINUTE, 150000000, 149999227, 0.0),
            (Resource.IMAGES, MINUTE, 50000, 49999, 0.001),
        },
    ),
    "openai, requests per day": (
        "openai",
        """
        x-ratelimit-limit-requests: 100
        x-ratelimit-remaining-requests: 99
        x-ratelimit-reset-requests: 14m24s
        """,
        {(REQUESTS, DAY, 100, 99, 864.0)},
    ),
    "openai, many requests per day": (
        "openai",
        """
        x-ratelimit-limit-requests: 10000
        x-ratelimit-remaining-requests: 9999
        x-ratelimit-reset-requests: 8.64s
        """,
        {(REQUESTS, DAY, 10000, 9999, 8.64)},
    ),
    "openai, of a project: the tightest counts": (
        "openai",
        """
        x-ratelimit-limit-tokens: 1000
        x-ratelimit-remaining-tokens: 900
        x-ratelimit-limit-project-tokens: 500
        x-ratelimit-remaining-project-tokens: 50
        x-ratelimit-limit-tokens_usage_based: 800
        x-ratelimit-remaining-tokens_usage_based: 800
        """,
        {(TOKENS, MINUTE, 500, 50, None)},
    ),
    "azure": (
        "azure",
        """
        x-ratelimit-limit-requests: 120
        x-ratelimit-remaining-requests: 119
        x-ratelimit-reset-requests: 500
        x-ratelimit-renewalperiod-requests: 60
        x-ratelimit-limit-tokens: 120000
        x-ratelimit-remaining-tokens: 119986
        x-ratelimit-reset-tokens: 7
        x-ratelimit-renewalperiod-tokens: 60
        x-ratelimit-key: gpt-5-nano
        x-ratelimit-type: x
        x-ratelimit-abusepenalty-active: False
        """,
        {(REQUESTS, MINUTE, 120, 119, 500.0), (TOKENS, MINUTE, 120000, 119986, 7.0)},
    ),
    "azure, without a renewal period": (
        "azure",
        "x-ratelimit-limit-tokens: 40000\nx-ratelimit-reset-tokens: 60\nx-ratelimit-remaining-requests: 79",
        {(TOKENS, UNKNOWN, 40000, None, 60.0), (REQUESTS, UNKNOWN, None, 79, None)},
    ),
    "azure, ten seconds": (
        "azure",
        "x-ratelimit-limit-requests: 40\nx-ratelimit-renewalperiod-requests: 10",
        {(REQUESTS, SECONDS_10, 40, None, None)},
    ),
    "azure, unlimited": (
        "azure",
        "x-ratelimit-limit-tokens: -1\nx-ratelimit-remaining-tokens: -1\nx-ratelimit-reset-tokens: 0",
        set(),
    ),
    "azure, unlimited as zeros": (
        "azure",
        "x-ratelimit-limit-tokens: 0\nx-ratelimit-remaining-tokens: 0\nx-ratelimit-reset-tokens: 0",
        set(),
    ),
    "azure, used up": (
        "azure",
        "x-ratelimit-limit-tokens: 50000\nx-ratelimit-remaining-tokens: 0\nx-ratelimit-reset-tokens: 0",
        {(TOKENS, UNKNOWN, 50000, 0, 0.0)},
    ),
    "azure, an older spelling": ("azure", "x-rate-limit-reset-tokens: 55", {(TOKENS, UNKNOWN, None, None, 55.0)}),
    "groq": (
        "groq",
        """
        x-ratelimit-limit-requests: 14400
        x-ratelimit-remaining-requests: 14399
        x-ratelimit-reset-requests: 6s
        x-ratelimit-limit-tokens: 30000
        x-ratelimit-remaining-tokens: 29987
        x-ratelimit-reset-tokens: 26ms
        """,
        {(REQUESTS, DAY, 14400, 14399, 6.0), (TOKENS, MINUTE, 30000, 29987, 0.026)},
    ),
    "anthropic": (
        "anthropic",
        """
        anthropic-ratelimit-requests-limit: 1000
        anthropic-ratelimit-requests-remaining: 999
        anthropic-ratelimit-requests-reset: 2026-06-08T18:45:44Z
        anthropic-ratelimit-tokens-limit: 120000
        anthropic-ratelimit-tokens-remaining: 0
        anthropic-ratelimit-tokens-reset: 1970-01-01T00:00:00Z
        anthropic-ratelimit-input-tokens-limit: 100000
        anthropic-ratelimit-input-tokens-remaining: 100000
        anthropic-ratelimit-input-tokens-reset: 2026-06-08T18:45:30Z
        anthropic-ratelimit-output-tokens-limit: 20000
        anthropic-ratelimit-output-tokens-remaining: 16000
        anthropic-ratelimit-unified-status: allowed
        """,
        {
            (REQUESTS, MINUTE, 1000, 999, 10.0),
            (TOKENS, MINUTE, 120000, 0, None),
            (INPUT, MINUTE, 100000, 100000, 0.0),
            (OUTPUT, MINUTE, 20000, 16000, None),
        },
    ),
    "mistral": (
        "mistral",
        """
        x-ratelimit-limit-req-minute: 360
        x-ratelimit-remaining-req-minute: 350
        x-ratelimit-limit-req-10-second: 60
        x-ratelimit-remaining-req-10-second: 59
        x-ratelimit-limit-tokens-minute: 600000
        x-ratelimit-remaining-tokens-minute: 599410
        x-ratelimit-limit-tokens-month: 10000000000
        x-ratelimit-remaining-tokens-month: 9999968000
        x-ratelimit-limit-audio-seconds-minute: 3600
        x-ratelimit-remaining-audio-seconds-minute: 3600
        x-ratelimit-tokens-query-cost: 78
        """,
        {
            (REQUESTS, MINUTE, 360, 350, None),
            (REQUESTS, SECONDS_10, 60, 59, None),
            (TOKENS, MINUTE, 600000, 599410, None),
            (TOKENS, MONTH, 10000000000, 9999968000, None),
            (Resource.AUDIO_SECONDS, MINUTE, 3600, 3600, None),
        },
    ),
    "mistral, older": (
        "mistral",
        """
        x-ratelimitbysize-limit-minute: 2000000
        x-ratelimitbysize-remaining-minute: 1968000
        x-ratelimitbysize-limit-month: 10000000000
        x-ratelimitbysize-remaining-month: 9999968000
        ratelimitbysize-limit: 2000000
        ratelimitbysize-remaining: 1968000
        ratelimitbysize-reset: 19
        ratelimitbysize-query-cost: 32000
        """,
        {(TOKENS, MINUTE, 2000000, 1968000, 19.0), (TOKENS, MONTH, 10000000000, 9999968000, None)},
    ),
    "xai": (
        "xai",
        """
        x-ratelimit-limit-requests: 480
        x-ratelimit-remaining-requests: 480
        x-ratelimit-limit-tokens: 4000000
        x-ratelimit-remaining-tokens: 3978193
        """,
        {(REQUESTS, MINUTE, 480, 480, None), (TOKENS, MINUTE, 4000000, 3978193, None)},
    ),
    "together": (
        "together",
        """
        x-ratelimit-limit: 2
        x-ratelimit-remaining: 1
        x-ratelimit-reset: 2
        x-tokenlimit-limit: 3000
        x-tokenlimit-remaining: 0
        """,
        {(REQUESTS, UNKNOWN, 2, 1, 2.0), (TOKENS, UNKNOWN, 3000, 0, None)},
    ),
    "openrouter": (
        "openrouter",
        "X-RateLimit-Limit: 20\nX-RateLimit-Remaining: 0\nX-RateLimit-Reset: 1780944344000",
        {(REQUESTS, UNKNOWN, 20, 0, 10.0)},
    ),
    "cerebras": (
        "cerebras",
        """
        x-ratelimit-limit-requests-day: 14400
        x-ratelimit-remaining-requests-day: 14399
        x-ratelimit-reset-requests-day: 33011.382867
        x-ratelimit-limit-tokens-minute: 60000
        x-ratelimit-remaining-tokens-minute: 59000
        x-ratelimit-reset-tokens-minute: 11.38
        x-ratelimit-limit-tokens-hour: 1000000
        """,
        {
            (REQUESTS, DAY, 14400, 14399, 33011.382867),
            (TOKENS, MINUTE, 60000, 59000, 11.38),
            (TOKENS, HOUR, 1000000, None, None),
        },
    ),
    "fireworks": (
        "fireworks",
        "x-ratelimit-limit-tokens-prompt: 60000\nx-ratelimit-remaining-tokens-generated: 5",
        {(INPUT, UNKNOWN, 60000, None, None), (OUTPUT, UNKNOWN, None, 5, None)},
    ),
    "hugging face": (
        "generic",
        'ratelimit: "api";r=999;t=295\nratelimit-policy: "fixed window";"api";q=1000;w=300',
        {(REQUESTS, UNKNOWN, 1000, 999, 295.0)},
    ),
    "the draft, several policies": (
        "generic",
        (
            'RateLimit: "minute";r=0;t=5, "day";r=900;t=3000\n'
            'RateLimit-Policy: "minute";q=100;w=60, "day";q=1000;w=86400, "tokens";q=5000;w=60;qu="tokens", '
            '"bytes";q=9;qu="content-bytes"'
        ),
        {
            (REQUESTS, MINUTE, 100, 0, 5.0),
            (REQUESTS, DAY, 1000, 900, 3000.0),
            (TOKENS, MINUTE, 5000, None, None),
            (Resource.OTHER, UNKNOWN, 9, None, None),
        },
    ),
    "the draft, version 7": (
        "generic",
        "RateLimit: limit=100, remaining=50, reset=5\nRateLimit-Policy: 100;w=60",
        {(REQUESTS, MINUTE, 100, 50, 5.0)},
    ),
    "the draft, older": (
        "generic",
        "RateLimit-Limit: 100\nRateLimit-Remaining: 50\nRateLimit-Reset: 5\nRateLimit-Policy: 10;w=1, 100;w=60",
        {(REQUESTS, MINUTE, 100, 50, 5.0)},
    ),
    "the draft, first": (
        "generic",
        "RateLimit-Limit: 100, 100;window=60, 10000;window=86400\nRateLimit-Remaining: 98\nRateLimit-Reset: 3",
        {(REQUESTS, MINUTE, 100, 98, 3.0)},
    ),
    "litellm": (
        "generic",
        """
        llm_provider-x-ratelimit-limit-requests: 15000
        llm_provider-x-ratelimit-remaining-requests: 14999
        llm_provider-x-ratelimit-reset-requests: 4ms
        llm_provider-anthropic-ratelimit-tokens-limit: 7
        """,
        {(REQUESTS, UNKNOWN, 15000, 14999, 0.004), (TOKENS, UNKNOWN, 7, None, None)},
    ),
    "litellm, its own before what it passes on": (
        "generic",
        "llm_provider-x-ratelimit-remaining-requests: 14999\nx-ratelimit-remaining-requests: 3",
        {(REQUESTS, UNKNOWN, None, 3, None)},
    ),
}


@pytest.mark.parametrize(("dialect", "text", "expected"), FAMILIES.values(), ids=FAMILIES)
def test_each_family_of_headers_is_read(dialect, text, expected):
    assert quotas(text, dialect) == expected


# A value of `x-ratelimit-remaining-requests`, and of its limit -> what it is.
COUNTS = {
    "0": 0,
    "1": 1,
    "1000": 1000,
    "1000.0": 1000,
    "99.7": 99,
    " 7 ": 7,
    "5, 5": 5,  # sent twice
    "5;w=60": 5,
    "999999999999": 999999999999,
    "": None,
    "-1": None,
    "-1.0": None,
    "-9223372036854775808": None,
    "9007199254740992": None,
    "9223372036854775807": None,
    "9.22e18": None,
    "1e5": None,
    "inf": None,
    "nan": None,
    "None": None,
    "null": None,
    "unlimited": None,
    "junk": None,
    "1,000": 1,  # no provider separates thousands; a comma joins two values
    "0x10": None,
    "٣": None,
    "6m0s": None,
    "99999999999999999999999999999999": None,
}


@pytest.mark.parametrize(("text", "count"), COUNTS.items())
@pytest.mark.parametrize(
    "name",
    ["x-ratelimit-{}-requests", "anthropic-ratelimit-requests-{}", "x-ratelimit-{}", "x-ratelimit-{}-req-minute"],
)
@pytest.mark.parametrize("field", ["limit", "remaining"])
def test_a_count_is_itself_or_unknown(name, field, text, count):
    found = said(f"{name.format(field)}: {text}").quotas
    assert [getattr(quota, field) for quota in found] == ([] if count is None else [count])


# The corpus for times, in each spelling of the header.
@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("0s", 0.0),
        ("-1", None),
        ("garbage", None),
        ("6m0s", 360.0),
        ("12ms", 0.012),
        ("60", 60.0),
        ("1780944344", 10.0),
        ("1780944344000", 10.0),
        ("2026-06-08T18:45:44Z", 10.0),
        ("1970-01-01T00:00:00Z", None),
        ("Mon, 08 Jun 2026 18:45:44 GMT", 10.0),
        ("0s, req_0123", 0.0),
        ("9223372036854775807", None),
    ],
)
@pytest.mark.parametrize("name", ["x-ratelimit-reset-tokens", "anthropic-ratelimit-tokens-reset", "x-ratelimit-reset"])
def test_a_reset_is_seconds_or_unknown(name, text, seconds):
    assert [quota.resets_in for quota in said(f"{name}: {text}").quotas] == ([] if seconds is None else [seconds])


def test_zero_is_a_fact_and_absence_is_none():
    (quota,) = said("x-ratelimit-remaining-tokens: 0").quotas
    assert quota == Quota(resource=TOKENS, remaining=0)
    assert quota.ratio is None
    assert said("content-type: text/plain\nx-ratelimit-key: 5") is NO_WORD


@pytest.mark.parametrize("status", [408, 413, 429, 498, 500, 503, 529])
def test_a_time_to_wait_is_read_of_what_refuses(status):
    assert said("retry-after: 4", status=status).retry_after == 4.0
    assert said("retry-after: 1\nretry-after-ms: 0", status=status).retry_after == 1.0
    assert said("retry-after-ms: 660", status=status).retry_after == 0.66
    assert said("retry-after: Mon, 08 Jun 2026 18:45:44 GMT", status=status).retry_after == 10.0


@pytest.mark.parametrize("status", [200, 304, 400, 401, 404])
def test_a_time_to_wait_beside_anything_else_says_nothing(status):
    assert said("retry-after: 4\nretry-after-ms: 5", status=status) is NO_WORD


@pytest.mark.parametrize(
    ("text", "again"), [("true", True), ("false", False), ("False", False), (" true ", True), ("1", None), ("", None)]
)
def test_the_advice_to_try_again_is_read(text, again):
    assert said(f"x-should-retry: {text}", status=500).should_retry is again


def test_every_name_of_the_table_is_read():
    for name, (_, field, (resource, _)) in rate_headers._PLACES.items():
        if field != "renewalperiod":
            (quota,) = rate_word({name: b"3"}, status=200, dialect="generic", now=NOW).quotas
            assert quota.resource is resource


NAMES = st.sampled_from([*sorted(rate_headers._NAMES), b"retry-after", b"retry-after-ms", b"x-should-retry"])
NUMBERS = st.sampled_from(
    [
        b"-1",
        b"0",
        b"9007199254740992",
        b"9223372036854775807",
        b"9.22e18",
        b"-inf",
        b"nan",
        b"1e400",
        b'"a";r=-1;q=1e9;t=9',
    ]
)
VALUES = st.binary(max_size=80) | NUMBERS | st.text('0123456789.,;=-+"rtqwhmsTZ: ', max_size=40).map(str.encode)


@given(st.dictionaries(NAMES, VALUES, max_size=8), st.sampled_from(["openai", "azure", "groq", "generic"]))
@example({b"x-ratelimit-remaining-requests": b"9223372036854775807"}, "openai")
@settings(max_examples=500, deadline=None)
def test_no_value_of_a_header_makes_a_number_that_is_none(headers, dialect):
    word = rate_word(headers, status=429, dialect=dialect, now=NOW)
    numbers = [word.retry_after]
    for quota in word.quotas:
        numbers += [quota.limit, quota.remaining, quota.resets_in, quota.ratio]
        assert (quota.limit, quota.remaining, quota.resets_in) != (None, None, None)
    for number in numbers:
        assert number is None or (math.isfinite(number) and 0 <= number < 2**53)
    assert len({(quota.resource, quota.window) for quota in word.quotas}) == len(word.quotas)
    assert word.should_retry in (None, True, False)


@pytest.mark.parametrize(
    "piece", [b"9", b"1,", b'"a";r=1,', b'"', b"a;", b";r=", b"; ", b"limit=", b"1;w=1,", b"1h", b"Mon, ", b"\xff"]
)
def test_a_huge_value_takes_bounded_time(piece):
    headers = dict.fromkeys(rate_headers._NAMES, piece * 100_000)
    started = time.process_time()
    rate_word(headers | {b"retry-after": piece * 100_000}, status=429, dialect="openai", now=NOW)
    assert time.process_time() - started < 0.25


@pytest.mark.serial
def test_a_reply_without_limits_costs_next_to_nothing():
    headers = {f"x-header-{number}".encode(): b"value" for number in range(30)}
    runs = timeit.repeat(lambda: rate_word(headers, status=200, dialect="openai", now=NOW), number=2000, repeat=5)
    assert min(runs) / 2000 < 5e-6


def test_every_recorded_header_that_states_a_limit_is_read():
    unread = set()
    for meta in sorted(needed("vectors").glob("*/*.meta.json")):
        facts = json.loads(meta.read_text(encoding="utf-8"))
        headers = {name.lower().encode(): value.encode() for name, value in (facts["response_headers"] or {}).items()}
        now = parsedate_to_datetime(headers[b"date"].decode()).timestamp() if b"date" in headers else NOW
        for name, value in headers.items():
            if b"limit" in name and name.rsplit(b"-", 1)[-1] not in (b"key", b"active", b"cost", b"type"):
                word = rate_word({name: value}, status=200, dialect="generic", now=now)
                if not word.quotas and b"renewalperiod" not in name:
                    unread.add((name, value))
    assert unread == set()
