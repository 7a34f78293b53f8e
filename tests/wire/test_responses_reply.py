"""The facts of a reply of the Responses API, folded from its events or read from its one document."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from costproxy.model import ChatReply, ReplyCall, ReplyError, ReplyMessage, SeenText
from costproxy.wire import errors
from costproxy.wire.responses_reply import ResponsesFolder

MODEL = "gpt-5-2025-08-07"
COUNTS = {
    "input_tokens": 328,
    "input_tokens_details": {"cached_tokens": 256},
    "output_tokens": 52,
    "output_tokens_details": {"reasoning_tokens": 32},
    "total_tokens": 380,
}
KEEPALIVE = {"type": "keepalive", "sequence_number": 3}


def response(status: str = "completed", *output: Any, **more: Any) -> dict[str, Any]:
    facts = {"id": "resp_1", "object": "response", "status": status, "model": MODEL, "output": list(output)}
    ended = status in ("completed", "incomplete")
    return {**facts, "error": None, "incomplete_details": None, "usage": COUNTS if ended else None, **more}


def event(name: str, **fields: Any) -> dict[str, Any]:
    return {"type": f"response.{name}", **fields}


def said(text: str) -> dict[str, Any]:
    return {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}


def called(arguments: str = '{"city":"Berlin"}', **more: Any) -> dict[str, Any]:
    return {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f", "arguments": arguments, **more}


CREATED = event("created", response=response("in_progress", service_tier="auto"))
PROGRESS = event("in_progress", response=response("in_progress", service_tier="auto"))
CALL = ReplyCall(id="call_1", name="f", arguments='{"city":"Berlin"}')


def ended(*output: Any, name: str = "completed", **more: Any) -> dict[str, Any]:
    return event(name, response=response(name, *output, **more))


def text(*pieces: str, index: int = 0) -> list[dict[str, Any]]:
    empty = {**said(""), "content": []}
    deltas = [event("output_text.delta", output_index=index, content_index=0, delta=piece) for piece in pieces]
    whole = "".join(pieces)
    return [
        event("output_item.added", output_index=index, item=empty),
        event("content_part.added", output_index=index, part={"type": "output_text", "text": ""}),
        *deltas,
        event("output_text.done", output_index=index, text=whole),
        event("content_part.done", output_index=index, part={"type": "output_text", "text": whole}),
        event("output_item.done", output_index=index, item=said(whole)),
    ]


def folded(*events: Any, dialect: str = "openai") -> ChatReply:
    """Fold events (objects, or bytes as they are) that arrive at the seconds 1, 2, 3, …"""
    folder = ResponsesFolder()
    for at, each in enumerate(events, start=1):
        folder.event(each if isinstance(each, bytes) else json.dumps(each).encode(), float(at))
    return folder.result(dialect=dialect, asked_model="asked-model")


def document(value: Any, status: int = 200, dialect: str = "openai") -> ChatReply:
    folder = ResponsesFolder()
    folder.document(value if isinstance(value, bytes) else json.dumps(value).encode(), status)
    return folder.result(dialect=dialect, asked_model="asked-model")


def kinds(reply: ChatReply) -> tuple[int, ...] | None:
    usage = reply.usage
    return usage and (usage.input, usage.cache_read, usage.cache_write, usage.output, usage.reasoning)


# -- streams ------------------------------------------------------------------------------------------------


def test_a_stream_as_openai_sends_it():
    reply = folded(CREATED, PROGRESS, *text("Hel", "lo"), ended(said("Hello"), service_tier="default"))
    assert (reply.id, reply.model, reply.service_tier) == ("resp_1", MODEL, "default")
    assert reply.finish_reasons == ("stop",)
    assert kinds(reply) == (72, 256, 0, 20, 32)
    assert (reply.complete, reply.streamed, reply.error, reply.seen) == (True, True, None, None)
    assert (reply.first_token_at, reply.last_token_at) == (5.0, 6.0)
    assert reply.messages == (ReplyMessage(text="Hello"),)
    assert reply.raw_usage == COUNTS


def test_a_keepalive_is_nothing():
    assert folded(CREATED, KEEPALIVE, ended(said("a"))) == folded(CREATED, PROGRESS, ended(said("a")))


@pytest.mark.parametrize(
    ("name", "field", "item"),
    [
        ("function_call_arguments", "arguments", called("")),
        ("custom_tool_call_input", "input", {**called(), "type": "custom_tool_call", "input": ""}),
    ],
)
def test_a_tool_call_is_put_together_from_its_pieces(name: str, field: str, item: dict[str, Any]):
    whole = {**item, field: CALL.arguments}
    events = [
        event("output_item.added", output_index=0, item=item),
        *(event(f"{name}.delta", output_index=0, delta=piece) for piece in ('{"city":', '"Berlin"}')),
        event(f"{name}.done", output_index=0, **{field: CALL.arguments}),
        event("output_item.done", output_index=0, item=whole),
    ]
    reply = folded(CREATED, *events, ended(whole))
    assert reply.finish_reasons == ("tool_calls",)
    assert reply.messages == (ReplyMessage(calls=(CALL,)),)
    assert (reply.first_token_at, reply.last_token_at) == (3.0, 4.0)


def test_items_that_come_whole_count_as_those_that_come_in_pieces():
    reply = folded(CREATED, event("output_item.done", output_index=0, item=called()), ended())
    assert reply.messages == (ReplyMessage(calls=(CALL,)),)
    assert (reply.first_token_at, reply.last_token_at) == (2.0, 2.0)


def test_what_only_the_last_event_has_is_taken_from_it():
    assert folded(CREATED, ended(said("a"), called())).messages == (ReplyMessage(text="a", calls=(CALL,)),)


def test_reasoning_is_a_token_and_no_part_of_the_message():
    summary = event("reasoning_summary_text.delta", output_index=0, summary_index=0, delta="hm")
    reply = folded(CREATED, summary, *text("4", index=1), ended())
    assert reply.first_token_at == 2.0
    assert reply.messages == (ReplyMessage(text="4"),)
    assert folded(CREATED, summary, *text("4", index=1)).seen == SeenText(texts=("hm4",))


def test_a_refusal_is_what_was_said():
    item = {"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]}
    pieces = event("refusal.delta", output_index=0, delta="No.")
    assert folded(CREATED, pieces, event("output_item.done", output_index=0, item=item), ended(item)).messages == (
        ReplyMessage(text="No."),
    )
    assert document(response("completed", item)).messages == (ReplyMessage(text="No."),)


def test_output_of_tools_was_not_generated():
    result = event("shell_call_output_content.delta", output_index=1, delta={"stdout": "x"})
    reply = folded(CREATED, result)
    assert (reply.seen, reply.first_token_at) == (None, None)


HOSTED = {
    "code_interpreter_call": ({"code": "1+1"}, "1+1"),
    "mcp_call": ({"name": "ask", "arguments": "{}"}, "{}"),
    "web_search_call": ({"action": {"query": "x"}}, '{"query":"x"}'),
    "shell_call": ({"action": {"commands": ["ls"]}, "environment": {"type": "container_reference"}}, None),
    "tool_search_call": ({"arguments": {"queries": []}, "execution": "server"}, None),
}


@pytest.mark.parametrize("kind", HOSTED)
def test_calls_of_tools_that_the_provider_runs_ask_nothing_of_the_client(kind: str):
    fields, text_of_it = HOSTED[kind]
    reply = document(response("completed", {"type": kind, **fields}, said("Done."), usage=None))
    assert reply.finish_reasons == ("stop",)
    assert reply.messages == (ReplyMessage(text="Done."),)
    assert reply.seen is not None
    assert [name for name, _ in reply.seen.calls] == [fields.get("name", kind)]
    assert text_of_it in (None, reply.seen.calls[0][1])


@pytest.mark.parametrize(
    "item",
    [
        called(),
        {"type": "custom_tool_call", "call_id": "call_1", "name": "f", "input": "x"},
        {"type": "computer_call", "call_id": "call_1", "action": {"type": "click"}},
        {"type": "local_shell_call", "call_id": "call_1", "action": {"command": ["ls"]}},
        {"type": "apply_patch_call", "call_id": "call_1", "operation": {"type": "delete_file"}},
        {"type": "shell_call", "call_id": "call_1", "action": {}, "environment": {"type": "local"}},
        {"type": "tool_search_call", "call_id": "call_1", "arguments": {}, "execution": "client"},
        {"type": "mcp_approval_request", "name": "f", "arguments": "{}"},
    ],
    ids=lambda item: item["type"],
)
def test_what_the_client_is_asked_to_do_ends_in_tool_calls(item: dict[str, Any]):
    assert document(response("completed", said("Wait."), item)).finish_reasons == ("tool_calls",)


@pytest.mark.parametrize(
    ("reason", "ours"),
    [
        ("max_output_tokens", "length"),
        ("max_tokens", "length"),
        ("content_filter", "content_filter"),
        ("a_reason_of_tomorrow", "a_reason_of_tomorrow"),
    ],
)
def test_what_is_incomplete_says_why_in_the_words_of_chat_completions(reason: str, ours: str):
    details = {"incomplete_details": {"reason": reason}}
    for reply in (
        folded(CREATED, *text("a"), ended(said("a"), name="incomplete", **details)),
        document(response("incomplete", said("a"), **details)),
    ):
        assert reply.finish_reasons == (ours,)
        assert reply.complete
        assert reply.error is None
        assert kinds(reply) == (72, 256, 0, 20, 32)


def test_a_stream_that_breaks_off_has_no_usage():
    reply = folded(CREATED, PROGRESS, *text("Hel")[:-1])
    assert (reply.usage, reply.finish_reasons, reply.complete) == (None, (), False)
    assert reply.seen == SeenText(texts=("Hel",))
    assert reply.messages == (ReplyMessage(text="Hel", whole=False),)


def test_a_failure_is_the_error_of_the_reply_and_what_it_used_still_counts():
    error = {"code": "server_error", "message": "The server had an error."}
    reply = folded(CREATED, *text("a"), ended(name="failed", error=error, usage=COUNTS))
    assert reply.error == ReplyError(kind=errors.SERVER, in_stream=True)
    assert reply.finish_reasons == ()
    assert kinds(reply) == (72, 256, 0, 20, 32)
    assert not reply.messages[0].whole


@pytest.mark.parametrize(
    "fields",
    [
        {"code": "rate_limit_exceeded", "message": "Rate limit reached", "param": None},
        {"error": {"type": "tokens", "code": "rate_limit_exceeded", "message": "Rate limit reached"}},
    ],
    ids=["flat", "inside"],
)
def test_a_bare_error_is_the_error_of_the_reply(fields: dict[str, Any]):
    reply = folded(CREATED, {"type": "error", "sequence_number": 2, **fields})
    assert reply.error is not None
    assert reply.error.kind in errors.LIMIT_REASONS
    assert reply.error.in_stream


def test_the_first_error_stands():
    first = {"type": "error", "error": {"code": "insufficient_quota", "message": "quota"}}
    failed = ended(name="failed", error={"code": "server_error", "message": "sorry"})
    assert folded(CREATED, first, failed).error == ReplyError(kind=errors.QUOTA, in_stream=True)


def test_an_end_mark_is_taken_where_a_router_sends_one():
    reply = folded(CREATED, *text("a"), ended(said("a")), b"[DONE]")
    assert (reply.complete, reply.finish_reasons) == (True, ("stop",))
    assert folded(CREATED, b"[DONE]").complete


def test_what_cannot_be_read_is_passed_over_and_counted():
    folder = ResponsesFolder()
    for payload in (b"{", b"[]", b"\xff", b"data"):
        folder.event(payload, 1.0)
    assert folder.unread == 4


# -- documents ----------------------------------------------------------------------------------------------


def test_a_document_as_openai_sends_it():
    thought = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]}
    reply = document(response("completed", thought, said("Sure."), called(), service_tier="priority"))
    assert (reply.id, reply.model, reply.service_tier) == ("resp_1", MODEL, "priority")
    assert reply.finish_reasons == ("tool_calls",)
    assert kinds(reply) == (72, 256, 0, 20, 32)
    assert (reply.complete, reply.streamed, reply.first_token_at) == (True, False, None)
    assert reply.messages == (ReplyMessage(text="Sure.", calls=(CALL,)),)


@pytest.mark.parametrize("status", ["queued", "in_progress"])
def test_what_is_worked_on_in_the_background_has_no_end_and_no_usage(status: str):
    zeros = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
    for usage in (None, zeros):
        reply = document(response(status, background=True, usage=usage))
        assert (reply.usage, reply.finish_reasons, reply.complete, reply.error) == (None, (), False, None)
        assert (reply.id, reply.messages) == ("resp_1", ())


def test_a_cancelled_reply_has_ended():
    reply = document(response("cancelled"))
    assert (reply.complete, reply.finish_reasons) == (True, ("cancelled",))


def test_a_failed_document_is_an_error_inside_a_200():
    reply = document(response("failed", error={"code": "server_error", "message": "x"}))
    assert reply.error == ReplyError(kind=errors.SERVER, in_stream=True)
    assert not reply.complete


def test_a_compaction_is_spend_and_its_kept_messages_are_not_the_assistants():
    kept = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "secret"}]}
    sealed = {"type": "compaction", "encrypted_content": "gAAA"}
    reply = document({"id": "cmp_1", "object": "response.compaction", "output": [kept, sealed], "usage": COUNTS})
    assert kinds(reply) == (72, 256, 0, 20, 32)
    assert (reply.complete, reply.finish_reasons) == (True, ("stop",))
    assert reply.messages == (ReplyMessage(),)


@pytest.mark.parametrize("dialect", ["openai", "xai", "gemini", "azure"])
def test_reasoning_is_inside_the_output_with_and_without_a_total(dialect: str):
    counts = {**COUNTS, "total_tokens": None}
    for usage in (COUNTS, counts):
        reply = document(response("completed", said("a"), model="grok-4.3", usage=usage), dialect=dialect)
        assert kinds(reply) == (72, 256, 0, 20, 32)
        assert reply.raw_usage == {name: value for name, value in usage.items() if value is not None}


def test_a_document_without_usage_keeps_what_it_says_to_be_counted():
    reply = document(response("completed", said("Hi"), called(), usage=None))
    assert (reply.usage, reply.seen) == (None, SeenText(texts=("Hi",), calls=(("f", CALL.arguments),)))


def test_an_error_is_told_by_its_body_and_status():
    body = {"error": {"code": "context_length_exceeded", "message": "Your input exceeds …", "param": "input"}}
    assert document(body, 400).error == errors.read(json.dumps(body).encode(), 400)
    reply = document(body, 200)
    assert reply.error is not None
    assert (reply.error.kind, reply.error.in_stream, reply.complete) == (errors.CONTEXT, True, False)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"<html>"])
def test_a_document_that_cannot_be_read_is_counted(body: bytes):
    folder = ResponsesFolder()
    folder.document(body, 200)
    assert (folder.unread, folder.done) == (1, False)


# -- junk ---------------------------------------------------------------------------------------------------

KEYS = ("type", "response", "item", "delta", "usage", "output", "output_index", "error", "status", "id", "model")
TYPES = (
    *("response.created", "response.completed", "response.output_text.delta", "response.output_item.done", "error"),
    *("response.function_call_arguments.delta", "response.failed", "response.incomplete", "incomplete", "completed"),
)
NAMES = (
    *("message", "function_call", "reasoning", "content", "summary", "text", "call_id", "arguments", "action"),
    *("incomplete_details", "reason", "input_tokens", "output_tokens", "role", "execution", "environment"),
)
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 5) | st.floats() | st.sampled_from(TYPES + NAMES) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS + NAMES), inner, max_size=5),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)  # the first example takes its time
@given(st.lists(st.dictionaries(st.sampled_from(KEYS), values, max_size=6), max_size=4))
def test_no_event_and_no_document_raises(events: list[Any]):
    folded(*events)
    for each in events:
        document(each)
        take_all_as_items(each)


def take_all_as_items(value: Any) -> None:
    for each in value.values():
        folded(event("output_item.done", output_index=each, item=each), event("created", response=each))
