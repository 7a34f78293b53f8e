"""What dashboards and rules hold on to: names, types, labels, buckets. A change here breaks what people have built."""

import re

import pytest

from costproxy.recording import series
from costproxy.recording.metrics import Metrics

# Written out by hand: whoever changes a series changes it here too, and in the changelog.
CONTRACT = {
    "costproxy_requests_total": ("counter", ["upstream", "api", "model", "app", "outcome", "status"]),
    "costproxy_tokens_total": ("counter", ["upstream", "model", "app", "kind", "quality"]),
    "costproxy_cost_usd_total": ("counter", ["upstream", "model", "app", "kind", "quality", "source"]),
    "costproxy_cost_sources_total": ("counter", ["upstream", "source"]),
    "costproxy_unpriced_requests_total": ("counter", ["upstream", "model"]),
    "costproxy_unpriced_tokens_total": ("counter", ["upstream", "model", "kind"]),
    "costproxy_reported_cost_usd_total": ("counter", ["upstream", "model"]),
    "costproxy_computed_cost_usd_total": ("counter", ["upstream", "model"]),
    "costproxy_reported_to_computed_cost_ratio": ("histogram", ["upstream", "model"]),
    "costproxy_price_table_info": ("gauge", ["version", "date", "sha256"]),
    "costproxy_price_table_age_seconds": ("gauge", []),
    "costproxy_finish_reasons_total": ("counter", ["upstream", "model", "app", "reason"]),
    "costproxy_rate_limited_total": ("counter", ["upstream", "model", "app", "reason"]),
    "costproxy_usage_total": ("counter", ["upstream", "model", "app", "source"]),
    "costproxy_usage_missing_total": ("counter", ["upstream", "reason"]),
    "costproxy_usage_anomalies_total": ("counter", ["upstream", "kind"]),
    "costproxy_unmetered_total": ("counter", ["upstream", "reason"]),
    "costproxy_in_flight_requests": ("gauge", ["upstream"]),
    "costproxy_request_duration_seconds": ("histogram", ["upstream", "api", "model"]),
    "costproxy_time_to_first_token_seconds": ("histogram", ["upstream", "model"]),
    "costproxy_time_per_output_token_seconds": ("histogram", ["upstream", "model"]),
    "costproxy_overhead_seconds": ("histogram", ["upstream"]),
    "costproxy_prompt_tokens": ("histogram", ["upstream", "model"]),
    "costproxy_completion_tokens": ("histogram", ["upstream", "model"]),
    "costproxy_request_bytes_total": ("counter", ["upstream", "api"]),
    "costproxy_response_bytes_total": ("counter", ["upstream", "api"]),
    "costproxy_conversation_requests_total": ("counter", ["upstream", "model", "app", "verdict"]),
    "costproxy_conversation_sources_total": ("counter", ["upstream", "source"]),
    "costproxy_conversation_ambiguous_total": ("counter", ["upstream"]),
    "costproxy_session_ids_ignored_total": ("counter", ["upstream"]),
    "costproxy_conversation_prompt_tokens_total": ("counter", ["upstream", "model", "app", "part", "quality"]),
    "costproxy_conversation_prompt_cost_usd_total": (
        *("counter", ["upstream", "model", "app", "part", "quality", "source"]),
    ),
    "costproxy_prompt_composition_tokens_total": ("counter", ["upstream", "model", "app", "kind"]),
    "costproxy_conversation_growth_tokens": ("histogram", ["upstream", "model"]),
    "costproxy_conversation_messages": ("histogram", ["upstream", "model"]),
    "costproxy_context_used_ratio": ("histogram", ["upstream", "model"]),
    "costproxy_context_warnings_total": ("counter", ["upstream", "model", "app", "threshold"]),
    "costproxy_context_limit_sources_total": ("counter", ["upstream", "source"]),
    "costproxy_conversation_mistakes_total": ("counter", ["upstream", "model", "app", "kind"]),
    "costproxy_cache_broken_tokens_total": ("counter", ["upstream", "model", "app", "region"]),
    "costproxy_cache_broken_usd_total": ("counter", ["upstream", "model", "app", "region"]),
    "costproxy_cache_missed_tokens_total": ("counter", ["upstream", "model", "app", "reason"]),
    "costproxy_cache_missed_usd_total": ("counter", ["upstream", "model", "app", "reason"]),
    "costproxy_conversations_tracked": ("gauge", []),
    "costproxy_conversations_active": ("gauge", ["upstream", "model", "app"]),
    "costproxy_conversations_over_threshold": ("gauge", ["upstream", "model", "app", "threshold"]),
    "costproxy_conversations_near_limit": ("gauge", ["upstream", "model", "app"]),
    "costproxy_conversations_forgotten_total": ("counter", ["reason"]),
    "costproxy_failures_total": ("counter", ["upstream", "api", "model", "app", "kind"]),
    "costproxy_request_attempts_total": ("counter", ["upstream", "model", "app", "attempt"]),
    "costproxy_retry_after_violations_total": ("counter", ["upstream", "model", "app"]),
    "costproxy_retry_success_total": ("counter", ["upstream", "model", "app", "attempts"]),
    "costproxy_retries_in_vain_total": ("counter", ["upstream", "model", "app"]),
    "costproxy_rejected_prompt_tokens_total": ("counter", ["upstream", "model", "app"]),
    "costproxy_retry_after_seconds": ("histogram", ["upstream", "model"]),
    "costproxy_retry_storms_total": ("counter", ["upstream", "app"]),
    "costproxy_retry_storms_active": ("gauge", ["upstream", "owner"]),
    "costproxy_quota_limit": ("gauge", ["upstream", "model", "owner", "resource", "window"]),
    "costproxy_quota_remaining": ("gauge", ["upstream", "model", "owner", "resource", "window"]),
    "costproxy_quota_remaining_ratio": ("gauge", ["upstream", "model", "owner", "resource", "window"]),
    "costproxy_quota_reset_seconds": ("gauge", ["upstream", "model", "owner", "resource", "window"]),
    "costproxy_quota_exhaustion_seconds": ("gauge", ["upstream", "model", "owner", "resource", "window"]),
    "costproxy_label_overflow_total": ("counter", ["label"]),
    "costproxy_record_failures_total": ("counter", ["sink"]),
    "costproxy_build_info": ("gauge", ["version"]),
}
BUCKETS = {
    "costproxy_reported_to_computed_cost_ratio": [0.1, 0.5, 0.9, 0.99, 0.999, 1.001, 1.01, 1.1, 2, 10],
    "costproxy_request_duration_seconds": [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 900],
    "costproxy_time_to_first_token_seconds": [
        *(0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 20, 30, 60, 120),
    ],
    "costproxy_time_per_output_token_seconds": [
        *(0.001, 0.0025, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.2, 0.5, 1),
    ],
    "costproxy_overhead_seconds": [0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5],
    "costproxy_prompt_tokens": [
        *(128, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072, 262144, 524288, 1048576, 2097152),
    ],
    "costproxy_completion_tokens": [
        *(128, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072, 262144, 524288, 1048576, 2097152),
    ],
    "costproxy_conversation_growth_tokens": [0, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576],
    "costproxy_conversation_messages": [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000],
    "costproxy_context_used_ratio": [0.1, 0.25, 0.5, 0.7, 0.85, 0.95, 1, 1.2],
    "costproxy_retry_after_seconds": [0.1, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 3600, 86400],
}
NEVER_A_LABEL = {
    "id",
    "exchange",
    "session",
    "thread",
    "parent",
    "key",
    "user",
    "path",
    "conversation",
    "host",
    "ip",
    "method",
}


def test_the_series_are_those_of_the_contract():
    assert {each.exported_name: (each.kind, list(each.labels)) for each in series.ALL} == CONTRACT


def test_the_buckets_are_those_of_the_contract():
    assert {each.exported_name: list(each.buckets) for each in series.ALL if each.kind == "histogram"} == BUCKETS


def test_what_is_exported_has_the_types_of_the_contract():
    families = list(Metrics(upstreams=("default",), models=10, apps=10, pairs=10).registry.collect())
    exported = {
        f"{each.name}_total" if each.type == "counter" else each.name: each.type
        for each in families
        if each.name.startswith("costproxy_")
    }
    assert exported == {name: kind for name, (kind, _) in CONTRACT.items()}
    rest = {each.name for each in families if not each.name.startswith("costproxy_")}
    assert all(name.startswith(("process_", "python_")) for name in rest)


@pytest.mark.parametrize(("name", "kind"), [(name, kind) for name, (kind, _) in CONTRACT.items()])
def test_names_follow_the_rules_of_the_format(name, kind):
    assert re.fullmatch(r"costproxy_[a-z]+(_[a-z]+)*", name)
    assert name.endswith("_total") == (kind == "counter")


@pytest.mark.parametrize("each", series.ALL, ids=[each.exported_name for each in series.ALL])
def test_help_is_a_sentence_and_no_label_is_anybodys_id(each):
    assert each.help[0].isupper()
    assert each.help.endswith(".")
    assert NEVER_A_LABEL.isdisjoint(each.labels)


def test_agreement_of_reported_and_computed_cost_has_a_narrow_bucket_of_its_own():
    bounds = BUCKETS["costproxy_reported_to_computed_cost_ratio"]
    below, above = max(each for each in bounds if each < 1), min(each for each in bounds if each > 1)
    assert (below, above) == (0.999, 1.001)
    assert 1 not in bounds  # a bucket's upper bound belongs to it: at 1, a hair's difference would change the bucket


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("costproxy_request_duration_seconds", 900),
        ("costproxy_time_to_first_token_seconds", 120),
        ("costproxy_prompt_tokens", 2_000_000),
        ("costproxy_completion_tokens", 2_000_000),
        ("costproxy_conversation_growth_tokens", 1_000_000),
        ("costproxy_conversation_messages", 1000),
        ("costproxy_context_used_ratio", 1.2),
        ("costproxy_retry_after_seconds", 86_400),
    ],
)
def test_what_really_happens_falls_into_a_finite_bucket(name, most):
    assert BUCKETS[name][-1] >= most
