"""The facts of a reply, folded from its chunks or read from its one document."""

import json

import pytest

from costproxy.demo.chat import AZURE_PRELUDE, Chat, cumulative, usage
from costproxy.demo.frames import error_frame
from costproxy.model import ChatReply, ReplyError, ReplyMessage, SeenText
from costproxy.wire import errors
from costproxy.wire.chat_reply import ChatFolder

CHAT = Chat(model="gpt-4o")
DONE = b"[DONE]"
BLANK = usage(0, 0)


def folded(*chunks, dialect="openai", asked="asked-model") -> ChatReply:
    """Fold chunks (objects, or bytes as they are) that arrive at the seconds 1, 2, 3, …"""
    folder = ChatFolder()
    for at, chunk in enumerate(chunks, start=1):
        folder.event(chunk if isinstance(chunk, bytes) else json.dumps(chunk).encode(), float(at))
    return folder.result(dialect=dialect, asked_model=asked)


def document(value, status=200) -> ChatReply:
    folder = ChatFolder()
    folder.document(value if isinstance(value, bytes) else json.dumps(value).encode(), status)
    return folder.result(dialect="openai", asked_model="asked-model")


def tokens(reply: ChatReply) -> tuple[int, int] | None:
    return reply.usage and (reply.usage.prompt, reply.usage.completion)


# -- streams ------------------------------------------------------------------------------------------------


def test_a_stream_as_openai_sends_it():
    reply = folded(*CHAT.text("a", "b", usage=usage(9, 2)), DONE)
    assert reply.model == "gpt-4o"
    assert reply.finish_reasons == ("stop",)
    assert tokens(reply) == (9, 2)
    assert reply.complete
    assert reply.streamed
    assert reply.error is None
    assert (reply.first_token_at, reply.last_token_at) == (2.0, 3.0)  # the role chunk carries no token


@pytest.mark.parametrize(
    "delta",
    [
        {"content": "x"},
        {"reasoning_content": "x"},
        {"reasoning": "x"},
        {"tool_calls": [{"index": 0}]},
        {"function_call": {"arguments": "{"}},
        {"refusal": "no"},
    ],
)
def test_the_first_token_may_be_of_any_kind(delta):
    assert folded(CHAT.role(), CHAT.chunk(delta), CHAT.finish()).first_token_at == 2.0


@pytest.mark.parametrize(
    "delta", [{}, {"role": "assistant", "content": ""}, {"content": None}, {"tool_calls": []}, None]
)
def test_an_empty_delta_is_no_token(delta):
    reply = folded(CHAT.chunk(delta))
    assert (reply.first_token_at, reply.last_token_at) == (None, None)


def test_a_token_at_second_zero_is_a_token():
    folder = ChatFolder()
    folder.event(json.dumps(CHAT.content("a")).encode(), 0.0)
    folder.event(json.dumps(CHAT.content("b")).encode(), 1.0)
    reply = folder.result(dialect="openai", asked_model=None)
    assert (reply.first_token_at, reply.last_token_at) == (0.0, 1.0)


def test_usage_in_every_chunk_is_taken_from_the_last():
    chunks = cumulative(CHAT.text("a", "b", "c"), [usage(9, n) for n in (0, 1, 2, 3, 3)])
    assert tokens(folded(*chunks, DONE)) == (9, 3)


def test_usage_beside_the_finish_reason_counts():
    assert tokens(folded(CHAT.content("a"), CHAT.finish(usage=usage(9, 1)), DONE)) == (9, 1)


def test_usage_after_the_finish_reason_counts():
    assert tokens(folded(CHAT.finish(), CHAT.usage(usage(9, 1)), DONE)) == (9, 1)


def test_usage_in_an_object_of_groqs_counts_and_only_once():
    both = {**CHAT.groq_finish(usage(9, 1)), "usage": usage(9, 1)}
    assert tokens(folded(CHAT.groq_finish(usage(9, 1)), DONE)) == (9, 1)
    assert tokens(folded(both, DONE)) == (9, 1)


def test_usage_in_the_choice_and_again_at_the_end_counts_once():
    finish = CHAT.chunk({}, finish="stop")
    finish["choices"][0]["usage"] = usage(9, 1)
    assert tokens(folded(finish, CHAT.usage(usage(9, 1)), DONE)) == (9, 1)
    assert tokens(folded(finish, DONE)) == (9, 1)


def test_usage_of_two_stages_keeps_what_only_the_second_says():
    first = {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10}
    reply = folded(CHAT.finish(usage=first), CHAT.usage({**first, "prompt_tokens_details": {"cached_tokens": 8}}), DONE)
    assert reply.usage is not None
    assert (reply.usage.input, reply.usage.cache_read) == (1, 8)


def test_four_choices_are_one_reply_with_four_endings():
    chunks = [CHAT.content(text, index=index) for index in range(4) for text in "ab"]
    ends = [
        CHAT.finish(reason, index=index) for index, reason in [(3, "length"), (0, "stop"), (2, "stop"), (1, "stop")]
    ]
    reply = folded(*chunks, *ends, CHAT.usage(usage(9, 8)), DONE)
    assert reply.finish_reasons == ("stop", "stop", "stop", "length")
    assert tokens(reply) == (9, 8)


def test_a_finish_reason_that_comes_twice_is_one():
    reply = folded(CHAT.finish(), {**CHAT.finish(), "usage": usage(9, 1)}, DONE)
    assert reply.finish_reasons == ("stop",)


@pytest.mark.parametrize("reason", ["", None, 3, {}])
def test_a_finish_reason_that_says_nothing_is_none(reason):
    assert folded(CHAT.chunk({}, finish=reason), DONE).finish_reasons == ()


def test_azures_prelude_gives_neither_model_nor_ending():
    reply = folded(AZURE_PRELUDE, *CHAT.text("a", usage=usage(9, 1)), DONE)
    assert reply.model == "gpt-4o"
    assert tokens(reply) == (9, 1)
    # Its epilogue has a choice without a delta.
    epilogue = {**CHAT.finish(), "choices": [{"index": 0, "finish_reason": None, "content_filter_offsets": {}}]}
    assert folded(CHAT.finish(), epilogue, DONE).finish_reasons == ("stop",)


def test_a_stream_without_a_model_names_none():
    assert folded({"choices": []}, DONE).model is None


def test_a_stream_is_complete_with_its_end_mark_or_with_usage_and_finish_reason():
    assert folded(CHAT.content("a"), DONE).complete
    assert folded(CHAT.finish(), CHAT.usage(usage(9, 1))).complete
    assert not folded(CHAT.finish()).complete
    assert not folded(CHAT.content("a"), CHAT.usage(usage(9, 1))).complete
    assert not folded(CHAT.finish(), CHAT.usage(BLANK)).complete
    assert not folded().complete


@pytest.mark.parametrize("mark", [b"[DONE]", b" [DONE]", b"[DONE]\n", b"[DONE] "])
def test_the_end_mark_may_have_blanks_around_it(mark):
    assert folded(mark).complete


def test_usage_without_counts_is_no_usage():
    assert folded(CHAT.finish(), CHAT.usage(BLANK), DONE).usage is None


def test_an_error_in_a_stream_is_not_undone_by_what_follows():
    reply = folded(CHAT.content("a"), error_frame("The server had an error"), CHAT.usage(BLANK), DONE)
    assert reply.error == ReplyError(kind=errors.SERVER, in_stream=True)
    assert reply.usage is None


def test_an_error_beside_choices_and_usage_leaves_the_usage():
    chunk = {**CHAT.finish("length", usage=usage(9, 5)), "error": {"code": 400, "message": "Token limit reached"}}
    reply = folded(CHAT.content("a"), chunk)
    assert reply.error == ReplyError(kind=errors.BAD_REQUEST, in_stream=True)
    assert tokens(reply) == (9, 5)
    assert reply.finish_reasons == ("length",)


@pytest.mark.parametrize("nothing", [None, "", {}, [], False, 0])
def test_an_error_that_is_empty_is_none(nothing):
    assert folded({**CHAT.content("a"), "error": nothing}, DONE).error is None


@pytest.mark.parametrize(
    "odd",
    [
        b"",
        b"not json",
        b"[1,2]",
        b"null",
        b"7",
        b'{"choices":7}',
        b'{"choices":[7,null,"x",[]]}',
        b'{"choices":[{"delta":7,"index":"x","finish_reason":7}]}',
        b'{"choices":{"0":{}}}',
        b'{"usage":7,"x_groq":7,"model":7,"error":0}',
        b'{"model":"","usage":[],"x_groq":{"usage":7}}',
        b'{"choices":[{"delta":{"content":"a"',
        b"\xff\xfe\xfd",
        b"[" * 100_000,
    ],
)
def test_a_chunk_that_cannot_be_read_is_passed_over(odd):
    reply = folded(odd, *CHAT.text("a", usage=usage(9, 1)), odd, DONE)
    assert tokens(reply) == (9, 1)
    assert reply.finish_reasons == ("stop",)
    assert reply.model == "gpt-4o"


def test_chunks_that_cannot_be_read_are_counted():
    folder = ChatFolder()
    folder.event(b"not json", 1.0)
    folder.document(b"not json", 200)
    assert folder.unread == 2


# -- documents -----------------------------------------------------------------------------------------------


def test_a_whole_reply_is_read():
    reply = document(CHAT.completion("hi", usage(9, 2), finish="length"))
    assert reply == ChatReply(
        model="gpt-4o",
        finish_reasons=("length",),
        usage=reply.usage,
        complete=True,
        streamed=False,
        service_tier="default",
        raw_usage=usage(9, 2),
        id="chatcmpl-1",
        messages=(ReplyMessage(text="hi"),),
    )
    assert tokens(reply) == (9, 2)


def test_the_providers_own_usage_is_kept_whole_with_what_it_billed():
    raw = {**usage(9, 2), "cost_in_usd_ticks": 37_756_000, "num_sources_used": 3}
    assert document(CHAT.completion("hi", raw)).raw_usage == raw
    assert folded(CHAT.content("a"), CHAT.finish(), CHAT.usage(raw), DONE).raw_usage == raw


def test_the_last_service_tier_that_is_named_is_the_one_that_served():
    chunks = [{**CHAT.content("a"), "service_tier": tier} for tier in ("auto", "priority", None, "", 7)]
    assert folded(*chunks, DONE).service_tier == "priority"
    assert folded({"choices": []}, DONE).service_tier is None


def test_a_service_tier_inside_the_usage_counts_where_none_stands_beside_it():
    raw = {**usage(9, 2), "service_tier": "priority"}
    assert folded({"choices": [], "usage": raw}, DONE).service_tier == "priority"
    assert folded({"choices": [], "usage": raw, "service_tier": "flex"}, DONE).service_tier == "flex"


# -- what was generated, for counting --------------------------------------------------------------------------


def test_what_was_seen_is_kept_only_where_usage_is_missing():
    assert folded(*CHAT.text("a", "b", usage=usage(9, 2)), DONE).seen is None
    assert folded(*CHAT.text("a", "b")).seen == SeenText(texts=("ab",))
    assert folded(*CHAT.text("a", "b"), CHAT.usage(BLANK), DONE).seen == SeenText(texts=("ab",))
    assert document(CHAT.completion("hi")).seen == SeenText(texts=("hi",))
    assert document(CHAT.completion("hi", usage(9, 2))).seen is None


def test_every_kind_of_generated_text_is_seen():
    deltas = [{"reasoning_content": "a"}, {"reasoning": "b"}, {"content": "c"}, {"refusal": "d"}]
    parts = {"content": [{"type": "text", "text": "e"}, {"type": "image_url"}, 7]}
    reply = folded(CHAT.role(), *(CHAT.chunk(delta) for delta in [*deltas, parts]))
    assert reply.seen == SeenText(texts=("abcde",))


def test_tool_calls_are_seen_apart_and_as_far_as_they_came():
    pieces = [
        {"index": 0, "id": "x", "function": {"name": "find", "arguments": ""}},
        {"index": 1, "id": "y", "function": {"name": "keep", "arguments": "{}"}},
        {"index": 0, "function": {"arguments": '{"city": "Par'}},
    ]
    reply = folded(*(CHAT.chunk({"tool_calls": [piece]}) for piece in pieces))
    assert reply.seen == SeenText(calls=(("find", '{"city": "Par'), ("keep", "{}")))


def test_where_nothing_was_generated_nothing_was_seen():
    assert folded(CHAT.role(), CHAT.finish(), DONE).seen is None
    assert document({"error": {"code": 500, "message": "no"}}).seen is None


def test_a_whole_reply_of_four_choices_has_four_endings():
    choices = [{"index": index, "finish_reason": "stop", "message": {}} for index in range(4)]
    reply = document({**CHAT.completion("hi", usage(9, 8)), "choices": choices})
    assert reply.finish_reasons == ("stop",) * 4
    assert tokens(reply) == (9, 8)


def test_choices_without_an_index_stand_for_themselves():
    choices = [{"finish_reason": "stop"}, {"finish_reason": "length"}]
    assert document({"choices": choices}).finish_reasons == ("stop", "length")


def test_blanks_before_a_document_mean_nothing():
    body = b"\n\n\n\r\n   " + json.dumps(CHAT.completion("hi", usage(9, 2))).encode()
    assert tokens(document(body)) == (9, 2)


def test_a_refusal_is_an_error_by_its_status_and_body():
    body = {"error": {"message": "…", "code": "context_length_exceeded"}}
    assert document(body, 400).error == ReplyError(kind=errors.CONTEXT)
    assert document(b"<html>", 502).error == ReplyError(kind=errors.SERVER)
    assert document(b"", 429).error == ReplyError(kind=errors.RATE_OTHER)


def test_a_success_that_holds_only_an_error_is_one():
    reply = document({"error": {"code": 429, "message": "Provider returned error"}})
    assert reply.error == ReplyError(kind=errors.RATE_UPSTREAM, in_stream=True)
    assert not reply.complete


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", b"{", b'"text"', b"\x1f\x8b\x08"])
def test_a_success_that_cannot_be_read_has_no_facts(body):
    assert document(body) == ChatReply()


def test_an_object_that_is_no_chat_reply_is_not_complete():
    assert document({"object": "list", "data": []}) == ChatReply()
