"""What a request of the Responses API says of itself."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costproxy.errors import WireError
from costproxy.model import ChatRequest, Prompt
from costproxy.model.prompt import IdentitySource
from costproxy.wire.observer import Limits, Observer
from costproxy.wire.responses_request import read
from costproxy.wire.surface import RequestRead

NO_NAMES: frozenset[str] = frozenset()


def asked(**fields: Any) -> RequestRead:
    return read(json.dumps(fields).encode(), NO_NAMES)


def loaded(texts: Any) -> list[Any]:
    return [json.loads(bytes(text)) for text in texts]


def observed(**fields: Any) -> Prompt:
    observer = Observer(Limits(), api="responses")
    observer.request_body(json.dumps(fields).encode())
    observer.read_request()
    assert observer.prompt is not None
    return observer.prompt


def test_a_request_is_read_field_by_field():
    items = [
        {"role": "user", "content": "hi"},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": "1"},
    ]
    tools = [{"type": "function", "name": "f"}, {"type": "web_search"}]
    seen = asked(model="gpt-5", stream=True, max_output_tokens=50, input=items, instructions="Be kind.", tools=tools)
    assert seen.facts == ChatRequest(model="gpt-5", stream=True, messages=3, tools=2, max_output=50)
    assert loaded(seen.prompt.messages) == items
    assert loaded([seen.prompt.system, seen.prompt.tools]) == ["Be kind.", tools]


@pytest.mark.parametrize("text", ["hi", 'a "b"\n', "é😀"])
def test_a_text_is_one_message_of_the_user(text: str):
    seen = asked(input=text)
    assert seen.facts.messages == 1
    assert loaded(seen.prompt.messages) == [{"role": "user", "content": text}]


@pytest.mark.parametrize("nothing", [None, "", [], {}])
def test_what_is_empty_is_not_sent(nothing: Any):
    seen = asked(instructions=nothing, tools=nothing)
    assert (seen.prompt.system, seen.prompt.tools) == (None, None)


def test_no_items_and_unknown_items_are_two_things():
    assert asked(input=[]).facts.messages == 0
    assert asked(prompt={"id": "pmpt_1"}).facts.messages is None


def test_a_thread_that_the_provider_keeps_is_named_by_the_reply_or_the_conversation():
    claim = observed(input="hi", previous_response_id="resp_1").claim
    assert (claim.previous, claim.source) == ("resp_1", IdentitySource.API_STATE)
    for conversation in ("conv_1", {"id": "conv_1"}):
        assert observed(input="hi", conversation=conversation).claim.previous == "conv_1"
    assert observed(input="hi", previous_response_id=None).claim.previous is None


@pytest.mark.parametrize("odd", [None, 3, True, {"a": 1}, 1e400])
def test_a_field_of_a_wrong_type_is_unknown_and_hides_no_other(odd: Any):
    seen = asked(model="m", input=odd, tools=odd, max_output_tokens="9", stream=1)
    assert seen.facts == ChatRequest(model="m")
    assert seen.prompt.messages == ()


def test_usage_is_never_asked_for():
    observer = Observer(Limits(), api="responses")
    observer.request_body(b'{"model":"m","input":"hi","stream":true}')
    assert observer.ask_for_usage() is None
    assert observer.read_request() == ChatRequest(model="m", stream=True, messages=1)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'"x"', b"{", b"\xff"])
def test_what_is_no_object_is_refused(body: bytes):
    with pytest.raises(WireError):
        read(body, NO_NAMES)


@given(st.binary(max_size=200) | st.text(max_size=80).map(str.encode))
def test_junk_raises_nothing_else(body: bytes):
    with contextlib.suppress(WireError):
        read(b'{"input":' + body + b"}", NO_NAMES)
