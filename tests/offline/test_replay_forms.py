import gzip
import json

import pytest

from costproxy.model import ReplyCall, ReplyMessage
from costproxy.offline.recorded import RecordError
from costproxy.offline.recorded_forms import source_of
from costproxy.offline.recorded_requests import RecordedRequest, RecordedSource, Truth, read_sources


def source(line: object, *, model: str | None = None) -> RecordedSource:
    return source_of(json.dumps(line).encode(), place="a:1", model=model)


def requests(line: object, *, model: str | None = None) -> list[RecordedRequest]:
    return list(source(line, model=model).requests)


def user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def assistant(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


HELLO = [{"role": "system", "content": "s"}, user("1"), assistant("2"), user("3"), assistant("4")]


def test_each_reply_of_a_conversation_answered_what_stands_before_it():
    tools = [{"type": "function", "function": {"name": "f"}}]
    usage = [{"index": 4, "prompt_tokens": 9, "completion_tokens": 1, "finish_reason": "stop"}]
    made = source(
        {"messages": HELLO, "model": "gpt-4o", "tools": tools, "usage": usage, "source": "x", "host": "API.x"}
    )
    first, second = made.requests

    assert made.truth is Truth.CONVERSATION
    assert json.loads(first.body) == {"model": "gpt-4o", "messages": HELLO[:2], "tools": tools}
    assert json.loads(second.body)["messages"] == HELLO[:4]
    assert (first.index, second.index, first.source) == (0, 1, "a:1")
    assert (first.reply, second.reply) == (ReplyMessage(text="2"), ReplyMessage(text="4"))
    assert (first.usage, first.finish_reason) == (None, None)
    assert (second.usage, second.finish_reason) == ({"prompt_tokens": 9, "completion_tokens": 1}, "stop")
    assert (first.api, first.host, first.path) == ("chat", "api.x", "/v1/chat/completions")


def test_messages_alone_are_a_conversation_too():
    assert [json.loads(each.body) for each in requests(HELLO)] == [{"messages": HELLO[:2]}, {"messages": HELLO[:4]}]
    assert json.loads(requests(HELLO, model="m")[0].body)["model"] == "m"


@pytest.mark.parametrize("before", [[], [{"role": "system", "content": "s"}]])
def test_an_opening_of_the_application_had_no_request(before):
    line = {"messages": [*before, assistant("How can I help?"), user("1"), assistant("2")]}
    assert [len(json.loads(each.body)["messages"]) for each in requests(line)] == [len(before) + 2]


def test_messages_that_end_with_a_question_are_the_one_request_that_was_sent():
    for line in (HELLO[:4], {"messages": HELLO[:4]}):
        made = source(line, model="m")
        (request,) = made.requests
        assert (made.truth, made.as_sent, made.unasked) == (Truth.UNKNOWN, True, False)
        assert json.loads(request.body) == {"model": "m", "messages": HELLO[:4]}
        assert (request.reply, request.usage, request.response) == (None, None, None)


@pytest.mark.parametrize(
    "line",
    [HELLO[:2], [user("1")], HELLO, {"messages": HELLO}, {"messages": HELLO[:2]}, {"messages": HELLO[:4], "stream": 1}],
)
def test_what_can_be_read_in_one_way_only_is_not_told_as_doubtful(line):
    made = source(line)
    assert (made.as_sent, made.unasked) == (False, False)


@pytest.mark.parametrize("last", [user("3"), {"role": "tool", "tool_call_id": "c1", "content": "3"}])
def test_a_question_at_the_end_of_a_conversation_is_left_out_and_told(last):
    made = source({"messages": [*HELLO[:3], last], "usage": []})
    assert [json.loads(each.body)["messages"] for each in made.requests] == [HELLO[:2]]
    assert (made.truth, made.unasked) == (Truth.CONVERSATION, True)


def test_a_question_at_the_end_of_a_conversation_was_sent_if_it_has_a_bill():
    made = source({"messages": HELLO[:4], "usage": [{"index": 4, "prompt_tokens": 9}]})
    first, second = made.requests
    assert (first.usage, second.usage, made.unasked) == (None, {"prompt_tokens": 9}, False)
    assert (json.loads(second.body)["messages"], second.message, second.reply) == (HELLO[:4], None, None)


def test_a_conversation_without_a_reply_is_the_request_that_was_sent():
    made = source({"messages": HELLO[:2], "source": "x", "host": "api.x", "model": "m"})
    (request,) = made.requests
    assert (request.host, request.reply, made.unasked) == ("api.x", None, False)
    assert json.loads(request.body) == {"model": "m", "messages": HELLO[:2]}


@pytest.mark.parametrize(("demo", "wanted"), [(1, 1), (2, 0)])
def test_a_question_of_an_example_was_not_asked(demo, wanted):
    made = source({"messages": [HELLO[0], assistant("1"), user("2")], "demo_messages": demo})
    assert (len(list(made.requests)), made.unasked) == (wanted, False)


def test_an_opening_that_was_billed_had_one():
    line = {"messages": [HELLO[0], assistant("hi")], "usage": [{"index": 1, "prompt_tokens": 3}]}
    assert [each.usage for each in requests(line)] == [{"prompt_tokens": 3}]


def test_an_example_that_the_application_made_up_had_no_requests():
    line = {"messages": [*HELLO, user("5"), assistant("6")], "demo_messages": 2}
    assert [len(json.loads(each.body)["messages"]) for each in requests(line)] == [4, 6]


@pytest.mark.parametrize("count", [-1, True, "2", 1.5])
def test_a_length_of_an_example_that_is_none_is_refused(count):
    with pytest.raises(RecordError, match="demo_messages: expected how many messages"):
        source({"messages": HELLO, "demo_messages": count})


def test_the_model_of_a_recording_wins_over_the_one_that_stands_in():
    line = {"messages": HELLO, "model": "own"}
    assert json.loads(requests(line, model="other")[0].body)["model"] == "own"


@pytest.mark.parametrize(
    ("fields", "truth"),
    [
        ({"messages": HELLO}, Truth.CONVERSATION),
        ({"messages": HELLO[:4]}, Truth.UNKNOWN),
        ({"messages": HELLO[:4], "source": "somewhere"}, Truth.CONVERSATION),
        ({"messages": HELLO, "temperature": 0}, Truth.UNKNOWN),
        ({"messages": HELLO[:4], "usage": []}, Truth.CONVERSATION),
    ],
)
def test_a_conversation_is_told_from_a_request(fields, truth):
    assert source(fields).truth is truth


def test_a_session_keeps_what_was_recorded_of_each_request():
    reply = {"role": "assistant", "content": None, "tool_calls": [call("c1", "f", '{"a":1}')]}
    body = {"model": "m", "messages": [user("1")]}
    entry = {
        "host": "api.openai.com",
        "path": "/v1/chat/completions",
        "body": body,
        "usage": {"prompt_tokens": 3},
        "response_message": reply,
        "finish_reason": "tool_calls",
        "response_model": "m-1",
        "stream": False,
    }
    made = source({"requests": [entry], "api": "openai_chat"})
    (request,) = made.requests

    assert made.truth is Truth.SESSION
    assert (request.host, request.path, json.loads(request.body)) == (entry["host"], entry["path"], body)
    assert request.reply == ReplyMessage(calls=(ReplyCall(id="c1", name="f", arguments='{"a":1}'),))
    assert (request.usage, request.finish_reason, request.model) == ({"prompt_tokens": 3}, "tool_calls", "m-1")
    assert request.message == reply


def call(id_: str, name: str, arguments: str) -> dict[str, object]:
    return {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}


def test_what_an_application_sent_back_stands_in_for_a_reply_that_was_not_recorded():
    bodies = [{"messages": HELLO[:2]}, {"messages": HELLO[:4]}]
    first, second = requests({"requests": bodies})
    assert (first.reply, second.reply) == (ReplyMessage(text="2"), None)


def test_a_request_that_goes_on_from_another_message_tells_no_reply():
    bodies = [{"messages": [user("1")]}, {"messages": [user("other"), assistant("2"), user("3")]}]
    assert [each.reply for each in requests({"requests": bodies})] == [None, None]


def test_a_session_of_another_api_is_told_by_its_path_or_its_name():
    block = {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}}
    sent = {"role": "user", "content": [{"type": "text", "text": "1"}]}
    back = {"role": "assistant", "content": [{"type": "text", "text": "2"}, block]}
    result = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "3"}]}
    entries = [{"body": {"messages": [sent]}}, {"path": "/v1/messages", "body": {"messages": [sent, back, result]}}]
    first, second = requests({"requests": entries, "api": "anthropic_messages"})

    assert (first.api, first.path, second.api) == ("messages", "/v1/messages", "messages")
    assert first.reply == ReplyMessage(text="2", calls=(ReplyCall(id="t1", name="f", arguments='{"a": 1}'),))


def test_items_of_a_response_stand_in_together():
    items = [
        {"type": "reasoning", "summary": []},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "2"}]},
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
    ]
    output = {"type": "function_call_output", "call_id": "c1", "output": "3"}
    entries = [{"body": {"input": "1"}}, {"body": {"input": [user("1"), *items, output]}}]
    first, _ = requests({"requests": entries})

    assert (first.api, first.path) == ("responses", "/v1/responses")
    assert first.reply == ReplyMessage(text="2", calls=(ReplyCall(id="c1", name="f", arguments="{}"),))
    assert first.message == items


def test_the_next_request_names_the_id_of_a_reply():
    bodies = [
        {"input": "1"},
        {"input": "2", "previous_response_id": "r1"},
        {"input": "3", "previous_response_id": "r1"},
    ]
    assert [each.reply_id for each in requests({"requests": bodies})] == ["r1", None, None]


def test_differences_are_put_together():
    line = {
        "model": "m",
        "base_messages": HELLO,
        "requests": [{"n": 2, "replace": {}}, {"n": 4, "replace": {"1": "left out"}}],
    }
    first, second = requests(line)
    assert json.loads(first.body) == {"model": "m", "messages": HELLO[:2]}
    assert json.loads(second.body)["messages"] == [HELLO[0], user("left out"), *HELLO[2:4]]
    assert (first.reply, second.reply) == (ReplyMessage(text="2"), ReplyMessage(text="4"))
    assert HELLO[1] == user("1")


def test_an_exchange_is_one_request_of_unknown_conversation():
    line = {
        "request": {"model": "m", "messages": [user("1")]},
        "response": {"choices": []},
        "at": 1_800_000_000,
        "request_headers": {"X-Session-Id": "abc"},
        "status": 200,
    }
    made = source(line)
    (request,) = made.requests
    assert (made.truth, request.api, request.response, request.at) == (
        Truth.UNKNOWN,
        "chat",
        b'{"choices": []}',
        1_800_000_000,
    )
    assert request.headers == {b"x-session-id": b"abc"}


@pytest.mark.parametrize(
    "line",
    [
        {"model": "m", "messages": [user("1")]},
        {"request": {"model": "m", "messages": [user("1")]}},
        {"request": json.dumps({"model": "m", "messages": [user("1")]})},
        {"host": "h", "path": "/v1/chat/completions", "body": {"model": "m", "messages": [user("1")]}},
    ],
)
def test_a_request_alone_has_no_reply(line):
    (request,) = requests(line)
    assert json.loads(request.body) == {"model": "m", "messages": [user("1")]}
    assert (request.reply, request.usage, request.response) == (None, None, None)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("no json", "expected a recorded conversation, session, exchange or request, found: not readable as JSON"),
        ("3", "expected an object or a list of messages, found a number"),
        ("{}", "expected a field messages, requests, request, body or input, found none"),
        ('{"b":1,"a":2}', "expected a field messages, requests, request, body or input, found only a, b"),
        ("[]", "expected a list of messages, found 0 objects without a role"),
        ('[{"messages":[]}]', "expected a list of messages, found 1 objects without a role"),
        ('[{"role":"user"},7]', "messages[1]: expected an object, found a number"),
        ('{"messages":"x","source":"y"}', "messages: expected a list of objects, found a text"),
        ('{"messages":[],"usage":[{"index":"0"}]}', "usage[0].index: expected the index of a message, found a text"),
        ('{"requests":7}', "requests: expected a list of objects, found a number"),
        ('{"requests":[{"body":7}]}', "requests[0].body: expected an object, found a number"),
        ('{"requests":[{"body":{},"usage":[]}]}', "requests[0].usage: expected an object or null, found a list"),
        ('{"requests":[{"body":"{"}]}', "requests[0].body: expected a JSON object, found: not readable as JSON"),
        ('{"base_messages":[{}],"requests":[{"n":2}]}', "requests[0].n: expected 1 to 1 messages, found a number 2"),
        (
            '{"base_messages":[{}],"requests":[{"n":1,"replace":{"1":""}}]}',
            "requests[0].replace: expected indexes below 1, found others",
        ),
        ('{"response":{}}', "request: expected the body of a request, found nothing"),
        ('{"request":{},"response":7}', "response: expected an object, found a number"),
    ],
)
def test_an_odd_line_says_what_was_expected_and_found(line, problem):
    with pytest.raises(RecordError) as raised:
        source_of(line.encode(), place="a:1")
    assert str(raised.value).startswith(problem)


def test_a_text_that_is_no_unicode_is_sent_all_the_same():
    line = b'[{"role":"user","content":"\\ud800"},{"role":"assistant","content":"2"}]'
    (request,) = source_of(line, place="a:1").requests
    assert json.loads(request.body)["messages"][0]["content"] == "\ud800"


def test_lines_of_any_form_may_be_mixed_and_odd_ones_are_told(tmp_path):
    (tmp_path / "a").write_bytes(gzip.compress(b"\n".join([json.dumps(HELLO).encode(), b"odd", b'{"input":"1"}'])))
    told, read = [], []
    found = read_sources(
        [str(tmp_path / "a"), str(tmp_path / "none")], odd=lambda *odd: told.append(odd), read=read.append
    )

    assert [(each.source, each.truth) for each in found] == [
        (f"{tmp_path}/a:1", Truth.CONVERSATION),
        (f"{tmp_path}/a:3", Truth.UNKNOWN),
    ]
    assert [place.removeprefix(str(tmp_path)) for place, _ in told] == ["/a:2", "/none"]
    assert sum(read) == (tmp_path / "a").stat().st_size


def test_without_anybody_to_tell_the_first_odd_line_is_an_error(tmp_path):
    (tmp_path / "a").write_text("{}")
    with pytest.raises(RecordError, match="a:1: expected a field"):
        list(read_sources([str(tmp_path / "a")]))
