"""Prompts that were too long: each wording is known, its numbers are read, and no look-alike is taken for one."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costproxy.model import ReplyError
from costproxy.wire import errors, overflow
from tests.support.data import recordings
from tests.wire.overflow_wordings import LOOK_ALIKES, OVERFLOWS


def body(message: str, **further: object) -> bytes:
    return json.dumps({"error": {"message": message, "type": "invalid_request_error", **further}}).encode()


@pytest.mark.parametrize(("status", "message", "named"), OVERFLOWS.values(), ids=OVERFLOWS)
def test_every_wording_is_known_with_the_numbers_it_names(status, message, named):
    limit, requested = named
    said = errors.read(body(message), status)
    assert said == ReplyError(kind=errors.CONTEXT, limit=limit, requested=requested)
    assert errors.read(message.encode(), status) == said
    assert errors.read(json.dumps([{"error": message}]).encode(), status) == said
    in_stream = errors.read_object({"error": {"message": message}})
    assert in_stream == ReplyError(kind=errors.CONTEXT, in_stream=True, limit=limit, requested=requested)


@pytest.mark.parametrize(("status", "message"), LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_what_only_looks_like_it_is_told_from_it(status, message):
    said = errors.read(body(message), status)
    assert said.kind != errors.CONTEXT
    assert (said.limit, said.requested) == (None, None)


def test_there_are_enough_of_both():
    assert len(OVERFLOWS) >= 30
    assert len(LOOK_ALIKES) >= 20


def test_numbers_beside_the_message_are_read():
    said = errors.read(body("…", type="exceed_context_size_error", n_ctx=4096, n_prompt_tokens=5001), 400)
    assert said == ReplyError(kind=errors.CONTEXT, limit=4096, requested=5001)


def test_what_a_routers_upstream_said_is_read():
    raw = json.dumps({"error": {"message": OVERFLOWS["poolside"][1]}})
    said = errors.read(body("Provider returned error", code=400, metadata={"raw": raw}), 400)
    assert said == ReplyError(kind=errors.CONTEXT, limit=131040, requested=131393)


@pytest.mark.parametrize("detail", [OVERFLOWS["sglang"][1], [{"loc": ["body"], "msg": OVERFLOWS["sglang"][1]}]])
def test_what_a_validator_said_is_read(detail):
    assert errors.read(json.dumps({"detail": detail}).encode(), 422).limit == 262144


def test_a_code_alone_names_no_numbers():
    said = errors.read(body("Limit 5, Requested 7", code="context_length_exceeded"), 400)
    assert said == ReplyError(kind=errors.CONTEXT)


def test_a_rate_that_is_too_small_for_a_request_is_told_from_a_context_under_any_status():
    message = LOOK_ALIKES["groq, larger than its rate"][1]
    assert errors.classify(body(message, type="tokens", code="rate_limit_exceeded"), 413) == errors.OVERSIZED


@pytest.mark.parametrize("number", ["0", "99999999999999", "12345678901"])
def test_numbers_beyond_reason_are_none(number):
    assert overflow.numbers(f"This model's maximum context length is {number} tokens.") == (None, None)


def test_every_recorded_overflow_names_what_a_reader_finds():
    found = {
        each.name: (said.limit, said.requested)
        for each in recordings()
        if each.status >= 400 and (said := errors.read(each.body, each.status)).kind == errors.CONTEXT
    }
    read = {
        "cohere/o01-error-400": (288000, 313836),
        "ollama/o01-error-400": (None, None),
        "openai-responses/o01-error-400": (None, None),
        "openrouter/o01-error-400": (200000, 2500021),
        "xai/o01-error-400": (131072, 625078),
    }
    assert {name: numbers for name, numbers in found.items() if name in read} == read


@pytest.mark.parametrize(
    "piece",
    [
        "1",
        "1,",
        "maximum context length is ",
        "maximum context length ",
        "context limit: 1 + 1",
        "input token count (",
        "prompt tokens (1",
        "given: 1 `inputs` tokens and ",
        "`inputs` must have less than 1",
        "exceeds the maximum ",
        "exceed ",
        "per ",
        " ",
        "(requested: ",
    ],
)
def test_a_hostile_text_is_read_in_bounded_time(piece):
    text = ("maximum context length " + piece * 70_000)[: 64 * 1024]
    started = time.process_time()
    errors.read(body(text), 400)
    errors.read(text.encode(), 400)
    assert time.process_time() - started < 0.25


@given(st.lists(st.sampled_from([*"0123456789,()> `[", "maximum context length is", " tokens", "requested ", "é"])))
def test_anything_gives_counts_or_nothing(pieces):
    for number in overflow.numbers("maximum context length is 5" + "".join(pieces)):
        assert number is None or 0 < number <= 10**9
