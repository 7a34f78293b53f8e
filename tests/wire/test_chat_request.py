"""What a chat request says of itself, however it is written."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costproxy.errors import WireError
from costproxy.model import ChatRequest
from costproxy.wire.chat_request import read


def asked(**fields: object) -> ChatRequest:
    return read(json.dumps(fields).encode())


def test_a_request_is_read_field_by_field():
    request = asked(
        model="gpt-4o",
        stream=True,
        stream_options={"include_usage": True},
        messages=[{"role": "system", "content": "s"}, {"role": "user", "content": "u"}],
        tools=[{"type": "function"}],
        max_completion_tokens=100,
    )
    assert request == ChatRequest(model="gpt-4o", stream=True, include_usage=True, messages=2, tools=1, max_output=100)


def test_an_empty_request_says_nothing():
    assert read(b"{}") == ChatRequest()


def test_no_messages_and_unknown_messages_are_two_things():
    assert asked(messages=[]).messages == 0
    assert asked().messages is None


@pytest.mark.parametrize("odd", [None, 3, "x", {"a": 1}, True])
def test_a_field_of_a_wrong_type_is_unknown_and_hides_no_other(odd):
    assert asked(model="m", messages=odd, tools=odd) == ChatRequest(model="m")
    assert asked(model="m", stream_options=odd, max_tokens={}) == ChatRequest(model="m")


@pytest.mark.parametrize("odd", [None, "", 3, [], {}, True])
def test_a_model_that_is_no_name_is_unknown(odd):
    assert asked(model=odd, messages=[1]) == ChatRequest(messages=1)


@pytest.mark.parametrize("odd", [None, 1, "true", [True], {}])
def test_only_true_streams(odd):
    assert not asked(stream=odd).stream


@pytest.mark.parametrize(
    ("options", "said"),
    [({}, None), ({"include_usage": True}, True), ({"include_usage": False}, False), ({"include_usage": 1}, None)],
)
def test_include_usage_is_known_only_if_it_is_said(options, said):
    assert asked(stream_options=options).include_usage is said


@pytest.mark.parametrize(
    ("fields", "limit"),
    [
        ({"max_completion_tokens": 5}, 5),
        ({"max_tokens": 6}, 6),
        ({"max_completion_tokens": 5, "max_tokens": 6}, 5),
        ({"max_completion_tokens": None, "max_tokens": 6}, 6),
        ({"max_tokens": "6"}, None),
        ({"max_tokens": -1}, None),
        ({"max_tokens": 1e3}, 1000),
    ],
)
def test_the_output_limit_has_two_names(fields, limit):
    assert asked(**fields).max_output == limit


@pytest.mark.parametrize(
    "body",
    [
        b'\xef\xbb\xbf{"model":"m","messages":[1,2]}',
        b'{"model":"m","messages":[1,NaN]}',
        b'{"model":"m","messages":[1,1E400]}',
        b'{"model":"m","messages":[1,"\\ud800"]}',
        b'{"model":"x","messages":[1],"model":"m","messages":[1,2]}',
        b'{"model":"m","messages":[1,2],"seed":' + b"9" * 5000 + b"}",
    ],
)
def test_what_an_upstream_may_well_accept_is_read(body):
    assert read(body) == ChatRequest(model="m", messages=2)


def test_a_lone_surrogate_in_a_name_is_kept_for_the_labels_to_clean():
    assert read(b'{"model":"gpt-\\ud800"}').model == "gpt-\ud800"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"model"',
        b"{",
        b"\xff\xfe",
        b"\x28\xb5\x2f\xfd",
        b'{"model":"m"',
        b'{"model":' + b"9" * 5000 + b"}",
        b'{"messages":' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    ],
)
def test_what_is_no_readable_object_is_a_wire_error(body):
    with pytest.raises(WireError):
        read(body)


@given(st.binary(max_size=300))
@settings(deadline=None, max_examples=300)
def test_garbage_raises_nothing_else(garbage):
    for body in (garbage, b'{"model":' + garbage, b'{"messages":[' + garbage + b"]}"):
        try:
            read(body)
        except WireError:
            continue
