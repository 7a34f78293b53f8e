"""Rejections and retries into series."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costproxy.model import ChatReply, Ending, Exchange, Failure, ReplyError, StormEvent
from costproxy.recording.metrics import Metrics
from tests.recording.exported import OPENMETRICS, counted, made, samples
from tests.recording.rejections import CALLER, answered, refused
from tests.support.turns import exchange, turn

APP = ("upstream", "model", "app")
SHOP = ("default", "m", "shop")


def recorded(*turns) -> Metrics:
    metrics = made()
    for each in turns:
        metrics.record(each)
    return metrics


def at_zero(metrics: Metrics, name: str, label: str, **labels: str) -> set[str]:
    found = [
        each
        for each in samples(metrics)
        if each.name == f"costproxy_{name}" and labels.items() <= each.labels.items() and each.value == 0
    ]
    return {each.labels[label] for each in found}


# -- why it failed -----------------------------------------------------------------------------------------------


def test_a_failure_is_counted_by_its_kind():
    metrics = recorded(refused(Failure.QUOTA), refused(Failure.RATE_TOKENS), refused(Failure.RATE_TOKENS), answered())
    by = ("upstream", "api", "model", "app", "kind")
    assert counted(metrics, "failures_total", *by) == {
        ("default", "chat", "m", "shop", "quota"): 1,
        ("default", "chat", "m", "shop", "rate_tokens"): 2,
    }


def test_a_request_that_never_fits_is_a_limit_of_its_own():
    metrics = recorded(refused(Failure.OVERSIZED))
    assert counted(metrics, "rate_limited_total", "reason") == {"oversized": 1}
    assert counted(metrics, "failures_total", "kind") == {"oversized": 1}


EXCHANGES = st.builds(
    exchange,
    status=st.sampled_from([None, 200, 302, 400, 401, 404, 408, 413, 429, 498, 500, 503, 504, 529]),
    ending=st.sampled_from(Ending),
    api=st.sampled_from(["chat", "messages", "embeddings", "models", "other"]),
    app=st.sampled_from([None, "shop"]),
    upstream=st.sampled_from(["default", "local"]),
    refusal=st.sampled_from([None, None, "body_too_large"]),
    reply=st.none()
    | st.builds(
        ChatReply,
        model=st.sampled_from([None, "a", "b"]),
        error=st.none() | st.sampled_from(Failure).map(lambda kind: ReplyError(kind=kind.value)),
        complete=st.booleans(),
        streamed=st.booleans(),
    ),
)


@given(st.lists(EXCHANGES, max_size=12))
@settings(deadline=None, max_examples=80)
def test_failures_are_the_requests_whose_outcome_is_not_success(exchanges: list[Exchange]):
    found = samples(
        recorded(*(turn(**{name: getattr(each, name) for name in each.__dataclass_fields__}) for each in exchanges))
    )
    by = ("upstream", "api", "model", "app")
    unsuccessful = counted(found, "requests_total", *by, "outcome")
    sums: dict[tuple[str, ...], float] = {}
    for (*labels, outcome), count in unsuccessful.items():
        if outcome != "success":
            sums[tuple(labels)] = sums.get(tuple(labels), 0) + count
    assert counted(found, "failures_total", *by) == sums


# -- attempts ----------------------------------------------------------------------------------------------------


def test_attempts_are_the_first_or_repeat_one():
    metrics = recorded(refused(), refused(attempt=2), answered(attempt=3), answered())
    assert counted(metrics, "request_attempts_total", *APP, "attempt") == {
        (*SHOP, "first"): 2,
        (*SHOP, "retry"): 2,
    }


def test_an_api_without_limits_has_no_attempts():
    assert counted(recorded(turn(api="models", reply=None)), "request_attempts_total", *APP) == {}


@pytest.mark.parametrize(
    ("attempts", "label"), [(2, {"2": 1}), (5, {"5": 1}), (6, {"more": 1}), (1000, {"more": 1}), (1, {})]
)
def test_a_success_is_counted_by_the_attempts_it_took_if_more_than_one(attempts, label):
    assert counted(recorded(answered(attempt=attempts)), "retry_success_total", "attempts") == label


def test_a_success_after_another_had_succeeded_is_none_of_retrying():
    assert counted(recorded(answered(attempt=2, succeeded_after=None)), "retry_success_total", "attempts") == {}


def test_what_clients_do_wrong_is_counted():
    metrics = recorded(
        refused(attempt=2, violation=True, retry_in_vain=True, in_vain_tokens=120),
        refused(in_vain_tokens=30, storm=StormEvent.BEGAN),
        refused(in_vain_tokens=None, storm=StormEvent.ENDED),
        answered(violation=True),
    )
    assert counted(metrics, "retry_after_violations_total", *APP) == {SHOP: 2}
    assert counted(metrics, "retries_in_vain_total", *APP) == {SHOP: 1}
    assert counted(metrics, "rejected_prompt_tokens_total", *APP) == {SHOP: 150}
    assert counted(metrics, "retry_storms_total", "upstream", "app") == {("default", "shop"): 1}


def test_the_time_to_wait_is_observed_as_it_was_named():
    metrics = recorded(refused(wait=1.5), refused(wait=0.0), refused(), answered())
    assert counted(metrics, "retry_after_seconds_sum", "upstream", "model") == {("default", "m"): 1.5}
    assert counted(metrics, "retry_after_seconds_count", "upstream", "model") == {("default", "m"): 2}
    examples = [each.exemplar for each in samples(metrics, OPENMETRICS) if "retry_after_seconds_b" in each.name]
    assert {each.labels["exchange"] for each in examples if each} == {"0123456789abcdef"}


def test_the_key_of_a_client_is_in_no_counter():
    metrics = recorded(refused(app=None, caller=CALLER, storm=StormEvent.BEGAN, attempt=2, violation=True))
    assert not [each for each in samples(metrics) if any("00c0ffee" in value for value in each.labels.values())]


# -- what exists before anything happens ---------------------------------------------------------------------------


@pytest.mark.parametrize("upstream", ["default", "local"])
def test_every_reason_exists_at_zero_for_every_upstream(upstream):
    assert at_zero(made(), "failures_total", "kind", upstream=upstream) == {kind.value for kind in Failure}


def test_what_alerts_wait_for_exists_at_zero_from_the_announcement_on():
    metrics = made()
    metrics.announce(upstream="default", api="chat", app="shop", model="m")
    labels = {"upstream": "default", "model": "m", "app": "shop"}
    assert at_zero(metrics, "failures_total", "kind", **labels) == {"quota"}
    assert at_zero(metrics, "request_attempts_total", "attempt", **labels) == {"first", "retry"}
    assert at_zero(metrics, "retry_after_violations_total", "app", **labels) == {"shop"}
    assert at_zero(metrics, "retry_storms_total", "app", upstream="default") == {"shop", "default"}


def test_the_other_limits_exist_at_zero_from_the_first_success_on():
    labels = {"upstream": "default", "model": "m", "app": "shop"}
    assert at_zero(recorded(refused(Failure.BAD_REQUEST, status=400)), "failures_total", "kind", **labels) == set()
    metrics = recorded(answered(), answered())
    assert at_zero(metrics, "failures_total", "kind", **labels) == {
        *("rate_requests", "rate_tokens", "rate_concurrency", "rate_upstream", "rate_other"),
        *("oversized", "overloaded", "authentication"),
    }
    assert at_zero(metrics, "retries_in_vain_total", "app", **labels) == {"shop"}
    assert at_zero(metrics, "rejected_prompt_tokens_total", "app", **labels) == {"shop"}
