"""Gauges of quotas and retry storms, from the headers of replies to what a scrape reads."""

import math
import time
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from costproxy.model import Failure, Quota, RateWord, Resource, Verdict, Window
from costproxy.quotas.attempt import Attempt
from costproxy.quotas.book import FRESH
from costproxy.quotas.rates import Rates
from costproxy.recording.metrics import Metrics
from costproxy.recording.metrics_quotas import MOST_KEYS
from costproxy.wire.rate_headers import rate_word
from tests.quotas.attempts import attempt, refused
from tests.recording.exported import OPENMETRICS, counted, made, samples

EPOCH = 1_800_000_000.0  # seconds, of the replies; the scrapes' clock is another one
GAUGES = ("limit", "remaining", "remaining_ratio", "reset_seconds", "exhaustion_seconds")
LABELS = ("upstream", "model", "owner", "resource", "window")
MINUTELY = ("crm", "requests", "minute")


class Scene:
    """Metrics that watch rates, on a clock that is set by hand."""

    def __init__(self, **facts: Any) -> None:
        self.now = 0.0
        self.rates = Rates()
        self.metrics: Metrics = made(**facts)
        self.calmed: list[tuple[str, str]] = []
        self.metrics.watch_rates(self.rates, lambda: self.now, lambda *place: self.calmed.append(place))

    def states(self, *quotas: Quota, **facts: Any) -> None:
        """Let a reply state quotas now."""
        used = facts.pop("used", {})
        self.rates.settle(attempt(self.now, self.now, word=RateWord(quotas=quotas), **facts), used)

    def read(self, name: str, *by: str, accept: str = "") -> dict[tuple[str, ...], float]:
        """Return a gauge by the values of some labels, zeros included."""
        found = [each for each in samples(self.metrics, accept) if each.name == f"costproxy_{name}"]
        values = {tuple(each.labels[label] for label in by): each.value for each in found}
        assert len(values) == len(found) or len(by) < len(LABELS)
        return values


def quota(limit: int | None = 100, remaining: int | None = 40, resets_in: float | None = 30.0, **facts: Any) -> Quota:
    made_of = {"resource": Resource.REQUESTS, "window": Window.MINUTE, **facts}
    return Quota(**made_of, limit=limit, remaining=remaining, resets_in=resets_in)


# -- what is shown -----------------------------------------------------------------------------------------------


def test_a_quota_is_shown_as_it_was_stated():
    scene = Scene()
    scene.states(quota())
    labels = ("openai", "gpt-4o", "crm", "requests", "minute")
    assert {name: scene.read(f"quota_{name}", *LABELS) for name in GAUGES} == {
        "limit": {labels: 100},
        "remaining": {labels: 40},
        "remaining_ratio": {labels: 0.4},
        "reset_seconds": {labels: 30},
        "exhaustion_seconds": {},
    }


def test_zero_is_shown_as_zero():
    scene = Scene()
    scene.states(quota(remaining=0, resets_in=0.0))
    assert scene.read("quota_remaining", "owner") == {("crm",): 0}
    assert scene.read("quota_remaining_ratio", "owner") == {("crm",): 0}
    assert scene.read("quota_reset_seconds", "owner") == {("crm",): 0}


@pytest.mark.parametrize(
    ("facts", "known"),
    [
        ({"limit": None, "resets_in": None}, {"remaining"}),
        ({"remaining": None, "resets_in": None}, {"limit"}),
        ({"limit": None, "remaining": None}, {"reset_seconds"}),
        ({"limit": 0, "remaining": 0}, {"limit", "remaining", "reset_seconds"}),
    ],
)
def test_what_is_unknown_has_no_series(facts, known):
    scene = Scene()
    scene.states(quota(**facts))
    assert {name for name in GAUGES if scene.read(f"quota_{name}", *LABELS)} == known


def test_the_time_to_exhaustion_is_that_of_the_use():
    scene = Scene()
    scene.states(quota(limit=60, remaining=30, resets_in=None))
    for _ in range(600):
        scene.now += 0.5  # two a second, of one a second
        scene.states(quota(limit=60, remaining=30, resets_in=None), used={Resource.REQUESTS: 1})
    assert scene.read("quota_exhaustion_seconds", "owner")["crm",] == pytest.approx(30, rel=0.1)


def test_the_reset_is_counted_down_and_what_is_stale_is_dropped():
    scene = Scene()
    scene.states(quota(resets_in=90.0))
    scene.now = 80.0
    assert scene.read("quota_reset_seconds", "owner") == {("crm",): 10}
    scene.now = 91.0
    assert scene.read("quota_remaining", "owner") == {}
    assert scene.read("quota_limit", "owner") == {("crm",): 100}
    scene.now = FRESH
    assert {name for name in GAUGES if scene.read(f"quota_{name}", *LABELS)} == set()


def test_both_formats_say_the_same():
    scene = Scene()
    scene.states(quota(), quota(resource=Resource.TOKENS, remaining=0))
    for name in GAUGES:
        assert scene.read(f"quota_{name}", *LABELS) == scene.read(f"quota_{name}", *LABELS, accept=OPENMETRICS)


def test_without_rates_there_is_nothing_to_read():
    assert not [each for each in samples(made()) if each.name.startswith("costproxy_quota_")]


def test_rates_that_fail_cost_their_own_series_and_no_other():
    class Broken(Rates):
        def readings(self, now: float) -> list[Any]:
            raise RuntimeError

    metrics = made()
    metrics.watch_rates(Broken(), lambda: 0.0)
    assert "costproxy_requests_total" in {each.name for each in samples(metrics)}
    assert counted(metrics, "record_failures_total", "sink") == {"metrics": 1}  # as of the scrape before


# -- whose it is, and how many there are ---------------------------------------------------------------------------


def test_an_owner_is_an_application_a_key_or_nobody():
    scene = Scene()
    for owner in ("crm", "00c0ffee", "none"):
        scene.states(quota(), owner=owner)
    assert scene.read("quota_remaining", "owner") == {("crm",): 40, ("00c0ffee",): 40, ("none",): 40}


def test_a_model_that_was_not_named_is_none():
    scene = Scene()
    scene.states(quota(), model=None)
    assert scene.read("quota_remaining", "model") == {("none",): 40}


@pytest.mark.parametrize("name", ["a\nb", "gpt-\ud800", 'a"b\\c', "x" * 100_000, "", "\x00", "{}=,#", "a\u2028b", "π"])
@pytest.mark.parametrize("accept", ["", OPENMETRICS])
def test_no_name_however_hostile_breaks_the_scrape(name, accept):
    scene = Scene()
    scene.states(quota(), owner=name, model=name)
    ((owner, model),) = scene.read("quota_remaining", "owner", "model", accept=accept)
    assert all(label.isprintable() and len(label) <= 100 for label in (owner, model))


def test_keys_are_shown_by_name_as_long_as_there_is_room_and_the_tightest_of_the_others():
    scene = Scene()
    for number in range(500):
        scene.states(quota(remaining=600 - number, limit=1000), owner=f"{number:08x}")
    found = scene.read("quota_remaining", "owner")
    assert len(found) == MOST_KEYS + 1
    assert found["other",] == 600 - 499
    assert found == scene.read("quota_remaining", "owner")  # those that have a place keep it
    assert len([each for each in samples(scene.metrics) if each.name.startswith("costproxy_quota_")]) <= 200 + 8


def test_a_key_gives_its_place_up_once_its_quotas_are_stale():
    scene = Scene()
    for number in range(MOST_KEYS):
        scene.states(quota(), owner=f"{number:08x}")
    assert len(scene.read("quota_remaining", "owner")) == MOST_KEYS
    scene.now = FRESH
    scene.states(quota(), owner="deadbeef")
    assert scene.read("quota_remaining", "owner") == {("deadbeef",): 40}


def test_keys_take_no_room_of_applications():
    scene = Scene(apps=2)
    for number in range(20):
        scene.states(quota(), owner=f"{number:08x}")
    scene.read("quota_remaining", "owner")
    scene.states(quota(), owner="crm")
    assert ("crm",) in scene.read("quota_remaining", "owner")


def test_applications_beyond_the_cap_come_together_and_none_is_told():
    scene = Scene(models=8, apps=8, pairs=8)
    for number in range(1000):
        scene.states(quota(), owner=f"app-{number}", model=f"model-{number}")
    assert len(scene.read("quota_remaining", "owner", "model")) <= 9 * 9
    assert counted(scene.metrics, "label_overflow_total", "label") == {}


@pytest.mark.serial
def test_a_full_book_is_read_in_no_time():
    scene = Scene(models=100, apps=100, pairs=500)
    for number in range(2000):
        scene.states(quota(), owner=f"app-{number % 40}", model=f"model-{number // 40}")
    took = []
    for _ in range(5):
        began = time.perf_counter()
        list(scene.metrics.registry.collect())
        took.append(time.perf_counter() - began)
    assert min(took) < 0.2, took


# -- storms --------------------------------------------------------------------------------------------------------


def storm(scene: Scene, owner: str = "crm") -> None:
    for number in range(30):
        verdict = Verdict.RETRY if number else Verdict.NEW
        scene.rates.settle(refused(number * 0.1, owner=owner, verdict=verdict), {})


def test_a_storm_is_there_until_it_is_over_and_its_end_is_told_once():
    scene = Scene()
    storm(scene)
    scene.now = 10.0
    assert scene.read("retry_storms_active", "upstream", "owner") == {("openai", "crm"): 1}
    assert scene.calmed == []
    scene.now = 100.0
    assert scene.read("retry_storms_active", "upstream", "owner") == {}
    scene.read("retry_storms_active", "owner")
    assert scene.calmed == [("crm", "openai")]


def test_storms_of_very_many_keys_come_together():
    scene = Scene()
    for number in range(MOST_KEYS + 10):
        storm(scene, f"{number:08x}")
    found = scene.read("retry_storms_active", "owner")
    assert len(found) == MOST_KEYS + 1
    assert found["other",] == 10


# -- from the wire -------------------------------------------------------------------------------------------------

NAMES = [
    *(f"x-ratelimit-{field}-{what}" for field in ("limit", "remaining", "reset") for what in ("requests", "tokens")),
    *(f"x-ratelimit-{field}-req-minute" for field in ("limit", "remaining")),
    *(f"anthropic-ratelimit-input-tokens-{field}" for field in ("limit", "remaining", "reset")),
    *("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "x-ratelimit-renewalperiod-tokens"),
    *("ratelimit", "ratelimit-policy", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"),
    *("retry-after", "retry-after-ms", "x-should-retry"),
]
CORPUS = [
    *("", " ", "0", "-0", "-1", "1", "40", "1e3", "1e400", "NaN", "inf", "-inf", "+5", "0x10", "1_000", "1,000"),
    *("9223372036854775807", "18446744073709551615", "2147483647", "9" * 400, "0.0000001", "3.5", "garbage", "∞"),
    *("6m0s", "12ms", "6ms", "1m30s", "17.399999999s", "0s", "-5s", "1h2m3.5s", "999999h", "s"),
    *("1800000060", "1800000060000", "1", "1970-01-01T00:00:00Z", "2027-01-15T08:01:00Z", "9999-12-31T23:59:59Z"),
    *("Fri, 15 Jan 2027 08:01:00 GMT", "Fri, 31 Feb 2027 08:01:00 GMT", "12, 12", "5;w=60", '"a";r=0;t=5', "\x00\x7f"),
    *("true", "false", '"', "\\", "\\n", "#", "{}", "café", "\ud800"),
]
VALUES = st.one_of(
    st.sampled_from(CORPUS),
    st.integers(-(10**25), 10**25).map(str),
    st.floats().map(str),
    st.text(max_size=40),
    st.tuples(st.floats(0, 1e20), st.sampled_from(["s", "ms", "m0s", "h", "d", "ns"])).map(
        lambda it: f"{it[0]}{it[1]}"
    ),
).map(lambda text: text.encode("utf-8", "surrogatepass"))
HEADERS = st.dictionaries(st.sampled_from([name.encode() for name in NAMES]), VALUES, max_size=12)
DIALECTS = ["openai", "azure", "anthropic", "groq", "mistral", "xai", "together", "openrouter", "generic"]


def every(value: str) -> dict[bytes, bytes]:
    return {name.encode(): value.encode("utf-8", "surrogatepass") for name in NAMES}


def heard(headers: dict[bytes, bytes], dialect: str, status: int, later: float = 0.0) -> Metrics:
    """Return the metrics after one reply with these headers, read `later` seconds after it."""
    scene = Scene(upstreams=())
    word = rate_word(headers, status=status, dialect=dialect, now=EPOCH)
    said = Attempt(owner="crm", upstream="u", model="m", began=1, ended=1, word=word, failure=Failure.RATE_OTHER)
    scene.rates.settle(said, {Resource.REQUESTS: 1, Resource.TOKENS: 10**12})
    scene.now = 1.0 + later
    return scene.metrics


def assert_sane(metrics: Metrics, accept: str) -> None:
    gauges = [each for each in samples(metrics, accept) if each.name.startswith("costproxy_quota_")]
    for each in gauges:
        assert math.isfinite(each.value), each
        assert 0 <= each.value < 2**53, each
        assert "ratio" not in each.name or each.value <= 1, each
        assert "reset" not in each.name or each.value <= 366 * 86_400, each


@given(HEADERS, st.sampled_from(DIALECTS), st.sampled_from([200, 429, 503]), st.floats(0, 400))
@example(every("9223372036854775807"), "openai", 429, 0.0)
@example(every("-1"), "azure", 200, 0.0)
@example(every("0"), "azure", 200, 0.0)
@example({}, "openai", 429, 0.0)
@settings(deadline=None, max_examples=100)
def test_no_header_can_break_the_scrape_or_make_a_gauge_that_is_no_fact(headers, dialect, status, later):
    assert_sane(heard(headers, dialect, status, later), OPENMETRICS)


@pytest.mark.parametrize("value", CORPUS)
@pytest.mark.parametrize("dialect", ["openai", "azure", "anthropic"])
def test_no_value_of_the_corpus_makes_a_gauge_that_is_no_fact(value, dialect):
    assert_sane(heard(every(value), dialect, 429), "")


@pytest.mark.parametrize(
    ("dialect", "headers", "remaining", "resets_in"),
    [
        ("openai", {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "6m0s"}, 0, 360),
        ("openai", {"x-ratelimit-remaining-requests": "9", "x-ratelimit-reset-requests": "12ms"}, 9, 0.012),
        ("openai", {"x-ratelimit-reset-requests": "1m30s"}, None, 90),
        ("openai", {"x-ratelimit-remaining-requests": "-1", "x-ratelimit-reset-requests": "7"}, None, None),
        ("openai", {"x-ratelimit-remaining-requests": "garbage", "x-ratelimit-reset-requests": "junk"}, None, None),
        ("openai", {"x-ratelimit-remaining-requests": "3", "x-ratelimit-reset-requests": "1800000060"}, 3, 60),
        ("openai", {"x-ratelimit-remaining-requests": "9223372036854775807"}, None, None),
        ("azure", {"x-ratelimit-limit-requests": "0", "x-ratelimit-remaining-requests": "-1"}, None, None),
        ("azure", {"x-ratelimit-remaining-requests": "500", "x-ratelimit-reset-requests": "7"}, 500, 7),
        (
            "anthropic",
            {
                "anthropic-ratelimit-requests-remaining": "49",
                "anthropic-ratelimit-requests-reset": "2027-01-15T08:01:00Z",
            },
            *(49, 60),
        ),
    ],
)
def test_what_headers_say_is_what_the_gauges_show(dialect, headers, remaining, resets_in):
    metrics = heard({name.encode(): value.encode() for name, value in headers.items()}, dialect, 200)
    found = {each.name.removeprefix("costproxy_quota_"): each.value for each in samples(metrics)}
    assert found.get("remaining") == remaining
    assert found.get("reset_seconds") == (None if resets_in is None else pytest.approx(resets_in))
