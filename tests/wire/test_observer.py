"""One exchange seen from its bytes: streams and documents, plain and compressed, hostile and endless."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costproxy.demo.chat import Chat, usage
from costproxy.demo.coding import encoded
from costproxy.demo.frames import Comment, done, written
from costproxy.model import ChatReply, ChatRequest
from costproxy.wire.observer import Limits, Observer
from tests.support.slices import cut, single_bytes, sliced, slicings, two_slices

CHAT = Chat(model="gpt-4o")
FRAMES = [Comment("OPENROUTER PROCESSING"), *CHAT.text("wörds ", "🧮", usage=usage(9, 2)), done()]
STREAM = b"".join(map(written, FRAMES))
DOCUMENT = json.dumps(CHAT.completion("wörds 🧮", usage(9, 2)), ensure_ascii=False).encode()
ENCODINGS = ["", "gzip", "deflate", "br", "zstd", "gzip, br"]


def facts(slices, encoding="", status=200, limits=None, dialect="openai") -> tuple[ChatReply, str | None]:
    """Return what is made of a reply that arrives in these slices, one a second."""
    observer = Observer(limits or Limits())
    observer.head(status, encoding)
    for at, piece in enumerate(slices):
        observer.body(piece, float(at))
    return observer.facts(dialect, float(len(slices))), observer.unmetered


def timeless(reply: ChatReply):
    return reply.model, reply.finish_reasons, reply.usage, reply.error, reply.complete, reply.streamed


WHOLE_STREAM = timeless(facts([STREAM])[0])
WHOLE_DOCUMENT = timeless(facts([DOCUMENT])[0])


def test_a_stream_and_a_document_of_the_same_reply_say_the_same():
    assert WHOLE_STREAM[:5] == WHOLE_DOCUMENT[:5]
    assert WHOLE_STREAM[5] is True
    assert WHOLE_DOCUMENT[5] is False
    assert WHOLE_DOCUMENT[2].prompt == 9
    assert WHOLE_DOCUMENT[2].completion == 2


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(
    ("body", "expected"), [(STREAM, WHOLE_STREAM), (DOCUMENT, WHOLE_DOCUMENT)], ids=["sse", "json"]
)
def test_no_cut_and_no_encoding_changes_a_fact(encoding, body, expected):
    coded = encoded(body, encoding or None)
    for slices in ([coded], single_bytes(coded), *two_slices(coded)):
        reply, unmetered = facts(slices, encoding)
        assert timeless(reply) == expected, slices
        assert unmetered is None


@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize(
    "start", [b"", b"\xef\xbb\xbf", b"\n\n", b"\r\n" * 9, b": hi\n\n", b"event: x\n", b"id: 1\n", b"retry: 1\n"]
)
def test_a_stream_is_known_by_its_first_bytes(newline, start):
    body = start.replace(b"\n", newline) + b"".join(written(frame, newline) for frame in FRAMES[1:])
    for slices in ([body], single_bytes(body), cut(body, [1, 2]), cut(body, [8, 9])):
        assert timeless(facts(slices)[0]) == WHOLE_STREAM


@pytest.mark.parametrize("start", [b"", b"\n", b"\n\n\r\n \t" * 20, b" " * 40_000, b"\xef\xbb\xbf"])
def test_a_document_is_known_by_its_first_bytes(start):
    for slices in ([start + DOCUMENT], [*single_bytes(start)[-50:], DOCUMENT], [start, *single_bytes(DOCUMENT)]):
        reply, unmetered = facts(slices)
        assert timeless(reply) == WHOLE_DOCUMENT
        assert unmetered is None


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_stream_that_drips_in_is_told_from_a_document_in_any_encoding(encoding):
    # More than a batch, so that the decision falls while the reply is still coming in.
    body = b"".join(written(CHAT.content("x" * 400)) for _ in range(120)) + STREAM
    coded = encoded(body, encoding or None) if encoding else body
    assert timeless(facts(single_bytes(coded), encoding)[0]) == WHOLE_STREAM


def test_heartbeats_for_minutes_are_not_held():
    observer = Observer(Limits(body=100_000))
    observer.head(200, "")
    for at in range(1000):
        observer.body(b"\n" * 1000, float(at))
    assert observer.weight < 100_000
    observer.body(DOCUMENT, 1000.0)
    assert timeless(observer.facts("openai", 1001.0)) == WHOLE_DOCUMENT
    assert observer.unmetered is None


def test_the_times_of_tokens_are_those_at_which_their_pieces_arrived():
    pieces = [written(frame) for frame in FRAMES]
    reply, _ = facts(pieces)
    assert (reply.first_token_at, reply.last_token_at) == (2.0, 3.0)
    halves = [half for piece in pieces for half in (piece[:10], piece[10:])]
    reply, _ = facts(halves)
    assert (reply.first_token_at, reply.last_token_at) == (5.0, 7.0)


# -- what breaks off, and what is not what it is named --------------------------------------------------------


def test_a_stream_that_breaks_off_keeps_what_came():
    cut_off = STREAM[: STREAM.index(b'"finish_reason":"stop"')]
    reply, unmetered = facts([cut_off])
    assert not reply.complete
    assert reply.finish_reasons == ()
    assert reply.model == "gpt-4o"
    assert unmetered is None


@pytest.mark.parametrize(("encoding", "lacking"), [("gzip", 8), ("deflate", 4), ("br", 1), ("zstd", 3)])
def test_a_compressed_stream_that_breaks_off_keeps_what_came(encoding, lacking):
    coded = encoded(STREAM, encoding)
    reply, unmetered = facts([coded[:-lacking]], encoding)
    assert timeless(reply) == WHOLE_STREAM
    assert unmetered is None


def test_the_last_event_may_lack_its_blank_line():
    assert timeless(facts([STREAM.rstrip(b"\n")])[0]) == WHOLE_STREAM


def test_a_stream_of_nothing_but_heartbeats_is_a_stream():
    assert facts([b": ping\n\n", b": ping\n\n"]) == (ChatReply(streamed=True), None)


def test_half_a_document_has_no_facts():
    assert facts([DOCUMENT[:-10]]) == (ChatReply(), None)


def test_an_empty_reply_has_no_facts():
    assert facts([]) == (ChatReply(), None)
    assert facts([b""]) == (ChatReply(), None)
    assert facts([b"\n", b" "]) == (ChatReply(), None)


def test_no_reply_has_no_facts():
    assert Observer(Limits()).facts("openai", 1.0) == ChatReply()


@pytest.mark.parametrize("body", [b"{}", b"[]", b"7", b"d", b"data", b"data:", b":"])
def test_a_reply_of_a_few_bytes_is_looked_at_too(body):
    for slices in ([body], single_bytes(body)):
        assert facts(slices)[0].usage is None


def test_an_error_body_is_classified_at_any_cut():
    body = b'\n{"error":{"code":"context_length_exceeded"}}'
    for slices in ([body], single_bytes(body)):
        reply, _ = facts(slices, status=400)
        assert reply.error is not None
        assert reply.error.kind == "context_exceeded"
    assert facts([], status=429)[0].error is not None


def test_an_error_may_come_as_an_event_with_an_error_status():
    reply, _ = facts([b'event: error\ndata: {"error":{"code":"insufficient_quota"}}\n\n'], status=429)
    assert reply.error is not None
    assert reply.error.kind == "quota"


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd", "deflate"])
def test_a_reply_that_is_not_coded_as_named_is_unmetered(encoding):
    assert facts([STREAM], encoding) == (ChatReply(), "reply_encoding")


def test_an_encoding_that_is_not_known_is_unmetered():
    assert facts([STREAM], "compress") == (ChatReply(), "reply_encoding")


def test_what_was_read_before_the_data_broke_is_kept():
    coded = encoded(STREAM, "gzip")
    reply, unmetered = facts([coded, b"rubbish after the end"], "gzip")
    assert timeless(reply) == WHOLE_STREAM
    assert unmetered == "reply_encoding"


# -- caps ------------------------------------------------------------------------------------------------------


def test_a_document_may_be_as_long_as_the_cap_and_no_longer():
    assert facts([DOCUMENT], limits=Limits(body=len(DOCUMENT)))[1] is None
    reply, unmetered = facts([DOCUMENT], limits=Limits(body=len(DOCUMENT) - 1))
    assert (reply, unmetered) == (ChatReply(), "reply_too_large")


def test_a_stream_is_bounded_by_event_and_not_as_a_whole():
    limits = Limits(body=600)
    assert len(STREAM) > 600
    assert timeless(facts([STREAM * 3], limits=limits)[0]) == WHOLE_STREAM
    long = written(CHAT.content("x" * 1000))
    reply, unmetered = facts([STREAM[:300], long[:900], long[900:]], limits=limits)
    assert unmetered == "reply_too_large"
    assert reply.usage is None


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd"])
def test_a_bomb_is_unmetered_and_what_stood_before_it_is_kept(encoding):
    coded = encoded(STREAM, encoding)
    bomb = encoded(STREAM + b"\n" * 10_000_000, encoding)
    limits = Limits(decoded=1_000_000)
    assert facts([bomb], encoding, limits=limits)[1] == "reply_too_large"
    if encoding == "gzip":
        reply, unmetered = facts([coded, encoded(b"\n" * 10_000_000, encoding)], encoding, limits=limits)
        assert timeless(reply) == WHOLE_STREAM
        assert unmetered == "reply_too_large"


def test_little_is_held_of_a_long_stream():
    observer = Observer(Limits())
    observer.head(200, "")
    event = written(CHAT.content("x" * 2000))
    heaviest = 0
    for at in range(1000):
        observer.body(event, float(at))
        heaviest = max(heaviest, observer.weight)
    assert heaviest < 64 * 1024


def test_after_a_document_beyond_the_cap_nothing_is_held():
    observer = Observer(Limits(body=100_000))
    observer.head(200, "")
    for at in range(100):
        observer.body(b"x" * 10_000, float(at))
    assert observer.weight < 100_000
    assert observer.facts("openai", 100.0) == ChatReply()
    assert observer.unmetered == "reply_too_large"


# -- the request -------------------------------------------------------------------------------------------------

REQUEST = b'{"model":"m","messages":[1,2]}'


def asked(body: bytes, encoding: str = "", limits: Limits | None = None) -> tuple[ChatRequest | None, str | None]:
    observer = Observer(limits or Limits())
    observer.request_body(body, encoding)
    return observer.read_request(), observer.unmetered


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_request_is_read_in_any_encoding(encoding):
    assert asked(encoded(REQUEST, encoding or None), encoding) == (ChatRequest(model="m", messages=2), None)


def test_a_request_that_cannot_be_read_says_why():
    assert asked(b"not json") == (None, "request_unreadable")
    assert asked(REQUEST, "gzip") == (None, "request_encoding")
    assert asked(REQUEST, "nonsense") == (None, "request_encoding")
    assert asked(encoded(REQUEST, "gzip")[:20], "gzip") == (None, "request_unreadable")
    bomb = encoded(b" " * 50_000_000, "gzip")
    assert asked(bomb, "gzip", Limits(decoded=1000)) == (None, "request_too_large")


def test_the_first_reason_stands():
    observer = Observer(Limits())
    observer.cannot("request_too_large")
    observer.head(200, "nonsense")
    assert observer.unmetered == "request_too_large"


def test_a_request_is_read_once_and_then_weighs_nothing():
    observer = Observer(Limits())
    observer.request_body(REQUEST)
    assert observer.weight == len(REQUEST)
    assert observer.read_request() is observer.read_request()
    assert observer.weight == 0
    assert observer.request == ChatRequest(model="m", messages=2)


def test_facts_read_the_request_too():
    observer = Observer(Limits())
    observer.request_body(REQUEST)
    observer.facts("openai", 1.0)
    assert observer.request == ChatRequest(model="m", messages=2)


def test_the_model_that_was_asked_for_decides_what_arithmetic_cannot():
    reply = {"choices": [], "usage": {"prompt_tokens": 12, "completion_tokens": 1, "reasoning_tokens": 5}}
    observer = Observer(Limits())
    observer.request_body(b'{"model":"grok-4"}')
    observer.head(200, "")
    observer.body(json.dumps(reply).encode(), 0.0)
    usage_of = observer.facts("generic", 1.0).usage
    assert usage_of is not None
    assert (usage_of.output, usage_of.reasoning) == (1, 5)


# -- anything at all ------------------------------------------------------------------------------------------------


@given(
    sliced(st.binary(max_size=400)),
    st.sampled_from([*ENCODINGS, "nonsense", "gzip;q=1", "\xff"]),
    st.sampled_from([0, 200, 204, 302, 400, 429, 500, 999]),
    st.sampled_from([1, 100, 10_000]),
)
@settings(deadline=None, max_examples=500)
def test_garbage_never_raises(given_slices, encoding, status, cap):
    _, slices = given_slices
    facts(slices, encoding, status, Limits(body=cap, decoded=cap))
    asked(b"".join(slices), encoding, Limits(decoded=cap))


@given(st.data(), st.sampled_from(ENCODINGS), st.sampled_from([STREAM, DOCUMENT]))
@settings(deadline=None, max_examples=300)
def test_a_reply_with_spoilt_bytes_never_raises(data, encoding, body):
    coded = bytearray(encoded(body, encoding or None))
    for place in data.draw(st.lists(st.integers(0, len(coded) - 1), max_size=5)):
        coded[place] = data.draw(st.integers(0, 255))
    facts(data.draw(slicings(bytes(coded))), encoding)


ODD_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["choices", "usage", "error", "model", "delta", "index", "finish_reason", "x_groq", "code"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=15,
)


@given(st.lists(ODD_JSON, max_size=5), st.sampled_from(["openai", "xai", "gemini"]))
@settings(deadline=None, max_examples=400)
def test_chunks_of_any_shape_never_raise(values, dialect):
    facts([b"data: " + json.dumps(value).encode() + b"\n\n" for value in values], dialect=dialect)
    for value in values:
        facts([json.dumps(value).encode()], dialect=dialect)
        facts([json.dumps(value).encode()], status=400, dialect=dialect)
