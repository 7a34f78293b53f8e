"""The facts of a reply of the Messages API, folded from its events or read from its one document."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from costproxy.model import ChatReply, ReplyCall, ReplyError, ReplyMessage, SeenText
from costproxy.wire import errors
from costproxy.wire.messages_reply import MessagesFolder

MODEL = "claude-sonnet-4-6"
PING = {"type": "ping"}
STOP = {"type": "message_stop"}


def start(**usage: Any) -> dict[str, Any]:
    usage = {"input_tokens": 25, "output_tokens": 1, **usage}
    message = {"id": "msg_1", "type": "message", "model": MODEL, "content": [], "stop_reason": None, "usage": usage}
    return {"type": "message_start", "message": message}


def block(index: int, **content: Any) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": content}


def delta(index: int, kind: str, **piece: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **piece}}


def text(*pieces: str, index: int = 0) -> list[dict[str, Any]]:
    deltas = [delta(index, "text_delta", text=piece) for piece in pieces]
    return [block(index, type="text", text=""), *deltas, {"type": "content_block_stop", "index": index}]


def end(reason: str = "end_turn", **usage: Any) -> dict[str, Any]:
    return {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": {"output_tokens": 15, **usage}}


def folded(*events: Any) -> ChatReply:
    """Fold events (objects, or bytes as they are) that arrive at the seconds 1, 2, 3, …"""
    folder = MessagesFolder()
    for at, event in enumerate(events, start=1):
        folder.event(event if isinstance(event, bytes) else json.dumps(event).encode(), float(at))
    return folder.result(dialect="anthropic", asked_model="asked-model")


def document(value: Any, status: int = 200) -> ChatReply:
    folder = MessagesFolder()
    folder.document(value if isinstance(value, bytes) else json.dumps(value).encode(), status)
    return folder.result(dialect="anthropic", asked_model="asked-model")


def whole(*content: Any, reason: str = "end_turn", **usage: Any) -> dict[str, Any]:
    counted = {"input_tokens": 25, "output_tokens": 15, **usage}
    ends = {"stop_reason": reason, "stop_sequence": None}
    return {"id": "msg_1", "type": "message", "model": MODEL, "content": list(content), **ends, "usage": counted}


def tokens(reply: ChatReply) -> tuple[int, int] | None:
    return reply.usage and (reply.usage.prompt, reply.usage.completion)


# -- streams ------------------------------------------------------------------------------------------------


def test_a_stream_as_anthropic_sends_it():
    reply = folded(start(service_tier="standard"), PING, *text("Hel", "lo"), end(), STOP)
    assert (reply.id, reply.model, reply.service_tier) == ("msg_1", MODEL, "standard")
    assert reply.finish_reasons == ("stop",)
    assert tokens(reply) == (25, 15)
    assert (reply.complete, reply.streamed, reply.error, reply.seen) == (True, True, None, None)
    assert (reply.first_token_at, reply.last_token_at) == (4.0, 5.0)
    assert reply.messages == (ReplyMessage(text="Hello"),)


def test_each_count_is_the_last_one_said():
    reply = folded(start(cache_read_input_tokens=7), *text("a"), end(input_tokens=9447, output_tokens=30), STOP)
    assert tokens(reply) == (9447 + 7, 30)
    assert reply.raw_usage == {"input_tokens": 9447, "output_tokens": 30, "cache_read_input_tokens": 7}


def test_a_start_that_comes_twice_counts_once():
    assert tokens(folded(start(), start(), *text("a"), end(), STOP)) == (25, 15)


def test_a_tool_call_is_put_together_from_its_pieces():
    call = block(1, type="tool_use", id="toolu_1", name="weather", input={})
    pieces = [delta(1, "input_json_delta", partial_json=piece) for piece in ("", '{"city":', '"Berlin"}')]
    reply = folded(start(), *text("Let me see."), call, *pieces, end("tool_use"), STOP)
    assert reply.finish_reasons == ("tool_calls",)
    made = ReplyCall(id="toolu_1", name="weather", arguments='{"city":"Berlin"}')
    assert reply.messages == (ReplyMessage(text="Let me see.", calls=(made,)),)


def test_a_call_without_arguments_has_empty_ones():
    reply = folded(start(), block(0, type="tool_use", id="t", name="now", input={}), end("tool_use"), STOP)
    assert reply.messages[0].calls[0].arguments == "{}"


def test_thinking_is_a_token_and_no_part_of_the_message():
    thought = [block(0, type="thinking", thinking=""), delta(0, "thinking_delta", thinking="hm")]
    reply = folded(start(), *thought, delta(0, "signature_delta", signature="x"), *text("4", index=1), end(), STOP)
    assert reply.first_token_at == 3.0
    assert reply.messages == (ReplyMessage(text="4"),)


@pytest.mark.parametrize(
    "event",
    [
        PING,
        delta(0, "signature_delta", signature="x"),
        delta(0, "citations_delta", citation={}),
        delta(0, "text_delta", text=""),
        delta(0, "a_delta_of_tomorrow", text="x"),
        {"type": "an_event_of_tomorrow", "text": "x"},
    ],
)
def test_what_brings_no_text_is_no_token(event: dict[str, Any]):
    assert folded(start(), event, end(), STOP).first_token_at is None


def test_calls_of_tools_that_the_provider_runs_ask_nothing_of_the_client():
    search = block(0, type="server_tool_use", id="srvtoolu_1", name="web_search", input={})
    query = delta(0, "input_json_delta", partial_json='{"query":"x"}')
    result = block(1, type="web_search_tool_result", tool_use_id="srvtoolu_1", content=[{"title": "never mind"}])
    reply = folded(start(), search, query, result, *text("Found.", index=2), end(), STOP)
    assert reply.messages == (ReplyMessage(text="Found."),)
    cut = folded(start(), search, query, result, *text("Found.", index=2))
    assert cut.seen == SeenText(texts=("Found.",), calls=(("web_search", '{"query":"x"}'),))


def test_a_stream_that_breaks_off_has_no_usage_for_its_output_is_not_known():
    reply = folded(start(), *text("Hel"))
    assert (reply.usage, reply.raw_usage, reply.complete) == (None, None, False)
    assert reply.seen == SeenText(texts=("Hel",))
    assert reply.messages == (ReplyMessage(text="Hel", whole=False),)


def test_a_stream_without_its_last_event_is_complete_with_reason_and_usage():
    reply = folded(start(), *text("a"), end())
    assert reply.complete
    assert reply.messages[0].whole


def test_an_error_in_the_stream_is_the_error_of_the_reply():
    event = {"type": "error", "error": {"details": None, "type": "overloaded_error", "message": "Overloaded"}}
    reply = folded(start(), *text("a"), event)
    assert reply.error == ReplyError(kind=errors.OVERLOADED, in_stream=True)
    assert (reply.complete, reply.usage) == (False, None)


@pytest.mark.parametrize(
    ("said", "ours"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "tool_calls"),
        ("refusal", "content_filter"),
        ("pause_turn", "pause_turn"),
    ],
)
def test_why_it_stopped_is_told_in_the_words_of_chat_completions(said: str, ours: str):
    assert folded(start(), end(said), STOP).finish_reasons == (ours,)
    assert document(whole(reason=said)).finish_reasons == (ours,)


@pytest.mark.parametrize("reason", ["", None, 3, {}])
def test_a_stop_reason_that_says_nothing_is_none(reason: Any):
    assert folded(start(), {"type": "message_delta", "delta": {"stop_reason": reason}}, STOP).finish_reasons == ()


def test_what_cannot_be_read_is_passed_over_and_counted():
    folder = MessagesFolder()
    for event in (b"{", b"[]", b"\xff", b"data"):
        folder.event(event, 1.0)
    assert folder.unread == 4


# -- documents ----------------------------------------------------------------------------------------------


def test_a_document_as_anthropic_sends_it():
    call = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": [1, "é"]}}
    thought = {"type": "thinking", "thinking": "hm", "signature": "x"}
    reply = document(whole(thought, {"type": "text", "text": "Sure."}, call, reason="tool_use"))
    assert (reply.id, reply.model, reply.finish_reasons) == ("msg_1", MODEL, ("tool_calls",))
    assert tokens(reply) == (25, 15)
    assert (reply.complete, reply.streamed, reply.first_token_at) == (True, False, None)
    made = ReplyCall(id="toolu_1", name="f", arguments='{"a":[1,"é"]}')
    assert reply.messages == (ReplyMessage(text="Sure.", calls=(made,)),)


def test_texts_with_citations_are_one_text():
    blocks = [{"type": "text", "text": piece, "citations": []} for piece in ("According ", "to this.")]
    assert document(whole(*blocks)).messages[0].text == "According to this."


def test_a_document_without_usage_keeps_what_it_says_to_be_counted():
    reply = document({"id": "m", "type": "message", "content": [{"type": "text", "text": "Hi"}]})
    assert (reply.usage, reply.seen, reply.complete) == (None, SeenText(texts=("Hi",)), True)


def test_an_error_is_told_by_its_body_and_status():
    body = {"type": "error", "error": {"type": "invalid_request_error", "message": "prompt is too long: 2 tokens > 1"}}
    assert document(body, 400).error == errors.read(json.dumps(body).encode(), 400)
    reply = document(body, 200)
    assert reply.error is not None
    assert (reply.error.kind, reply.error.in_stream, reply.complete) == (errors.CONTEXT, True, False)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"<html>"])
def test_a_document_that_cannot_be_read_is_counted(body: bytes):
    folder = MessagesFolder()
    folder.document(body, 200)
    assert (folder.unread, folder.done) == (1, False)


# -- junk ---------------------------------------------------------------------------------------------------

KEYS = ("type", "message", "delta", "usage", "content", "content_block", "index", "text", "id", "name", "error")
TYPES = ("message_start", "message_delta", "message_stop", "content_block_start", "content_block_delta", "error")
NAMES = ("text", "tool_use", "text_delta", "input_json_delta", "thinking", "stop_reason", "iterations", "input")
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 5) | st.floats() | st.sampled_from(TYPES + NAMES) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS + NAMES), inner, max_size=5),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)  # the first example takes its time
@given(st.lists(st.dictionaries(st.sampled_from(KEYS), values, max_size=6), max_size=4))
def test_no_event_and_no_document_raises(events: list[Any]):
    folded(*events)
    for event in events:
        document(event)
