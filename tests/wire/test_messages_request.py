"""What a request of the Messages API says of itself."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costproxy.errors import WireError
from costproxy.model import ChatRequest
from costproxy.wire.messages_request import read
from costproxy.wire.surface import RequestRead

NO_NAMES: frozenset[str] = frozenset()


def asked(**fields: Any) -> RequestRead:
    return read(json.dumps(fields).encode(), NO_NAMES)


def loaded(texts: Any) -> list[Any]:
    return [json.loads(bytes(text)) for text in texts]


def test_a_request_is_read_field_by_field():
    messages = [{"role": "user", "content": "a"}, {"role": "assistant", "content": [{"type": "text", "text": "b"}]}]
    blocks = [{"type": "text", "text": "Be kind.", "cache_control": {"type": "ephemeral"}}]
    tools = [{"name": "f", "input_schema": {}}]
    seen = asked(model="claude-x", stream=True, max_tokens=100, messages=messages, system=blocks, tools=tools)
    assert seen.facts == ChatRequest(model="claude-x", stream=True, messages=2, tools=1, max_output=100)
    assert loaded(seen.prompt.messages) == messages
    assert loaded([seen.prompt.system, seen.prompt.tools]) == [blocks, tools]


def test_the_messages_are_cut_out_as_they_were_written():
    seen = read(b'{"messages":[ {"role" : "user","content":"\\u00e9"} , {} ]}', NO_NAMES)
    assert [bytes(text) for text in seen.prompt.messages] == [b'{"role" : "user","content":"\\u00e9"}', b"{}"]


@pytest.mark.parametrize("nothing", [None, "", [], {}])
def test_what_is_empty_is_not_sent(nothing: Any):
    seen = asked(system=nothing, tools=nothing)
    assert (seen.prompt.system, seen.prompt.tools) == (None, None)


def test_fields_that_may_name_a_session_are_handed_on_as_written():
    body = b'{"metadata": {"user_id": "u"}, "session_id":"s", "model":"m"}'
    seen = read(body, frozenset({"metadata", "session_id", "user"}))
    assert {name: bytes(text) for name, text in seen.fields.items()} == {
        "metadata": b'{"user_id": "u"}',
        "session_id": b'"s"',
    }


@pytest.mark.parametrize("odd", [None, 3, "x", True, {"a": 1}, 1e400])
def test_a_field_of_a_wrong_type_is_unknown_and_hides_no_other(odd: Any):
    seen = asked(model="m", messages=odd, tools=odd, max_tokens="9", stream="true")
    assert seen.facts == ChatRequest(model="m")
    assert seen.prompt.messages == ()


def test_half_a_surrogate_hides_nothing():
    seen = read(b'{"model":"m","messages":[{"role":"user","content":"\\ud800"}]}', NO_NAMES)
    assert seen.facts == ChatRequest(model="m", messages=1)
    assert loaded(seen.prompt.messages)[0]["role"] == "user"


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'"x"', b"{", b"\xff"])
def test_what_is_no_object_is_refused(body: bytes):
    with pytest.raises(WireError):
        read(body, NO_NAMES)


@given(st.binary(max_size=200) | st.text(max_size=80).map(str.encode))
def test_junk_raises_nothing_else(body: bytes):
    with contextlib.suppress(WireError):
        read(b'{"messages":' + body + b"}", NO_NAMES)
