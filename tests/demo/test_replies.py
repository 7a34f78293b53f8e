import json

from costproxy.demo.chat import AZURE_PRELUDE, Chat, cumulative, tool_call, usage
from costproxy.demo.frames import Comment, Event, error_event, error_frame, written
from costproxy.demo.plan import Close, Drip, Hold, Plan, Reset, Send, Wait, cut
from costproxy.demo.replies import interim, json_reply, reply, stream

CHAT = Chat()


def sent(plan: Plan) -> bytes:
    return b"".join(step.data for step in plan if isinstance(step, Send | Drip))


def test_a_reply_spells_its_head_as_told() -> None:
    plan = reply(429, b"no", headers=[("X-oDD", "1"), ("x-odd", "2")], reason="Slow Down")
    assert sent(plan) == b"HTTP/1.1 429 Slow Down\r\nX-oDD: 1\r\nx-odd: 2\r\nContent-Length: 2\r\n\r\nno"


def test_framings_differ_in_what_they_announce() -> None:
    assert sent(reply(200, b"ok", framing="chunked")).endswith(b"\r\n\r\n2\r\nok\r\n0\r\n\r\n")
    assert reply(200, b"ok", framing="eof")[-1] == Close()
    assert sent(reply(204, framing="none")) == b"HTTP/1.1 204 No Content\r\n\r\n"


def test_a_json_reply_is_compact_and_typed() -> None:
    assert sent(json_reply({"a": "ü"})).endswith(
        b'Content-Type: application/json\r\nContent-Length: 10\r\n\r\n{"a":"\xc3\xbc"}'
    )


def test_an_interim_reply_has_no_body() -> None:
    assert sent(interim(103, [("Link", "</x>")])) == b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"


def test_a_stream_paces_its_frames() -> None:
    plan = stream([b"a", b"b"], first=1.0, every=2.0, eof_delay=3.0, framing="eof")
    steps = plan[1:]
    assert steps == (
        Wait(1.0),
        Send(b"a", body=True),
        Wait(2.0),
        Send(b"b", body=True),
        Wait(2.0),
        Send(b"data: [DONE]\n\n", body=True),
        Wait(3.0),
        Close(),
    )


def test_slices_cut_across_frames_and_change_nothing_else() -> None:
    frames = CHAT.text("grün", "e")
    whole = stream(frames, framing="length")
    sliced = stream(frames, framing="length", slices=7)
    assert sent(sliced) == sent(whole)
    assert {len(step.data) for step in sliced[1:-1] if isinstance(step, Send)} == {7}


def test_a_cut_counts_the_body_and_leaves_the_head_whole() -> None:
    plan = stream([b"abc", b"def"], framing="length", done=False, cut_after=4, then=Close())
    assert plan[1:] == (Send(b"abc", body=True), Send(b"d", body=True), Close())
    assert b"Content-Length: 6" in sent(plan)
    assert stream([b"abc"], cut_after=0)[1:] == (Send(b"", body=True), Reset())


def test_a_plan_shorter_than_its_cut_ends_as_told() -> None:
    assert cut(reply(200, b"abc", framing="eof"), 99, Hold())[-2:] == (Send(b"abc", body=True), Hold())


def test_frames_are_written_with_the_chosen_newline() -> None:
    assert written({"a": 1}) == b'data: {"a":1}\n\n'
    assert (
        written(Event("x\ny", event="e", id="7", gap=""), b"\r\n") == b"event: e\r\nid: 7\r\ndata:x\r\ndata:y\r\n\r\n"
    )
    assert written(Comment("ping"), b"\r") == b": ping\r\r"
    assert written(b"as is", b"\r") == b"as is"


def test_errors_inside_a_stream_come_in_two_forms() -> None:
    assert error_frame("oh")["error"]["type"] == "server_error"
    event = error_event("oh")
    assert event.event == "error"
    assert json.loads(event.data)["error"]["status_code"] == 400


def test_chunks_are_openais() -> None:
    role, said, end, counted = CHAT.text("Hi", usage=usage(3, 1, cached=2))
    assert role["choices"][0]["delta"] == {"role": "assistant", "content": "", "refusal": None}
    assert said["choices"][0]["delta"] == {"content": "Hi"}
    assert end["choices"][0] == {"index": 0, "delta": {}, "logprobs": None, "finish_reason": "stop"}
    assert counted["choices"] == []
    assert counted["usage"]["prompt_tokens_details"]["cached_tokens"] == 2
    assert "usage" not in said


def test_chunks_carry_null_usage_when_usage_was_asked_for() -> None:
    assert Chat(nulls=True).content("Hi")["usage"] is None


def test_a_tool_call_names_itself_in_its_first_piece_only() -> None:
    first, second = CHAT.tool("", name="look", id="call_9"), CHAT.tool('{"a":1}')
    assert first["choices"][0]["delta"]["tool_calls"][0]["function"] == {"name": "look", "arguments": ""}
    assert second["choices"][0]["delta"]["tool_calls"] == [{"index": 0, "function": {"arguments": '{"a":1}'}}]


def test_a_completion_with_tool_calls_has_both_in_its_message() -> None:
    made = CHAT.completion(None, usage(1, 2), finish="tool_calls", tool_calls=[tool_call("f", "{}")])
    assert made["choices"][0]["message"]["tool_calls"][0]["function"]["name"] == "f"
    assert made["usage"]["total_tokens"] == 3


def test_other_servers_put_usage_elsewhere() -> None:
    spent = usage(1, 2, total=9)
    assert CHAT.groq_finish(spent)["x_groq"]["usage"]["total_tokens"] == 9
    assert CHAT.finish(usage=spent)["usage"] is spent
    running = cumulative([CHAT.content("a"), CHAT.content("b")], [usage(5, 1), usage(5, 2)])
    assert [each["usage"]["completion_tokens"] for each in running] == [1, 2]
    assert AZURE_PRELUDE["choices"] == []
    assert CHAT.reasoning("hm", key="reasoning")["choices"][0]["delta"] == {"reasoning": "hm"}
