"""Every provider's shape of usage in one normal form; the expectations are worked out by hand."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costproxy.model import TokenKind, Usage, UsageQuality
from costproxy.wire.usage import UsageMerge, is_blank, normal_form


def counts(raw, dialect="openai", model="m"):
    """Return (uncached input, cache read, cache write, visible output, reasoning[, audio input]) and the anomalies."""
    usage = normal_form(raw, dialect=dialect, model=model)
    assert usage is not None
    assert (usage.quality is UsageQuality.ADJUSTED) == bool(usage.anomalies)
    kinds = (usage.input, usage.cache_read, usage.cache_write, usage.output, usage.reasoning)
    return (*kinds, usage.audio_input) if usage.audio_input else kinds, usage.anomalies


def usage(prompt, completion, total=None, **more):
    sums = {} if total is None else {"total_tokens": total}
    return {"prompt_tokens": prompt, "completion_tokens": completion, **sums, **more}


def cached(count, **more):
    return {"prompt_tokens_details": {"cached_tokens": count, **more}}


def reasoning(count):
    return {"completion_tokens_details": {"reasoning_tokens": count}}


SHAPES = {
    # what is reported, by whom, and (input, cache read, cache write, output, reasoning)
    "plain: openai": ("openai", usage(19, 10, 29), (19, 0, 0, 10, 0)),
    "plain: ollama, no details at all": ("ollama", usage(31, 8, 39), (31, 0, 0, 8, 0)),
    "plain: no total": ("vllm", usage(31, 8), (31, 0, 0, 8, 0)),
    "details that are null": (
        "huggingface",
        usage(20, 5, 25, prompt_tokens_details=None, completion_tokens_details=None),
        (20, 0, 0, 5, 0),
    ),
    "counts that are floats": ("generic", usage(20.0, 5.0, 25.0), (20, 0, 0, 5, 0)),
    "nothing but zeros in the details": (
        "openai",
        usage(19, 10, 29, **cached(0, audio_tokens=0), **reasoning(0)),
        (19, 0, 0, 10, 0),
    ),
    "cached inside prompt: openai": ("openai", usage(2006, 300, 2306, **cached(1920)), (86, 1920, 0, 300, 0)),
    "cached inside prompt: deepseek's own names": (
        "deepseek",
        usage(1000, 50, 1050, prompt_cache_hit_tokens=960, prompt_cache_miss_tokens=40),
        (40, 960, 0, 50, 0),
    ),
    "cached inside prompt: deepseek, said twice": (
        "deepseek",
        usage(1000, 50, 1050, prompt_cache_hit_tokens=960, prompt_cache_miss_tokens=40, **cached(960)),
        (40, 960, 0, 50, 0),
    ),
    "cached inside prompt: mistral, older": ("mistral", usage(254, 93, 347, num_cached_tokens=48), (206, 48, 0, 93, 0)),
    "cached inside prompt: mistral, singular": (
        "mistral",
        usage(254, 93, 347, prompt_token_details={"cached_tokens": 48}),
        (206, 48, 0, 93, 0),
    ),
    "cached inside prompt: moonshot, flat": ("moonshot", usage(100, 10, 110, cached_tokens=64), (36, 64, 0, 10, 0)),
    "cached inside prompt: hugging face, flat beside null": (
        "huggingface",
        usage(100, 10, 110, cached_tokens=64, prompt_tokens_details=None),
        (36, 64, 0, 10, 0),
    ),
    "cached inside prompt: openai responses": (
        "openai",
        {
            "input_tokens": 328,
            "input_tokens_details": {"cached_tokens": 256},
            "output_tokens": 52,
            "output_tokens_details": {"reasoning_tokens": 32},
            "total_tokens": 380,
        },
        (72, 256, 0, 20, 32),
    ),
    "cache writes inside prompt: openai": (
        "openai",
        usage(3000, 20, 3020, **cached(1024, cache_write_tokens=1900)),
        (76, 1024, 1900, 20, 0),
    ),
    "cache writes inside prompt: openai responses": (
        "openai",
        {
            "input_tokens": 3000,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 2900},
            "output_tokens": 20,
            "total_tokens": 3020,
        },
        (100, 0, 2900, 20, 0),
    ),
    "cache writes inside prompt: alibaba": (
        "alibaba",
        usage(3000, 20, 3020, **cached(0, cache_creation_input_tokens=2900, cache_type="ephemeral")),
        (100, 0, 2900, 20, 0),
    ),
    "cache writes inside prompt: a router's name": (
        "litellm",
        usage(3000, 20, 3020, cache_creation_input_tokens=500, cache_read_input_tokens=2000),
        (500, 2000, 500, 20, 0),
    ),
    "reasoning inside completion: openai": ("openai", usage(14, 500, 514, **reasoning(448)), (14, 0, 0, 52, 448)),
    "reasoning inside completion: groq": (
        "groq",
        usage(80, 60, 140, queue_time=0.02, total_time=0.1, **reasoning(40)),
        (80, 0, 0, 20, 40),
    ),
    "reasoning inside completion: no total": ("openai", usage(14, 500, **reasoning(448)), (14, 0, 0, 52, 448)),
    "reasoning inside completion: all of it": ("openai", usage(14, 448, 462, **reasoning(448)), (14, 0, 0, 0, 448)),
    "reasoning inside completion: flat": ("perplexity", usage(30, 60, 90, reasoning_tokens=25), (30, 0, 0, 35, 25)),
    "reasoning outside completion: xai": ("xai", usage(12, 1, 241, **reasoning(228)), (12, 0, 0, 1, 228)),
    "reasoning outside completion: grok behind azure": (
        "azure",
        usage(178, 9, 480, **cached(150), **reasoning(293)),
        (28, 150, 0, 9, 293),
    ),
    "reasoning inside completion: xai responses": (
        "xai",
        {
            "input_tokens": 32,
            "output_tokens": 9,
            "output_tokens_details": {"reasoning_tokens": 7},
            "total_tokens": 41,
        },
        (32, 0, 0, 2, 7),
    ),
    "reasoning outside completion: xai without a total": ("xai", usage(12, 1, **reasoning(228)), (12, 0, 0, 1, 228)),
    "audio outside prompt: mistral": (
        "mistral",
        usage(9, 201, 585, prompt_audio_seconds=30, **cached(0, audio_tokens=375)),
        (9, 0, 0, 201, 0, 375),
    ),
    "audio outside prompt: mistral, in seconds only": (
        "mistral",
        usage(9, 201, 585, prompt_audio_seconds=30),
        (9, 0, 0, 201, 0, 375),
    ),
    "audio inside prompt: openai": ("openai", usage(73, 20, 93, **cached(0, audio_tokens=69)), (4, 0, 0, 20, 0, 69)),
    "predictions inside completion: openai": (
        "openai",
        usage(
            100,
            80,
            180,
            completion_tokens_details={"accepted_prediction_tokens": 30, "rejected_prediction_tokens": 20},
        ),
        (100, 0, 0, 80, 0),
    ),
    "costs beside counts: openrouter": (
        "openrouter",
        usage(17, 82, 99, cost=0.000427, is_byok=False, **cached(0, cache_write_tokens=0), **reasoning(0)),
        (17, 0, 0, 82, 0),
    ),
    "costs beside counts: perplexity": (
        "perplexity",
        usage(7, 20, 27, search_context_size="low", cost={"total_cost": 0.006}),
        (7, 0, 0, 20, 0),
    ),
    "speeds beside counts: gpustack": ("vllm", usage(7, 20, 27, tokens_per_second=31.4), (7, 0, 0, 20, 0)),
}


@pytest.mark.parametrize(("dialect", "raw", "expected"), SHAPES.values(), ids=SHAPES)
def test_every_providers_shape_is_read_as_it_stands(dialect, raw, expected):
    assert counts(raw, dialect) == (expected, ())


def test_a_grok_elsewhere_counts_reasoning_outside_where_no_total_tells():
    raw = usage(12, 1, **reasoning(228))
    assert counts(raw, "azure", model="grok-4-fast-reasoning")[0] == (12, 0, 0, 1, 228)


REPAIRED = {
    "more cached than prompt: xai": (
        "xai",
        usage(351, 40, 391, **cached(514)),  # all that was read is billed, see tests/pricing
        (0, 514, 0, 40, 0),
        "cached_exceeds_prompt",
    ),
    "more cached than prompt: mistral": (
        "mistral",
        usage(176, 111, 287, **cached(256)),
        (0, 176, 0, 111, 0),
        "cached_exceeds_prompt",
    ),
    "a cache refresh is a read: gemini behind openrouter": (
        "openrouter",
        usage(2168, 50, 2218, **cached(2161, cache_write_tokens=2161)),
        (7, 2161, 0, 50, 0),
        "cache_write_exceeds_prompt",
    ),
    "reads and writes that overlap": (
        "openrouter",
        usage(2005, 50, 2055, **cached(10, cache_write_tokens=2000)),
        (0, 10, 1995, 50, 0),
        "cache_write_exceeds_prompt",
    ),
    "more written than prompt": (
        "openrouter",
        usage(100, 50, 150, **cached(0, cache_write_tokens=120)),
        (0, 0, 100, 50, 0),
        "cache_write_exceeds_prompt",
    ),
    "reasoning over completion, inside: openrouter": (
        "openrouter",
        usage(20, 10, 30, **reasoning(11)),
        (20, 0, 0, 0, 10),
        "reasoning_exceeds_completion",
    ),
    "thinking only in the total: gemini": ("gemini", usage(66, 6, 100), (66, 0, 0, 6, 28), "hidden_output"),
    "thinking only in the total, again": ("gemini", usage(35, 12, 109), (35, 0, 0, 12, 62), "hidden_output"),
    "a total that its parts do not make": ("openai", usage(66, 6, 100), (66, 0, 0, 6, 0), "total_mismatch"),
    "a total below its parts": ("openai", usage(66, 6, 70), (66, 0, 0, 6, 0), "total_mismatch"),
    "a prompt only": ("openai", {"prompt_tokens": 20}, (20, 0, 0, 0, 0), "partial_usage"),
    "a completion only": ("openai", {"completion_tokens": 20}, (0, 0, 0, 20, 0), "partial_usage"),
    "a prompt that is no number": ("openai", usage("20", 5), (0, 0, 0, 5, 0), "partial_usage"),
}


@pytest.mark.parametrize(("dialect", "raw", "expected", "anomaly"), REPAIRED.values(), ids=REPAIRED)
def test_a_contradiction_is_repaired_and_said(dialect, raw, expected, anomaly):
    assert counts(raw, dialect) == (expected, (anomaly,))


@pytest.mark.parametrize(
    "raw",
    [
        {},
        usage(0, 0, 0),
        usage(None, None, None),
        usage("20", "5", "25"),
        usage(True, True, True),
        usage(-1, -1, -2),
        usage(float("nan"), float("inf"), 0),
        usage(10**13, 10**13, 0),
        usage(1.5, 2.5, 0),
        {"total_tokens": 25},
        usage(0, 0, 25),
        usage(0, None, 25),
        {"prompt_tokens_details": {"cached_tokens": 3}},
        {"cost": 0.1},
    ],
)
def test_what_states_no_believable_count_is_no_usage(raw):
    assert normal_form(raw, dialect="openai", model=None) is None


def test_zero_on_one_side_is_a_count():
    assert counts(usage(20, 0, 20)) == ((20, 0, 0, 0, 0), ())


NUMBERS = st.one_of(
    st.integers(-5, 2000), st.none(), st.booleans(), st.floats(), st.text(max_size=3), st.just({}), st.just(10**30)
)
DETAILS = st.one_of(
    NUMBERS,
    st.dictionaries(
        st.sampled_from(["cached_tokens", "cache_write_tokens", "reasoning_tokens", "audio_tokens"]), NUMBERS
    ),
)
KEYS = [
    *("prompt_tokens", "completion_tokens", "total_tokens", "input_tokens", "output_tokens", "reasoning_tokens"),
    *("cached_tokens", "prompt_tokens_details", "completion_tokens_details", "input_tokens_details"),
    *("output_tokens_details", "prompt_cache_hit_tokens", "cache_creation_input_tokens", "prompt_audio_seconds"),
]
DIALECTS = st.sampled_from(["openai", "xai", "gemini", "azure", "generic"])


@given(st.dictionaries(st.sampled_from(KEYS), DETAILS), DIALECTS)
@settings(deadline=None, max_examples=500)
def test_no_usage_however_odd_makes_a_negative_count_or_raises(raw, dialect):
    found = normal_form(raw, dialect=dialect, model=None)
    if found is not None:
        assert all(isinstance(count, int) and count >= 0 for _, count in found.by_kind())
        assert found.prompt + found.completion > 0


SMALL = st.integers(0, 2000)


@given(st.tuples(SMALL, SMALL, SMALL, SMALL, SMALL), DIALECTS)
@settings(deadline=None, max_examples=500)
def test_nothing_is_counted_twice(parts, dialect):
    """Whatever the parts claim, the prompt's kinds make the prompt; the completion's, it or it and the reasoning."""
    prompt, completion, read, written, thought = parts
    raw = usage(prompt, completion, **cached(read, cache_write_tokens=written), **reasoning(thought))
    found = normal_form(raw, dialect=dialect, model=None)
    if not prompt and not completion:
        assert found is None
        return
    assert found is not None
    assert found.prompt == (max(read, prompt) if dialect == "xai" else prompt)
    assert found.completion == (completion + thought if dialect == "xai" else completion)
    assert found.cache_read == (read if dialect == "xai" else min(read, prompt))


# -- several usage objects in one reply ------------------------------------------------------------------


def merged(*objects):
    merge = UsageMerge()
    for each in objects:
        merge.add(each)
    return merge.value


def test_cumulative_usage_in_every_chunk_is_not_added_up():
    assert merged(*(usage(10, n, 10 + n) for n in range(1, 25))) == usage(10, 24, 34)


def test_null_usage_in_every_chunk_but_the_last_is_no_usage():
    assert merged(None, None, usage(10, 5, 15)) == usage(10, 5, 15)
    assert merged(None, None) is None


def test_a_null_after_the_usage_does_not_undo_it():
    assert merged(usage(10, 5, 15), None, usage(None, None, None)) == usage(10, 5, 15)


def test_zeros_first_do_not_win():
    assert merged(usage(0, 0, 0), usage(10, 5, 15)) == usage(10, 5, 15)


def test_zeros_last_do_not_win_either():
    assert merged(usage(10, 5, 15), usage(0, 0, 0, **cached(0))) == usage(10, 5, 15)


def test_a_field_that_only_the_second_stage_has_is_kept():
    assert merged(usage(10, 5, 15), usage(10, 5, 15, **cached(8))) == usage(10, 5, 15, **cached(8))


def test_a_field_that_only_the_first_stage_has_is_kept():
    first = {"input_tokens": 25, "cache_read_input_tokens": 7, "output_tokens": 1}
    assert merged(first, {"output_tokens": 15}) == {**first, "output_tokens": 15}


def test_a_correction_wins():
    assert merged({"input_tokens": 2225, "output_tokens": 1}, {"input_tokens": 9447, "output_tokens": 30}) == {
        "input_tokens": 9447,
        "output_tokens": 30,
    }


def test_details_are_merged_field_by_field():
    first = usage(10, 5, 15, **cached(8, audio_tokens=2))
    assert merged(first, usage(10, 6, 16, **cached(None))) == usage(10, 6, 16, **cached(8, audio_tokens=2))
    assert merged(first, usage(10, 6, 16, prompt_tokens_details=None)) == usage(10, 6, 16, **cached(8, audio_tokens=2))


def test_merging_leaves_what_it_was_given_alone():
    first = usage(10, 5, 15, **cached(8))
    merged(first, usage(10, 9, 19, **cached(9)))
    assert first == usage(10, 5, 15, **cached(8))


@pytest.mark.parametrize("other", [None, 3, "usage", [usage(1, 1)], True])
def test_what_is_no_object_is_no_usage(other):
    assert merged(other) is None


def test_blank_means_that_nothing_was_counted():
    assert is_blank(usage(0, 0, 0))
    assert not is_blank(usage(0, 1))
    assert not is_blank({"input_tokens": 1})


def test_the_kinds_are_disjoint_and_complete():
    powers = {kind: 2**position for position, kind in enumerate(TokenKind)}
    usage = Usage(**powers)
    assert dict(usage.by_kind()) == powers
    assert usage.prompt == 0b1111111
    assert usage.completion == 0b11110000000
