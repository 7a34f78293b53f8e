"""Turns into series: what is counted, what exists before anything is, and what cannot break a scrape."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costproxy.model import ChatReply, Ending, Exchange, Outcome, ReplyError, Timing, Usage, UsageQuality
from costproxy.recording.metrics import Metrics
from costproxy.wire import errors
from costproxy.wire.observer import Limits, Observer
from tests.recording.exported import OPENMETRICS, counted, made, samples
from tests.support.turns import exchange, turn


@pytest.fixture(name="metrics")
def _metrics() -> Metrics:
    return made()


# -- what is counted -------------------------------------------------------------------------------------------


def test_a_turn_is_counted_under_all_its_labels(metrics):
    metrics.record(turn(app="shop", bytes_in=100, bytes_out=2000))
    labels = ("upstream", "api", "model", "app", "outcome", "status")
    assert counted(metrics, "requests_total", *labels) == {("default", "chat", "gpt-4o", "shop", "success", "2xx"): 1}
    assert counted(metrics, "request_bytes_total", "upstream", "api") == {("default", "chat"): 100}
    assert counted(metrics, "response_bytes_total", "upstream", "api") == {("default", "chat"): 2000}


def test_tokens_are_counted_by_disjoint_kind_and_quality(metrics):
    usage = Usage(input=1, cache_read=2, cache_write=4, output=8, reasoning=16)
    repaired = Usage(input=100, quality=UsageQuality.ADJUSTED, anomalies=("total_mismatch", "partial_usage"))
    for each in (usage, usage, repaired):
        metrics.record(turn(reply=ChatReply(model="m", usage=each, complete=True)))
    assert counted(metrics, "tokens_total", "kind", "quality") == {
        ("input", "exact"): 2,
        ("cache_read", "exact"): 4,
        ("cache_write", "exact"): 8,
        ("output", "exact"): 16,
        ("reasoning", "exact"): 32,
        ("input", "adjusted"): 100,
    }
    assert counted(metrics, "usage_anomalies_total", "kind") == {"total_mismatch": 1, "partial_usage": 1}
    assert counted(metrics, "usage_total", "source") == {"reported": 3}
    assert counted(metrics, "prompt_tokens_sum", "model") == {"m": 114}
    assert counted(metrics, "completion_tokens_sum", "model") == {"m": 48}


def test_missing_usage_adds_no_token_and_one_to_what_is_missing(metrics):
    metrics.record(turn(reply=ChatReply(model="m", complete=True)))
    assert counted(metrics, "tokens_total", "kind") == {}
    assert counted(metrics, "prompt_tokens_count", "model") == {}
    assert counted(metrics, "usage_total", "source") == {"missing": 1}
    assert counted(metrics, "usage_missing_total", "upstream", "reason") == {("default", "not_sent"): 1}


def test_an_error_neither_reports_nor_misses_usage(metrics):
    metrics.record(turn(status=500, reply=ChatReply(error=ReplyError(kind=errors.SERVER))))
    assert counted(metrics, "usage_total", "source") == {}
    assert counted(metrics, "requests_total", "outcome", "status") == {("upstream_error", "5xx"): 1}


def test_a_request_without_a_reply_has_no_status(metrics):
    metrics.record(turn(status=None, ending=Ending.CLIENT_LEFT, reply=ChatReply()))
    assert counted(metrics, "requests_total", "outcome", "status") == {("client_abort", "none"): 1}


@pytest.mark.parametrize(
    ("reasons", "expected"),
    [
        (("stop", "stop", "length"), {"stop": 2, "length": 1}),
        (("eos",), {"eos": 1}),
        (("something new", "x" * 1000, "stop\n"), {"other": 3}),
    ],
)
def test_every_choice_has_a_finish_reason_of_a_known_list(metrics, reasons, expected):
    metrics.record(turn(reply=ChatReply(model="m", finish_reasons=reasons, complete=True)))
    assert counted(metrics, "finish_reasons_total", "reason") == expected


def test_a_limit_is_counted_by_its_kind(metrics):
    for kind in (errors.QUOTA, errors.RATE_TOKENS, errors.RATE_TOKENS):
        metrics.record(turn(status=429, reply=ChatReply(error=ReplyError(kind=kind))))
    assert counted(metrics, "rate_limited_total", "reason") == {"quota": 1, "tokens": 2}


def test_what_could_not_be_read_is_counted(metrics):
    metrics.record(turn(api="embeddings", reply=None, unmetered="api"))
    assert counted(metrics, "unmetered_total", "reason") == {"api": 1}
    assert counted(metrics, "usage_total", "source") == {}


def test_times_are_observed_in_seconds(metrics):
    reply = ChatReply(
        model="m",
        usage=Usage(input=1, output=11),
        complete=True,
        streamed=True,
        first_token_at=12.0,
        last_token_at=14.0,
    )
    timing = Timing(started=10.0, ended=15.0, overhead=0.0004)
    metrics.record(turn(reply=reply, timing=timing))
    assert counted(metrics, "request_duration_seconds_sum", "model") == {"m": 5.0}
    assert counted(metrics, "time_to_first_token_seconds_sum", "model") == {"m": 2.0}
    assert counted(metrics, "time_per_output_token_seconds_sum", "model") == {"m": 0.2}
    assert counted(metrics, "overhead_seconds_sum", "upstream") == {"default": 0.0004}


def test_plain_replies_have_no_first_token_and_one_token_no_pace(metrics):
    metrics.record(turn())
    assert counted(metrics, "time_to_first_token_seconds_count", "model") == {}
    one = ChatReply(model="m", usage=Usage(input=1, output=1), complete=True, first_token_at=0.5, last_token_at=0.5)
    metrics.record(turn(reply=one))
    assert counted(metrics, "time_to_first_token_seconds_count", "model") == {"m": 1}
    assert counted(metrics, "time_per_output_token_seconds_count", "model") == {}


def test_what_is_in_flight_is_read_when_asked(metrics):
    counts = {"default": 3, "local": 0}
    metrics.watch_in_flight(counts)
    assert counted(metrics, "in_flight_requests", "upstream") == {"default": 3}
    counts["default"] = 1
    assert counted(metrics, "in_flight_requests", "upstream") == {"default": 1}


def test_failures_of_sinks_are_counted(metrics):
    metrics.failed("log")
    assert counted(metrics, "record_failures_total", "sink") == {"log": 1}


# -- what exists before anything is counted ---------------------------------------------------------------------


def at_zero(metrics: Metrics, name: str, label: str, **labels: str) -> set[str]:
    wanted = labels.items()
    found = [each for each in samples(metrics) if each.name == f"costproxy_{name}" and wanted <= each.labels.items()]
    assert all(each.value == 0 for each in found)
    return {each.labels[label] for each in found}


@pytest.mark.parametrize("upstream", ["default", "local"])
def test_rare_events_exist_at_zero_for_every_upstream_from_the_start(metrics, upstream):
    assert at_zero(metrics, "requests_total", "outcome", upstream=upstream) == {outcome.value for outcome in Outcome}
    assert at_zero(metrics, "rate_limited_total", "reason", upstream=upstream) == set(errors.LIMIT_REASONS.values())
    assert at_zero(metrics, "usage_missing_total", "reason", upstream=upstream) == {
        *("not_sent", "encoding", "too_large", "error", "client_abort", "truncated", "deferred"),
    }
    assert at_zero(metrics, "unmetered_total", "reason", upstream=upstream) == {
        *("api", "request_encoding", "request_unreadable", "request_too_large", "reply_encoding", "reply_too_large"),
        "fault",
    }
    assert at_zero(metrics, "usage_anomalies_total", "kind", upstream=upstream) == {
        *("cached_exceeds_prompt", "cache_write_exceeds_prompt", "reasoning_exceeds_completion", "total_mismatch"),
        *("partial_usage", "hidden_output", "other_model"),
    }


def test_the_sinks_and_the_caps_exist_at_zero(metrics):
    assert at_zero(metrics, "record_failures_total", "sink") == {"meter", "metrics", "log", "recent", "ledger"}
    assert at_zero(metrics, "label_overflow_total", "label") == {"model", "app", "pair"}


def test_a_request_that_is_announced_exists_at_zero_before_it_ends(metrics):
    metrics.announce(upstream="default", api="chat", app="shop", model="m")
    labels = {"upstream": "default", "model": "m", "app": "shop"}
    assert at_zero(metrics, "requests_total", "outcome", **labels) == {outcome.value for outcome in Outcome}
    assert at_zero(metrics, "tokens_total", "kind", **labels) == {
        *("input", "cache_read", "cache_write", "output", "reasoning"),
    }
    assert at_zero(metrics, "finish_reasons_total", "reason", **labels) >= {"stop", "length", "tool_calls"}
    assert at_zero(metrics, "usage_total", "source", **labels) == {"reported", "missing"}


def test_announcing_twice_adds_nothing(metrics):
    metrics.announce(upstream="default", api="chat", app="shop", model="m")
    before = len(samples(metrics))
    metrics.announce(upstream="default", api="chat", app="shop", model="m")
    assert len(samples(metrics)) == before


def test_announcing_does_not_count_towards_the_overflow():
    metrics = made(models=1)
    for _ in range(3):
        metrics.announce(upstream="default", api="chat", app=None, model="first")
        metrics.announce(upstream="default", api="chat", app=None, model="second")
    assert counted(metrics, "label_overflow_total", "label") == {}
    metrics.record(turn(reply=ChatReply(model="third")))
    assert counted(metrics, "label_overflow_total", "label") == {"model": 1}


def test_no_series_says_when_it_was_created(metrics):
    assert not [each for each in samples(metrics) if each.name.endswith("_created")]


# -- what cannot break a scrape -----------------------------------------------------------------------------------

HOSTILE = ["gpt-\ud800", 'a"b\\c\nd', "x" * 1_000_000, "", " ", "\x00", "{}=,#", "a\u2028b", "\udfff\ud800", "π", "NaN"]


@pytest.mark.parametrize("accept", ["", OPENMETRICS])
def test_no_name_however_hostile_breaks_the_scrape(metrics, accept):
    for name in HOSTILE:
        metrics.announce(upstream="default", api="chat", app=name, model=name)
        reply = ChatReply(model=name, finish_reasons=(name,), usage=Usage(input=1), complete=True)
        metrics.record(turn(app=name, reply=reply))
        models = {each.labels["model"] for each in samples(metrics, accept) if "model" in each.labels}
        assert all(model.isprintable() and len(model) <= 100 for model in models)
    requests = [each for each in samples(metrics, accept) if each.name == "costproxy_requests_total"]
    assert sum(each.value for each in requests) == len(HOSTILE)


@given(st.lists(st.text(st.characters(exclude_categories=()), max_size=30), max_size=10))
@settings(deadline=None, max_examples=50)
def test_any_names_at_all_leave_the_scrape_readable(names):
    metrics = made(models=5, apps=5)
    for name in names:
        metrics.record(turn(app=name, reply=ChatReply(model=name, finish_reasons=(name,))))
    assert sum(counted(metrics, "requests_total", "outcome").values()) == len(names)


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens": float("nan"), "completion_tokens": 5},
        {"prompt_tokens": -5, "completion_tokens": 5},
        {"prompt_tokens": 10**400, "completion_tokens": 5},
        {"prompt_tokens": "12", "completion_tokens": True},
        {"prompt_tokens": [1], "completion_tokens": {"a": 1}},
        {"prompt_tokens": float("inf"), "completion_tokens": float("-inf"), "total_tokens": float("nan")},
    ],
)
def test_no_usage_however_hostile_breaks_the_scrape_or_takes_tokens_back(metrics, usage):
    observer = Observer(Limits())
    observer.head(200, "")
    observer.body(json.dumps({"choices": [], "usage": usage}).encode(), 0.0)
    metrics.record(turn(reply=observer.facts("openai", 1.0)))
    assert all(each.value >= 0 for each in samples(metrics) if each.name == "costproxy_tokens_total")


def test_ten_thousand_names_stay_below_the_caps():
    metrics = made(models=20, apps=8, pairs=30)
    for number in range(10_000):
        reply = ChatReply(model=f"junk-{number}", finish_reasons=(f"junk-{number}",), complete=True)
        metrics.record(turn(app=f"app-{number}", reply=reply))
    found = samples(metrics)
    models, apps = ({each.labels[label] for each in found if label in each.labels} for label in ("model", "app"))
    assert len(models - {"other", "none"}) == 20
    assert len(apps - {"other", "default"}) == 8
    assert len(found) < 5000
    assert counted(metrics, "label_overflow_total", "label") == {"model": 9980, "app": 9992}
    assert sum(counted(metrics, "requests_total", "outcome").values()) == 10_000


def test_openmetrics_gives_an_example_of_each_observation(metrics):
    metrics.record(turn())
    with_exemplars = [each for each in samples(metrics, OPENMETRICS) if each.exemplar is not None]
    names = {each.name for each in with_exemplars}
    assert names >= {"costproxy_request_duration_seconds_bucket", "costproxy_overhead_seconds_bucket"}
    assert all(each.exemplar.labels == {"exchange": "0123456789abcdef"} for each in with_exemplars)


def test_both_formats_say_the_same(metrics):
    metrics.record(turn(app="shop"))
    one, other = (
        {(each.name, *sorted(each.labels.items())): each.value for each in samples(metrics, accept)}
        for accept in ("", OPENMETRICS)
    )
    assert one == other


# -- whatever happens, it adds up -----------------------------------------------------------------------------------

REPLIES = st.builds(
    ChatReply,
    model=st.sampled_from([None, "a", "b"]),
    finish_reasons=st.lists(st.sampled_from(["stop", "length", "odd"]), max_size=3).map(tuple),
    usage=st.none() | st.builds(Usage, input=st.integers(0, 9), output=st.integers(0, 9)),
    error=st.none() | st.sampled_from(sorted(errors.LIMIT_REASONS)).map(lambda kind: ReplyError(kind=kind)),
    complete=st.booleans(),
    streamed=st.booleans(),
)
EXCHANGES = st.builds(
    exchange,
    status=st.sampled_from([None, 200, 302, 400, 429, 500]),
    ending=st.sampled_from(Ending),
    app=st.sampled_from([None, "shop", "desk"]),
    upstream=st.sampled_from(["default", "local"]),
    reply=st.none() | REPLIES,
)


@given(st.lists(EXCHANGES, max_size=12))
@settings(deadline=None, max_examples=60)
def test_sums_are_what_was_recorded(exchanges: list[Exchange]):
    metrics = made()
    turns = [turn(**{name: getattr(each, name) for name in each.__dataclass_fields__}) for each in exchanges]
    for each in turns:
        metrics.record(each)
    replies = [each.exchange.reply for each in turns if each.exchange.reply is not None]
    usages = [reply.usage for reply in replies if reply.usage is not None]
    seen = samples(metrics)
    assert sum(counted(seen, "requests_total", "outcome").values()) == len(turns)
    assert sum(counted(seen, "tokens_total", "kind").values()) == sum(each.prompt + each.completion for each in usages)
    assert counted(seen, "usage_total", "source").get("reported", 0) == len(usages)
    assert sum(counted(seen, "finish_reasons_total", "reason").values()) == sum(
        len(reply.finish_reasons) for reply in replies
    )
    limits = [each.limit_reason for each in turns if each.limit_reason is not None]
    assert counted(seen, "rate_limited_total", "reason") == {reason: limits.count(reason) for reason in limits}
    missing = [each.usage_missing for each in turns if each.usage_missing is not None]
    assert counted(seen, "usage_missing_total", "reason") == {reason: missing.count(reason) for reason in missing}
