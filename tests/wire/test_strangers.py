"""JSON and numbers from strangers."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costproxy.errors import WireError
from costproxy.wire.jsontext import decode, decode_object
from costproxy.wire.numbers import token_count


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'{"a":1}', {"a": 1}),
        (b'\xef\xbb\xbf{"a":1}', {"a": 1}),
        (b'{"a":"\\ud800"}', {"a": "\ud800"}),
        (b'{"a":1,"a":2}', {"a": 2}),
        (b'{"a":1E400}', {"a": math.inf}),
        (b'{"a":-0.0}', {"a": 0.0}),
        (b'{"a":' + b"9" * 4000 + b"}", {"a": 10**4000 - 1}),
        (' {"ü":"\\u00fc"} '.encode(), {"ü": "ü"}),
    ],
)
def test_odd_json_is_read(text, value):
    assert decode_object(text) == value
    assert decode(memoryview(text)) == value


def test_not_a_number_is_read():
    assert math.isnan(decode_object(b'{"a":NaN}')["a"])


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"{'a':1}",
        b'{"a":\xff}',
        b'{"a":"\xff"}',
        b"\x28\xb5\x2f\xfd\x04\x58",
        b'{"a":' + b"9" * 5000 + b"}",
        b"[" * 200_000,
        b"[" * 200_000 + b"]" * 200_000,
        b'{"a":' * 200_000,
    ],
)
def test_what_is_not_json_or_beyond_reason_is_a_wire_error(text):
    with pytest.raises(WireError, match="not readable as JSON"):
        decode(text)


def test_an_error_does_not_quote_what_it_could_not_read():
    with pytest.raises(WireError) as caught:
        decode(b'{"secret": sk-test}')
    assert "sk-test" not in str(caught.value)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("text", [b"[]", b"null", b"7", b'"{}"', b"true"])
def test_an_object_is_wanted_and_what_was_found_is_said(text):
    with pytest.raises(WireError, match=r"expected a JSON object, found (list|NoneType|int|str|bool)"):
        decode_object(text)


@given(st.binary(max_size=100))
@settings(deadline=None, max_examples=300)
def test_garbage_raises_nothing_else(garbage):
    try:
        decode(garbage)
    except WireError:
        return


@pytest.mark.parametrize(("value", "count"), [(0, 0), (7, 7), (7.0, 7), (0.0, 0), (-0.0, 0), (10**12, 10**12)])
def test_whole_numbers_are_believed(value, count):
    assert token_count(value) == count
    assert isinstance(token_count(value), int)


@pytest.mark.parametrize(
    "value",
    [None, True, False, "7", -1, -0.5, 0.5, 7.2, math.nan, math.inf, -math.inf, 10**12 + 1, 1e13, 1e400, [7], {"a": 7}],
)
def test_nothing_else_is(value):
    assert token_count(value) is None
