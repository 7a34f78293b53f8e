"""What a chat request sends, cut into JSON texts and decoded no further."""

import gc
import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costproxy.errors import WireError
from costproxy.model.prompt import Claim, IdentitySource, Prompt
from costproxy.wire.chat_request import read_whole
from costproxy.wire.observer import Limits, Observer
from costproxy.wire.sessions import SessionNames

MESSAGES = [{"role": "system", "content": "s"}, {"role": "user", "content": "ü🧮"}, {"role": "tool", "content": None}]
TOOLS = [{"type": "function", "function": {"name": "f"}}]


def prompt(body: bytes, names: frozenset[str] = frozenset()) -> Prompt:
    return read_whole(body, names).prompt


def sent(**fields: object) -> Prompt:
    return prompt(json.dumps(fields).encode())


def decoded(cut: Prompt) -> list[object]:
    return [msgspec.json.decode(message) for message in cut.messages]


def observed(body: bytes, headers: dict[bytes, bytes] | None = None, **options: object) -> Observer:
    observer = Observer(Limits(), **options)
    observer.request_headers(headers or {})
    observer.request_body(body)
    return observer


def test_each_message_is_cut_out_as_it_was_written():
    body = b'{"messages": [ {"role" :"user"},\n{"b":[1,2], "a":"\\u00fc"} ], "model":"m"}'
    assert [bytes(message) for message in prompt(body).messages] == [b'{"role" :"user"}', b'{"b":[1,2], "a":"\\u00fc"}']


def test_messages_are_nothing_that_the_garbage_collector_looks_at():
    assert not any(gc.is_tracked(message) for message in sent(messages=MESSAGES).messages)


def test_a_prompt_is_its_messages_and_its_tools():
    cut = sent(model="m", messages=MESSAGES, tools=TOOLS)
    assert decoded(cut) == MESSAGES
    assert cut.tools is not None
    assert msgspec.json.decode(cut.tools) == TOOLS
    assert cut.system is None


def test_functions_of_the_old_days_are_tools():
    read = read_whole(json.dumps({"functions": [{"name": "f"}]}).encode(), frozenset())
    assert bytes(read.prompt.tools or b"") == b'[{"name": "f"}]'
    assert read.facts.tools == 1
    both = read_whole(json.dumps({"tools": TOOLS, "functions": []}).encode(), frozenset())
    assert msgspec.json.decode(both.prompt.tools or b"") == TOOLS
    assert read_whole(b'{"tools":null,"functions":[1,2]}', frozenset()).facts.tools == 2


@pytest.mark.parametrize("odd", [None, [], {}, "x", 3, True])
def test_tools_that_are_none_are_none(odd):
    assert sent(messages=MESSAGES, tools=odd).tools is None


@pytest.mark.parametrize("odd", [None, {}, "x", 3, True])
def test_a_field_of_a_wrong_type_hides_no_other(odd):
    assert sent(messages=odd, tools=TOOLS).tools is not None
    assert list(sent(messages=odd).messages) == []
    assert decoded(sent(messages=MESSAGES, tools=odd, model=odd, stream_options=odd)) == MESSAGES


@pytest.mark.parametrize(
    ("body", "messages"),
    [
        (b'{"messages":[{"content":"a\\ud83d"},{"content":"b"}]}', [{"content": "a?"}, {"content": "b"}]),
        (b'\xef\xbb\xbf{"messages":[{"content":"\xc3\xbc"}]}', [{"content": "ü"}]),
        (b'{"messages":[{"n":NaN},{"n":1E400},{"n":[-Infinity,1]}]}', [{"n": None}, {"n": None}, {"n": [None, 1]}]),
        (b'{"messages":[1],"messages":[2,3]}', [2, 3]),
        (b'{"messages":[{"content":"a\nb"}]}', None),
    ],
)
def test_what_only_a_lenient_reader_takes_is_written_anew(body, messages):
    if messages is None:
        with pytest.raises(WireError):
            prompt(body)
    else:
        assert decoded(prompt(body)) == messages


def test_half_a_surrogate_is_always_written_the_same():
    body = b'{"messages":[{"content":"a\\ud83d"}]}'
    longer = b'{"messages":[{"content":"a\\ud83d"},{"content":"\\udc00\\ud83d"}]}'
    assert bytes(prompt(body).messages[0]) == bytes(prompt(longer).messages[0])


def test_fields_that_may_name_a_session_are_cut_out_and_no_others():
    body = b'{"user":"u","metadata":{"a":1},"seed":5,"chat":"c","messages":[{"user":"x"}]}'
    usual = read_whole(body, frozenset({"user", "metadata", "session_id"})).fields
    assert {name: bytes(text) for name, text in usual.items()} == {"user": b'"u"', "metadata": b'{"a":1}'}
    further = read_whole(body, frozenset({"chat", "user", "absent"})).fields
    assert {name: bytes(text) for name, text in further.items()} == {"user": b'"u"', "chat": b'"c"'}


# -- through the observer -----------------------------------------------------------------------------------------


def test_the_observer_has_the_prompt_once_the_request_is_read():
    observer = observed(json.dumps({"model": "m", "messages": MESSAGES}).encode())
    assert observer.prompt is None
    observer.read_request()
    assert observer.prompt is not None
    assert decoded(observer.prompt) == MESSAGES


def test_asking_for_usage_does_not_read_the_body_twice_and_leaves_the_prompt_to_reading():
    observer = observed(json.dumps({"model": "m", "stream": True, "messages": MESSAGES}).encode(), kept_request=1000)
    assert observer.ask_for_usage() is not None
    assert observer.request is not None
    assert observer.ask_for_usage() is None
    asked = observer.read_request()
    assert asked is observer.request
    assert observer.weight == 0
    assert observer.prompt is not None
    assert decoded(observer.prompt) == MESSAGES
    assert observer.request_text is not None


def test_a_prompt_that_was_used_can_be_let_go():
    observer = observed(json.dumps({"messages": MESSAGES}).encode())
    observer.read_request()
    observer.take_prompt()
    assert observer.prompt is None
    assert observer.read_request() is not None


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff"])
def test_what_cannot_be_read_has_no_prompt(body):
    observer = observed(body)
    observer.ask_for_usage()
    observer.read_request()
    assert observer.prompt is None
    assert observer.unmetered == "request_unreadable"


def test_headers_and_body_make_the_claim():
    body = json.dumps({"messages": [], "session_id": "body", "user": "u"}).encode()
    observer = observed(body, {b"x-session-id": b"header"})
    observer.read_request()
    assert observer.prompt is not None
    assert observer.prompt.claim == Claim(session="header", source=IdentitySource.SESSION_HEADER, hints=("user=u",))


def test_the_names_of_sessions_are_those_given():
    names = SessionNames(headers=(), fields=("chat.id",))
    observer = observed(b'{"messages":[],"chat":{"id":"c-1"},"session_id":"s"}', {b"x-session-id": b"h"}, names=names)
    observer.read_request()
    assert observer.prompt is not None
    assert observer.prompt.claim == Claim(session="c-1", source=IdentitySource.SESSION_BODY)


def test_only_chat_completions_are_asked_for_usage():
    body = b'{"model":"m","stream":true,"messages":[],"input":[]}'
    assert observed(body, api="responses").ask_for_usage() is None
    assert observed(body, api="messages").ask_for_usage() is None
    assert observed(body, api="chat").ask_for_usage() is not None


def test_no_message_and_no_id_is_shown_by_anything():
    body = b'{"model":"m","messages":[{"content":"canary"}],"session_id":"canary","stream":true}'
    observer = observed(body, {b"x-session-id": b"canary"})
    observer.ask_for_usage()
    observer.read_request()
    assert "canary" not in repr(observer)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=10,
)


@given(st.lists(JSON, max_size=5), st.booleans())
@settings(deadline=None)
def test_every_message_is_strict_json(messages, lenient):
    fields = {"messages": messages, "model": float("nan") if lenient else "m"}
    for message in prompt(json.dumps(fields).encode()).messages:
        msgspec.json.decode(message)
