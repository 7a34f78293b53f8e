"""Times to wait: every spelling that upstreams use gives seconds, and nothing else gives a number."""

import math
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costproxy.wire.durations import FURTHEST, parse_reset, parse_retry_after

NOW = 1_780_944_334.0  # 2026-06-08T18:45:34Z

SECONDS = {
    "6ms": 0.006,
    "12ms": 0.012,
    "424ms": 0.424,
    "0s": 0.0,
    "1.182s": 1.182,
    "8.64s": 8.64,
    "17.399999999s": 17.399999999,
    "1m30s": 90.0,
    "6m0s": 360.0,
    "14m24s": 864.0,
    "20m52.666s": 1252.666,
    "1h2m3.5s": 3723.5,
    "1d2h": 93600.0,
    "250us": 0.00025,
    "250µs": 0.00025,
    "250μs": 0.00025,  # the Greek letter
    "15ns": 1.5e-8,
    "120": 120.0,
    "0": 0.0,
    "500": 500.0,
    " 7 ": 7.0,
    "33011.382867": 33011.382867,
    "31622400": FURTHEST,
    "2026-06-08T18:45:44Z": 10.0,
    "2026-06-08t18:45:44z": 10.0,
    "2026-06-08T18:45:44.5Z": 10.5,
    "2026-06-08T18:45:44": 10.0,
    "2026-06-08T20:45:44+02:00": 10.0,
    "Mon, 08 Jun 2026 18:45:44 GMT": 10.0,
    "Monday, 08-Jun-26 18:45:44 GMT": 10.0,
    "Mon Jun  8 18:45:44 2026": 10.0,
    "1780944344": 10.0,
    "1780944344000": 10.0,
    "1780944344.5": 10.5,
    "2026-06-08T18:45:30Z": 0.0,  # just over
    "2025-06-08T18:45:30Z": 0.0,
    "1780944000": 0.0,
    "0s, req_0123456789": 0.0,  # headers that were sent twice, as recorded
    "junk, 6m0s": 360.0,
    "5, 7": 5.0,
    "Mon, 08 Jun 2026 18:45:44 GMT, 0s": 10.0,
}
NOTHING = [
    "",
    " ",
    "-1",
    "-5s",
    "+5",
    "junk",
    "inf",
    "nan",
    "Infinity",
    "1e5",
    "0x10",
    "1_000",
    "9.22e18",
    "9223372036854775807",
    "9007199254740992",
    "99999999999999999999999999",
    "31622401",
    "999999999",
    "367d",
    "9999999999h",
    "5 s",
    "5sec",
    "s",
    "ms5",
    ".",
    "..5s",
    "٣s",
    "٣",
    "None",
    "null",
    "1970-01-01T00:00:00Z",  # recorded with a 429: a zero, printed as a date
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59-23:59",
    "2026-02-31T00:00:00Z",
    "2026-06-08",
    "2026-W24",
    "Mon, 31 Feb 2026 18:45:44 GMT",
    "Mon, 08 Xyz 2026 18:45:44 GMT",
    "Thu, 01 Jan 1970 00:00:00 GMT",
    ",,,",
    "req_1, req_2",
]


@pytest.mark.parametrize(("text", "seconds"), SECONDS.items())
def test_every_spelling_gives_seconds(text, seconds):
    assert parse_reset(text, NOW) == pytest.approx(seconds, abs=1e-12)


@pytest.mark.parametrize("text", NOTHING)
def test_what_names_no_time_gives_none(text):
    assert parse_reset(text, NOW) is None


@pytest.mark.parametrize("away", [-366 * 86400 - 1, 366 * 86400 + 1])
def test_a_moment_more_than_a_year_away_is_none_on_both_sides(away):
    moment = datetime.fromtimestamp(NOW, UTC)
    assert parse_reset((moment + timedelta(seconds=away)).isoformat(), NOW) is None
    assert parse_reset((moment + timedelta(seconds=away * 0.999)).isoformat(), NOW) == pytest.approx(
        max(0.0, away * 0.999)
    )


@pytest.mark.parametrize(
    ("seconds", "milliseconds", "wait"),
    [
        ("1", "0", 1.0),  # Azure, recorded
        ("1", "660", 0.66),
        (None, "660", 0.66),
        ("60", None, 60.0),
        ("0", None, 0.0),
        ("0", "0", 0.0),
        (None, "0", None),
        (None, "-5", None),
        ("2", "-5", 2.0),
        ("2", "soon", 2.0),
        ("2", "", 2.0),
        ("2", "9223372036854775807", 2.0),
        (None, "1500.5", 1.5005),
        (None, "1000, 1000", 1.0),
        ("Mon, 08 Jun 2026 18:45:44 GMT", None, 10.0),
        ("Mon, 08 Jun 2026 18:45:24 GMT", None, 0.0),
        ("6s", None, 6.0),
        ("-1", None, None),
        ("soon", None, None),
        (None, None, None),
    ],
)
def test_milliseconds_come_first_if_there_are_any(seconds, milliseconds, wait):
    assert parse_retry_after(seconds, milliseconds, NOW) == (None if wait is None else pytest.approx(wait))


@given(st.floats(0, FURTHEST - 1))
def test_a_date_and_a_duration_of_the_same_length_agree(seconds):
    whole = int(seconds)
    date = datetime.fromtimestamp(NOW + whole, UTC)
    assert parse_reset(format_datetime(date, usegmt=True), NOW) == whole
    assert parse_reset(date.isoformat(), NOW) == whole
    assert parse_reset(f"{whole // 3600}h{whole // 60 % 60}m{whole % 60}s", NOW) == whole
    assert parse_reset(f"{whole}", NOW) == whole


PIECES = st.sampled_from([*"0123456789.,:-+TZ sm", "ms", "h", "µs", "2026-06-08T", "GMT", "Mon, ", " Jun ", "e9", "é"])


@given(st.text(max_size=300) | st.lists(PIECES, max_size=60).map("".join), st.floats(0, 4e9))
def test_anything_gives_a_time_that_can_be_waited_or_none(text, now):
    for found in (parse_reset(text, now), parse_retry_after(text, text, now)):
        assert found is None or (math.isfinite(found) and 0 <= found <= FURTHEST)
