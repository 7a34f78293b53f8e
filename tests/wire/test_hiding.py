"""The extra usage chunk is taken out of a stream, and no other byte."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costproxy.wire.hiding import UsageChunkFilter, is_usage_chunk
from tests.support.slices import single_bytes, sliced, two_slices

USAGE = '{"id":"c","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}}'
FINISH = '{"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":9}}'
TEXT = '{"id":"c","choices":[{"index":0,"delta":{"content":"wörds 🧮"}}],"usage":null}'
AZURE = '{"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[]}'
ERROR = '{"error":{"message":"no"},"choices":[],"usage":{"prompt_tokens":1}}'
QUOTED = json.dumps({"choices": [{"delta": {"content": f"data: {USAGE}\n\n"}}]})
NEWLINES = ["\n", "\r\n", "\r"]
KEPT = {"text": TEXT, "finish": FINISH, "azure": AZURE, "error": ERROR, "quoted": QUOTED, "done": "[DONE]", "odd": "{,"}


def event(payload: str, newline: str = "\n") -> bytes:
    return f"data: {payload}{newline}{newline}".encode()


def passed(slices: list[bytes]) -> bytes:
    stream = UsageChunkFilter()
    return b"".join([*map(stream.feed, slices), stream.rest()])


def stream_of(newline: str, usage: str) -> bytes:
    start = f": heartbeat{newline}{newline}".encode()
    return (
        start
        + b"".join(event(each, newline) for each in (AZURE, TEXT, FINISH))
        + b"".join(event(each, newline) for each in ([usage] if usage else []) + ["[DONE]"])
    )


@pytest.mark.parametrize("newline", NEWLINES)
def test_all_but_the_usage_chunk_passes_wherever_the_stream_is_cut(newline):
    whole, without = stream_of(newline, USAGE), stream_of(newline, "")
    assert passed([whole]) == without
    assert passed(single_bytes(whole)) == without
    for slices in two_slices(whole):
        assert passed(slices) == without, slices


@pytest.mark.parametrize("newline", NEWLINES)
def test_a_stream_without_it_passes_untouched_wherever_it_is_cut(newline):
    whole = stream_of(newline, "")
    for slices in two_slices(whole):
        assert passed(slices) == whole, slices


EVENTS = st.lists(st.tuples(st.sampled_from([*KEPT.values(), USAGE]), st.sampled_from(NEWLINES)), max_size=8).map(
    lambda drawn: [(payload == USAGE, event(payload, newline)) for payload, newline in drawn]
)


@given(EVENTS, st.data())
@settings(deadline=None, max_examples=400)
def test_whatever_the_line_ends_and_slices_only_usage_chunks_go(events, data):
    whole = b"".join(raw for _, raw in events)
    _, slices = data.draw(sliced(st.just(whole)))
    assert passed(slices) == b"".join(raw for hidden, raw in events if not hidden)


@given(sliced(st.binary(max_size=400)))
@settings(deadline=None, max_examples=300)
def test_what_is_no_event_stream_passes_untouched(given_slices):
    whole, slices = given_slices
    assert passed(slices) == whole


@pytest.mark.parametrize("payload", KEPT.values(), ids=KEPT)
def test_whatever_else_looks_like_it_stays(payload):
    assert not is_usage_chunk(event(payload))


@pytest.mark.parametrize(
    "raw",
    [
        event(USAGE),
        event(USAGE, "\r\n"),
        event(USAGE).replace(b"data: ", b"data:"),
        b"id: 7\n" + event(USAGE),
        event(USAGE.replace(":", " :\t")),
        event(USAGE)[:-1],
        event(USAGE)[:-2],
    ],
)
def test_the_usage_chunk_is_known_in_every_spelling(raw):
    assert is_usage_chunk(raw)
    assert passed([raw]) == b""


def test_a_usage_chunk_that_lacks_its_blank_line_is_taken_out_at_the_end():
    assert passed([event(TEXT) + event(USAGE)[:-1]]) == event(TEXT)


def test_half_a_usage_chunk_passes_as_the_upstream_left_it():
    assert passed([event(TEXT) + event(USAGE)[:60]]) == event(TEXT) + event(USAGE)[:60]


def test_blank_lines_after_a_usage_chunk_pass():
    assert passed([event(USAGE) + b"\n"]) == b"\n"
    assert passed([event(USAGE), b"\n", b"\n" + event(TEXT)]) == b"\n\n" + event(TEXT)
    assert passed([event(USAGE, "\r"), b"\r"]) == b"\r"


def test_the_line_feed_of_a_hidden_event_goes_with_it_and_that_of_a_kept_one_stays():
    assert passed([event(USAGE, "\r\n")[:-1], b"\n", event(TEXT)]) == event(TEXT)
    kept = event(TEXT, "\r\n")
    assert passed([kept[:-1], b"\n" + event(USAGE, "\r\n") + event("[DONE]")]) == kept + event("[DONE]")
    assert passed([event(USAGE, "\r") + b"data: x", b"\n\n"]) == b"data: x\n\n"


def test_an_event_is_passed_on_as_soon_as_it_is_whole():
    stream = UsageChunkFilter()
    assert stream.feed(event(TEXT)[:-1]) == b""
    assert stream.feed(b"\n") == event(TEXT)
    assert stream.feed(event(TEXT, "\r\n")[:-1]) == event(TEXT, "\r\n")[:-1]


@pytest.mark.parametrize("size", [65_000, 66_000, 500_000])
def test_what_stands_before_and_after_a_long_event_passes_with_it(size):
    long = event(json.dumps({"choices": [{"delta": {"content": "x" * size}}]}))
    whole = event(TEXT) + event(USAGE) + long + event(USAGE) + event("[DONE]")
    without = event(TEXT) + long + event("[DONE]")
    cuts = [len(event(TEXT)) + len(event(USAGE)) + size - 100, len(whole) - 5]
    assert passed([whole]) == without
    assert passed([whole[: cuts[0]], whole[cuts[0] : cuts[1]], whole[cuts[1] :]]) == without


def test_an_event_too_long_to_be_one_is_not_held_back():
    stream = UsageChunkFilter()
    assert stream.feed(b"data: " + b"x" * 65_530) == b""
    assert len(stream.feed(b"x")) == 65_537
    assert stream.feed(b"more\n\n") == b"more\n\n"


def test_hidden_chunks_are_counted():
    stream = UsageChunkFilter()
    stream.feed(event(USAGE) + event(TEXT) + event(USAGE)[:-1])
    stream.rest()
    assert stream.hidden == 2
