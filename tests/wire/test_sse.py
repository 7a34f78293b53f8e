"""Server-sent events: the same payloads at any byte split, in every legal spelling."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costproxy.errors import WireError
from costproxy.wire.sse import EventSplitter, EventTooLongError, SSEDecoder, event_data, is_heartbeat
from tests.support.slices import single_bytes, sliced, two_slices

LIMIT = 8 * 1024 * 1024
NEWLINES = [b"\n", b"\r\n", b"\r"]

# One of everything that the standard allows, its payloads beside it. Multi-byte characters are cut like all else,
# and what other line splitters take for line ends (U+2028, U+0085, form feed) is content here.
LINES = [
    "\ufeff: a comment first",
    "",
    'data: {"a":1}',
    "",
    'data:{"b":"ünïcödé 🧮 \u2028 \u0085 \x0c"}',
    "",
    ": OPENROUTER PROCESSING",
    "",
    "event: error",
    "id: 7",
    "retry: 100",
    "data: first line",
    "data:  second line, one more space",
    "data",
    "data:",
    "unknown: field",
    "data : not data",
    "",
    "",
    "",
    "data: [DONE]",
    "",
]
PAYLOADS = [
    b'{"a":1}',
    '{"b":"ünïcödé 🧮 \u2028 \u0085 \x0c"}'.encode(),
    b"first line\n second line, one more space\n\n",
    b"[DONE]",
]


def transcript(newline: bytes) -> bytes:
    return b"".join(line.encode() + newline for line in LINES)


def payloads(slices: list[bytes], limit: int = LIMIT) -> list[bytes]:
    decoder = SSEDecoder(limit)
    fed = [payload for piece in slices for payload in decoder.feed(piece)]
    return [*fed, *decoder.finish()]


@pytest.mark.parametrize("newline", NEWLINES)
def test_every_legal_spelling_gives_its_payload(newline):
    assert payloads([transcript(newline)]) == PAYLOADS


@pytest.mark.parametrize("newline", NEWLINES)
def test_cutting_at_any_byte_changes_nothing(newline):
    for slices in two_slices(transcript(newline)):
        assert payloads(slices) == PAYLOADS, slices


@pytest.mark.parametrize("newline", NEWLINES)
def test_byte_by_byte_changes_nothing(newline):
    assert payloads(single_bytes(transcript(newline))) == PAYLOADS


PIECES = st.sampled_from(
    [
        b"\n",
        b"\r",
        b"\r\n",
        b"\n\n",
        b"\r\r",
        b"\r\n\r\n",
        b"data",
        b":",
        b" ",
        b"data: a",
        b"data:b",
        b"event: x",
        b": c",
    ]
)


@given(sliced(st.lists(PIECES, max_size=25).map(b"".join)))
@settings(deadline=None, max_examples=500)
def test_any_mixture_of_line_ends_gives_the_same_in_any_slicing(given_slices):
    whole, slices = given_slices
    assert payloads(slices) == payloads([whole])


@given(sliced(st.lists(PIECES, max_size=25).map(b"".join)))
@settings(deadline=None, max_examples=500)
def test_splitting_loses_and_adds_no_byte(given_slices):
    whole, slices = given_slices
    splitter = EventSplitter(LIMIT)
    events = [event for piece in slices for event in splitter.feed(piece)]
    assert b"".join(events) + splitter.rest() == whole


@given(st.lists(PIECES, max_size=25).map(b"".join))
@settings(deadline=None, max_examples=500)
def test_the_payloads_are_those_of_the_standard_read_line_by_line(whole):
    # The fast decoder against the standard's own algorithm, but for the last event, which may lack its blank line.
    assert payloads([whole]) == by_the_standard(whole)


def by_the_standard(stream: bytes) -> list[bytes]:
    """Interpret a stream line by line as WHATWG HTML 9.2.6 has it, a last unfinished event included."""
    lines = stream.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    found: list[bytes] = []
    buffer: list[bytes] = []
    for line in [*lines, b""]:
        name, _, value = line.partition(b":")
        if not line and buffer:
            found.append(b"\n".join(buffer))
            buffer = []
        elif name == b"data":
            buffer.append(value.removeprefix(b" "))
    return found


def test_an_event_is_given_as_soon_as_its_blank_line_is_whole():
    decoder = SSEDecoder(LIMIT)
    assert decoder.feed(b"data: a\n") == []
    assert decoder.feed(b"\n") == [b"a"]
    assert decoder.feed(b"data: b\r\r") == [b"b"]
    assert decoder.feed(b"data: c\r\n\r") == [b"c"]
    assert decoder.feed(b"\ndata: d\n\n") == [b"d"]


@pytest.mark.parametrize("cut", [8, 9, 10])
def test_a_line_end_cut_in_two_is_no_event_of_its_own(cut):
    data = b"data: a\r\n\r\n"
    splitter = EventSplitter(LIMIT)
    events = [*splitter.feed(data[:cut]), *splitter.feed(data[cut:])]
    assert [event_data(event) for event in events if event_data(event) is not None] == [b"a"]
    assert b"".join(events) == data


def test_an_event_of_three_megabytes_in_small_slices_comes_whole():
    payload = b'{"x":"' + b"a" * 3_000_000 + b'"}'
    data = b"data: " + payload + b"\n\n"
    slices = [data[at : at + 1000] for at in range(0, len(data), 1000)]
    assert payloads(slices) == [payload]


def test_an_event_may_be_as_long_as_the_limit_and_no_longer():
    payload = b"a" * 94
    assert payloads([b"data: " + payload, b"\n\n"], limit=100) == [payload]
    with pytest.raises(WireError, match="expected an event of at most 100 bytes, found more"):
        payloads([b"data: " + payload + b"a", b"\n\n"], limit=100)


def test_what_was_whole_before_an_endless_event_is_not_lost():
    splitter = EventSplitter(10)
    with pytest.raises(EventTooLongError) as caught:
        splitter.feed(b"data: a\n\ndata: " + b"b" * 20)
    assert caught.value.events == [b"data: a\n\n"]
    assert splitter.rest() == b"data: " + b"b" * 20


def test_an_event_that_lacks_only_its_blank_line_counts_at_the_end():
    assert payloads([b"data: a\n\ndata: b"]) == [b"a", b"b"]
    assert payloads([b"data: a\n\ndata: b\n"]) == [b"a", b"b"]
    assert payloads([b"data: a\n\n: comment"]) == [b"a"]


@pytest.mark.parametrize("chunk", [b": keep-alive\n\n", b"\n", b"\r\n\r\n", b":\n", b"  \n", b": ping - 1\r\n\r\n"])
def test_comments_and_blanks_are_heartbeats(chunk):
    assert is_heartbeat(chunk)


@pytest.mark.parametrize(
    "chunk", [b"data: a\n\n", b": c\n\ndata: a\n\n", b"{}", b" {}", b"\n\n{}", b"event: ping\n\n", b""]
)
def test_content_is_no_heartbeat(chunk):
    assert not is_heartbeat(chunk)
