"""Usage of the Messages API; the expectations are worked out by hand."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from costproxy.model import Usage, UsageQuality
from costproxy.wire.messages_usage import is_blank, normal_form

MODEL = "claude-sonnet-4-6"


def counts(raw: dict[str, Any], model: str | None = MODEL) -> tuple[int, ...]:
    """Return (uncached input, cache read, cache write, kept for an hour, visible output, reasoning)."""
    usage = normal_form(raw, model=model)
    assert usage is not None
    return usage.input, usage.cache_read, usage.cache_write, usage.cache_write_1h, usage.output, usage.reasoning


def written(short: int, long: int) -> dict[str, Any]:
    return {"cache_creation": {"ephemeral_5m_input_tokens": short, "ephemeral_1h_input_tokens": long}}


def one_pass(given: int, made: int, **more: Any) -> dict[str, Any]:
    return {"type": "message", "input_tokens": given, "output_tokens": made, **more}


def test_the_input_leaves_out_what_a_cache_gave_or_took():
    raw = {"input_tokens": 10, "cache_read_input_tokens": 8881, "cache_creation_input_tokens": 450, "output_tokens": 5}
    assert counts(raw) == (10, 8881, 450, 0, 5, 0)


def test_what_is_kept_for_an_hour_is_apart():
    raw = {"input_tokens": 1, "output_tokens": 1, "cache_creation_input_tokens": 900, **written(500, 400)}
    assert counts(raw) == (1, 0, 500, 400, 1, 0)


def test_what_the_split_of_cache_writes_leaves_out_was_kept_for_five_minutes():
    raw = {"input_tokens": 1, "output_tokens": 1, "cache_creation_input_tokens": 900, **written(100, 400)}
    assert counts(raw) == (1, 0, 500, 400, 1, 0)


def test_a_split_without_a_sum_counts():
    assert counts({"input_tokens": 1, "output_tokens": 1, **written(500, 400)}) == (1, 0, 500, 400, 1, 0)


def test_thinking_is_inside_the_output():
    raw = {"input_tokens": 1, "output_tokens": 121, "output_tokens_details": {"thinking_tokens": 28}}
    assert counts(raw) == (1, 0, 0, 0, 93, 28)


def test_more_thinking_than_output_is_noted():
    usage = normal_form(
        {"input_tokens": 1, "output_tokens": 5, "output_tokens_details": {"thinking_tokens": 9}}, model=MODEL
    )
    assert usage == Usage(
        input=1, reasoning=5, quality=UsageQuality.ADJUSTED, anomalies=("reasoning_exceeds_completion",)
    )


def test_a_compaction_pass_is_counted_though_the_top_level_hides_it():
    passes = [
        {**one_pass(100, 71, cache_creation_input_tokens=55096, **written(55096, 0)), "type": "compaction"},
        one_pass(172, 5),
    ]
    raw = {"input_tokens": 172, "output_tokens": 5, "cache_creation_input_tokens": 0, "iterations": passes}
    assert counts(raw) == (272, 0, 55096, 0, 76, 0)


def test_passes_that_the_top_level_has_are_not_counted_twice():
    passes = [one_pass(1128, 110), one_pass(1262, 11)]
    assert counts({"input_tokens": 2390, "output_tokens": 121, "iterations": passes}) == (2390, 0, 0, 0, 121, 0)


def test_a_pass_of_another_model_is_left_out_and_noted():
    advice = {**one_pass(2518, 22), "type": "advisor_message", "model": "claude-opus-4-8"}
    raw = {"input_tokens": 2390, "output_tokens": 121, "iterations": [one_pass(2390, 121), advice]}
    usage = normal_form(raw, model=MODEL)
    assert usage == Usage(input=2390, output=121, quality=UsageQuality.ADJUSTED, anomalies=("other_model",))


def test_a_pass_that_names_the_model_that_served_is_its_own():
    advice = {**one_pass(2518, 22), "type": "advisor_message", "model": MODEL}
    raw = {"input_tokens": 2390, "output_tokens": 121, "iterations": [one_pass(2390, 121), advice]}
    assert counts(raw) == (4908, 0, 0, 0, 143, 0)


@pytest.mark.parametrize("odd", [None, 3, "x", {}, [], [None, 3, "x"], [{}], [{"input_tokens": "9"}]])
def test_passes_that_are_none_change_nothing(odd: Any):
    assert counts({"input_tokens": 9, "output_tokens": 3, "iterations": odd}) == (9, 0, 0, 0, 3, 0)


def test_half_of_the_counts_is_partial():
    usage = normal_form({"input_tokens": 9}, model=MODEL)
    assert usage == Usage(input=9, quality=UsageQuality.ADJUSTED, anomalies=("partial_usage",))


@pytest.mark.parametrize("raw", [{}, {"input_tokens": 0, "output_tokens": 0}, {"input_tokens": None}, {"x": 5}])
def test_usage_that_counts_nothing_is_none(raw: dict[str, Any]):
    assert is_blank(raw)
    assert normal_form(raw, model=MODEL) is None


def test_a_prompt_that_came_from_the_cache_alone_counts():
    assert counts({"input_tokens": 0, "output_tokens": 0, "cache_read_input_tokens": 7}) == (0, 7, 0, 0, 0, 0)


junk: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2000) | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"),
                    *("cache_creation", "ephemeral_1h_input_tokens", "ephemeral_5m_input_tokens", "iterations"),
                    *("output_tokens_details", "thinking_tokens", "model", "type"),
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=10,
)


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much], deadline=None)
@given(junk.filter(lambda value: isinstance(value, dict)))
def test_no_usage_raises_or_makes_a_count_negative(raw: dict[str, Any]):
    usage = normal_form(raw, model=MODEL)
    if usage is not None:
        assert all(count >= 0 for _, count in usage.by_kind())
        assert usage.prompt + usage.completion > 0
