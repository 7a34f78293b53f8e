"""The messages of a reply, as a client will send them back: put together from deltas, or read from a document."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costproxy.demo.chat import Chat, usage
from costproxy.demo.frames import error_frame
from costproxy.model.prompt import ReplyCall, ReplyMessage
from costproxy.wire.chat_reply import ChatFolder
from tests.support.data import recordings

CHAT = Chat(model="gpt-4o")
DONE = b"[DONE]"
MOST = 512 * 1024


def folded(*chunks, status=None):
    folder = ChatFolder()
    for chunk in chunks:
        payload = chunk if isinstance(chunk, bytes) else json.dumps(chunk).encode()
        if status is None:
            folder.event(payload, 0.0)
        else:
            folder.document(payload, status)
    return folder.result(dialect="openai", asked_model=None)


def streamed(*deltas, end=True):
    chunks = [CHAT.chunk(delta) for delta in deltas]
    return folded(*chunks, *([CHAT.finish(), DONE] if end else [])).messages


def document(message, **choice):
    return folded(
        {"choices": [{"index": 0, "finish_reason": "stop", "message": message, **choice}]}, status=200
    ).messages


def called(*calls):
    """Return what is made of the calls that a stream brings, one delta each."""
    (message,) = streamed(*({"tool_calls": [call]} for call in calls))
    return message.calls


def piece(index, arguments, call_id=None, name=None):
    function = {"arguments": arguments} | ({"name": name} if name else {})
    return {"function": function} | ({} if index is None else {"index": index}) | ({"id": call_id} if call_id else {})


def test_a_stream_and_a_document_say_the_same():
    message = ReplyMessage(text="wörds 🧮")
    assert folded(*CHAT.text("wörds ", "🧮", usage=usage(9, 2)), DONE).messages == (message,)
    assert folded(CHAT.completion("wörds 🧮", usage(9, 2)), status=200).messages == (message,)


def test_the_id_of_a_reply_is_the_first_that_is_one():
    assert folded({"id": ""}, {"id": 3}, {"id": "a"}, {"id": "b"}).id == "a"
    assert folded({"id": "a", "choices": []}, status=200).id == "a"
    assert folded({"choices": []}).id is None


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({"content": "a"}, "a"),
        ({"content": [{"type": "text", "text": "a"}, {"type": "output_text", "text": "b"}]}, "ab"),
        ({"content": None, "refusal": "no"}, "no"),
        ({"content": [{"type": "refusal", "refusal": "no"}]}, "no"),
        ({"content": "a", "reasoning_content": "x", "reasoning": "x"}, "a"),
        ({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "x"}]}, {"text": "a"}]}, "a"),
        ({"content": [{"type": "thinking", "thinking": "x"}, 7, None, {"text": 7}]}, ""),
        ({"content": None}, ""),
        ({"content": {"text": "x"}}, ""),
        ({}, ""),
    ],
)
def test_text_is_content_and_refusal_and_no_reasoning(message, text):
    assert document(message) == (ReplyMessage(text=text),)
    assert streamed(message) == (ReplyMessage(text=text),)


def test_a_call_is_put_together_from_its_pieces():
    calls = called(
        piece(0, "", "call_a", "find"),
        piece(1, "{}", "call_b", "keep"),
        piece(0, '{"city": "P'),
        piece(0, 'aris"}'),
    )
    assert calls == (
        ReplyCall(id="call_a", name="find", arguments='{"city": "Paris"}'),
        ReplyCall(id="call_b", name="keep", arguments="{}"),
    )


def test_whole_calls_in_one_delta_are_as_many_calls():
    (message,) = streamed({"tool_calls": [piece(None, "{}", "a", "f"), piece(None, '{"x":1}', "b", "f")]})
    assert [call.id for call in message.calls] == ["a", "b"]


@pytest.mark.parametrize("index", [0, None])
@pytest.mark.parametrize("ids", [("a", "b"), ("", "")])
def test_whole_calls_under_one_index_are_as_many_calls(index, ids):
    calls = called(*(piece(index, '{"x":1}', call_id, "f") for call_id in ids))
    assert [call.id for call in calls] == [call_id or None for call_id in ids]


def test_pieces_with_an_id_and_a_name_of_their_own_are_one_call():
    calls = called(*(piece(0, part, f"chatcmpl-tool-{part}", "f") for part in ('{"a": ', "[1, ", "2]", "}")))
    assert calls == (ReplyCall(id='chatcmpl-tool-{"a": ', name="f", arguments='{"a": [1, 2]}'),)


def test_a_call_sent_again_with_its_id_goes_on():
    assert len(called(piece(0, "{", "a", "f"), piece(0, "}", "a", "f"))) == 1


def test_a_custom_tool_has_an_input():
    call = {"index": 0, "id": "a", "type": "custom", "custom": {"name": "sh", "input": "ls"}}
    assert called(call) == (ReplyCall(id="a", name="sh", arguments="ls"),)


def test_a_function_call_of_the_old_days_is_a_call_without_an_id():
    pieces = [{"function_call": {"name": "f", "arguments": ""}}, {"function_call": {"arguments": "{}"}}]
    expected = (ReplyMessage(calls=(ReplyCall(id=None, name="f", arguments="{}"),)),)
    assert streamed(*pieces) == expected
    assert document({"content": None, "function_call": {"name": "f", "arguments": "{}"}}) == expected


def test_a_function_call_of_empty_strings_is_none():
    assert document({"content": "a", "function_call": {"name": "", "arguments": ""}}) == (ReplyMessage(text="a"),)


@pytest.mark.parametrize("odd", [None, 7, "x", {}, [7], [{}], [{"function": 7}], [{"function": {"arguments": 7}}]])
def test_odd_calls_are_passed_over(odd):
    assert streamed({"content": "a", "tool_calls": odd, "function_call": odd}) == (ReplyMessage(text="a"),)


def test_choices_are_kept_apart_by_their_index():
    chunks = [CHAT.content(text, index=index) for index, text in [(1, "b"), (0, "a"), (1, "B"), (0, "A")]]
    ends = [CHAT.finish(index=index) for index in (1, 0)]
    assert folded(*chunks, *ends, DONE).messages == (ReplyMessage(text="aA"), ReplyMessage(text="bB"))


def test_text_so_far_beside_a_delta_is_not_taken_twice():
    chunks = []
    for so_far, delta in [("a", {"content": "a"}), ("ab", {"content": "b"}), ("ab", {}), ("ab", None)]:
        chunks.append({"choices": [{"index": 0, "delta": delta, "message": {"content": so_far}}]})
    assert folded(*chunks, CHAT.finish(), DONE).messages == (ReplyMessage(text="ab"),)


def test_a_document_with_an_empty_delta_beside_its_message_is_read():
    assert document({"content": "a"}, delta={"role": "assistant", "content": ""}) == (ReplyMessage(text="a"),)


# -- what is not whole ------------------------------------------------------------------------------------------


def test_a_reply_that_broke_off_is_not_whole():
    assert streamed({"content": "a"}, end=False) == (ReplyMessage(text="a", whole=False),)


def test_a_choice_is_whole_with_its_finish_reason_or_with_the_end_of_the_reply():
    assert folded(CHAT.content("a"), CHAT.finish("length")).messages == (ReplyMessage(text="a"),)
    assert folded(CHAT.content("a"), DONE).messages == (ReplyMessage(text="a"),)
    first_ended = folded(CHAT.content("a"), CHAT.content("b", index=1), CHAT.finish(index=0)).messages
    assert [message.whole for message in first_ended] == [True, False]


def test_an_error_in_a_stream_leaves_it_cut_off():
    assert folded(CHAT.content("a"), error_frame("no"), DONE).messages == (ReplyMessage(text="a", whole=False),)


def test_a_refused_request_has_no_message():
    assert folded({"error": {"message": "no"}}, status=400).messages == ()
    assert folded({"error": {"message": "no"}}, status=200).messages == ()


def test_a_reply_may_be_as_long_as_the_bound_and_no_longer():
    assert streamed({"content": "x" * MOST})[0].whole
    (message,) = streamed({"content": "x" * (MOST - 1)}, {"content": "yy"}, {"content": "z"})
    assert message == ReplyMessage(text="x" * (MOST - 1) + "y", whole=False)


def test_what_is_beyond_the_bound_is_measured():
    seen = folded(CHAT.content("x" * (MOST + 10)), CHAT.content("y" * 5)).seen
    assert seen is not None
    assert (len(seen.texts[0]), seen.beyond) == (MOST, 15)


def test_calls_and_choices_are_bounded_too():
    many = [{"index": index, "function": {"name": "f", "arguments": "{}"}} for index in range(5000)]
    (message,) = streamed({"tool_calls": many})
    assert (len(message.calls), message.whole) == (4096, False)
    choices = [{"index": index, "delta": {"content": "a"}} for index in range(2000)]
    assert len(folded({"choices": choices}).messages) == 1024


@pytest.mark.parametrize("long", ["id", "name"])
def test_a_name_or_an_id_that_does_not_fit_is_left_out_whole(long):
    call = piece(0, "{}", "a", "f")
    if long == "id":
        call["id"] = "x" * (MOST + 1)
    else:
        call["function"]["name"] = "x" * (MOST + 1)
    (message,) = streamed({"tool_calls": [call]})
    expected = ReplyCall(id=None if long == "id" else "a", name="" if long == "name" else "f", arguments="{}")
    assert message == ReplyMessage(calls=(expected,), whole=False)


# -- recorded -----------------------------------------------------------------------------------------------------


def whole_documents():
    return [
        each
        for each in recordings()
        if each.is_chat and each.status < 400 and not each.is_stream and b'"error"' not in each.body
    ]


def test_recorded_replies_that_came_to_their_end_are_whole_messages():
    for each in whole_documents():
        said = [choice["message"] for choice in json.loads(each.body)["choices"]]
        messages = folded(each.body, status=200).messages
        assert [message.whole for message in messages] == [True] * len(said), each.name
        for message, choice in zip(messages, said, strict=True):
            if not isinstance(choice.get("content"), list):
                assert message.text == (choice.get("content") or choice.get("refusal") or ""), each.name
            names = [call["function"]["name"] for call in choice.get("tool_calls") or ()]
            if not choice.get("function_call"):
                assert [call.name for call in message.calls] == names, each.name


ODD = st.recursive(
    st.none() | st.integers(-1, 2) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "content",
                    "tool_calls",
                    "function_call",
                    "function",
                    "index",
                    "id",
                    "name",
                    "arguments",
                    "text",
                    "thinking",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(st.lists(ODD, max_size=5))
def test_deltas_of_any_shape_give_texts(deltas):
    chunks = [{"choices": [{"index": 0, "delta": delta, "message": delta}]} for delta in deltas]
    for message in (*folded(*chunks).messages, *folded(*chunks, status=200).messages):
        assert isinstance(message.text, str)
        assert all(isinstance(call.arguments, str) and isinstance(call.name, str) for call in message.calls)
