"""The one permitted change: one span inserted, and only where a streamed request does not mention the option."""

import json

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from costproxy.wire.chat_request import ask_for_usage

ASK = b'"include_usage":true'
ADDED = b',"stream_options":{' + ASK + b"}"


def inserted(before: bytes, after: bytes) -> set[bytes]:
    """Return the span by which `after` is longer, in every way to see it; around it is `before`, byte for byte."""
    extra = len(after) - len(before)
    spans = {
        after[at : at + extra]
        for at in range(len(before) + 1)
        if before[:at] == after[:at] and before[at:] == after[at + extra :]
    }
    assert spans, after
    return spans


def body(stream: object = ..., options: object = ...) -> bytes:
    chosen = {"stream": stream, "stream_options": options}
    return json.dumps({"model": "m", **{key: value for key, value in chosen.items() if value is not ...}}).encode()


# -- the matrix: what is said about the option x what is said about streaming ------------------------------

OPTIONS = {
    "absent": (..., ADDED),
    "empty": ({}, ASK),
    "another option": ({"include_obfuscation": False}, ASK + b","),
    "true": ({"include_usage": True}, None),
    "false": ({"include_usage": False}, None),
    "null inside": ({"include_usage": None}, None),
    "text inside": ({"include_usage": "yes"}, None),
    "null": (None, None),
    "a list": ([], None),
    "a text": ("include_usage", None),
    "a boolean": (True, None),
}


@pytest.mark.parametrize(("options", "expected"), OPTIONS.values(), ids=OPTIONS)
def test_a_streamed_request_is_asked_for_usage_only_where_it_does_not_mention_it(options, expected):
    before = body(True, options)
    after = ask_for_usage(before)
    if expected is None:
        assert after is None
        return
    assert after is not None
    assert expected in inserted(before, after)
    wanted = json.loads(before)
    wanted.setdefault("stream_options", {})["include_usage"] = True
    assert json.loads(after) == wanted


@pytest.mark.parametrize("stream", [..., False, None, 1, "true", {}, [True]])
@pytest.mark.parametrize("options", [each[0] for each in OPTIONS.values()], ids=OPTIONS)
def test_a_request_that_is_not_streamed_is_left_alone(stream, options):
    assert ask_for_usage(body(stream, options)) is None


# -- spelling ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (b'{"stream":true}', b'{"stream":true' + ADDED + b"}"),
        (b'{"stream":true}\n', b'{"stream":true' + ADDED + b"}\n"),
        (b'  {"stream"\t:\r\n true  } \r\n\t', b'  {"stream"\t:\r\n true  ' + ADDED + b"} \r\n\t"),
        (b'{\n  "stream": true\n}', b'{\n  "stream": true\n' + ADDED + b"}"),
        (b'{"stream":true,"stream_options":{}}', b'{"stream":true,"stream_options":{' + ASK + b"}}"),
        (b'{"stream":true,"stream_options" : { } }', b'{"stream":true,"stream_options" : {' + ASK + b" } }"),
        (
            b'{"stream_options":\n{ "a":1 },"stream":true}',
            b'{"stream_options":\n{' + ASK + b', "a":1 },"stream":true}',
        ),
        (b'\xef\xbb\xbf{"stream":true}', b'\xef\xbb\xbf{"stream":true' + ADDED + b"}"),
        (b'{"stream":true,"temperature":NaN}', b'{"stream":true,"temperature":NaN' + ADDED + b"}"),
        (b'{"stream":true,"seed":1E400,"n":1e3}', b'{"stream":true,"seed":1E400,"n":1e3' + ADDED + b"}"),
        (b'{"stream":true,"user":"\\ud800"}', b'{"stream":true,"user":"\\ud800"' + ADDED + b"}"),
        (b'{"stream":true,"user":"\xff"}', b'{"stream":true,"user":"\xff"' + ADDED + b"}"),
        (b'{"stream":false,"stream":true}', b'{"stream":false,"stream":true' + ADDED + b"}"),
    ],
)
def test_odd_spacing_numbers_and_escapes_stay_as_they_are(before, expected):
    assert ask_for_usage(before) == expected


@pytest.mark.parametrize(
    "before",
    [
        b"",
        b"true",
        b"[]",
        b'["stream",true]',
        b'[{"stream":true}]',
        b'{"stream":true',
        b'{"stream":true,}',
        b'{"stream":true}}',
        b'{"stream":true}{"stream":true}',
        b'"\\"stream\\":true"',
        b'{"stream":true,"x":' + b"9" * 5000 + b',"stream":false}',
        b'{"stream":true,"x":' + b"[" * 200_000 + b"}",
        b'{"stream":true,"stream":false}',
        b'{"x":"\\"stream\\": true"}',
        b'{"metadata":{"stream":true}}',
        b'{"stream":true,"stream\\u005foptions":{}}',
        b'{"stream":true,"stream\\u005foptions":{"include\\u005fusage":false}}',
        b'{"stream":true,"stream_options":{"include\\u005fusage":false}}',
        '{"stream":true}'.encode("utf-16"),
    ],
)
def test_what_cannot_be_read_with_certainty_is_left_alone(before):
    assert ask_for_usage(before) is None


def test_of_duplicate_options_the_last_one_counts():
    before = b'{"stream_options":{"include_usage":false},"stream":true,"stream_options":{}}'
    after = ask_for_usage(before)
    assert after == b'{"stream_options":{"include_usage":false},"stream":true,"stream_options":{' + ASK + b"}}"
    before = b'{"stream_options":{},"stream":true,"stream_options":{"include_usage":false}}'
    assert ask_for_usage(before) is None


# -- decoys: other things of the same name -------------------------------------------------------------------

DECOYS = [
    {"messages": [{"role": "user", "content": 'say "stream_options": {} and "stream": true'}]},
    {"messages": [{"role": "user", "content": '"stream_options":{'}]},
    {"messages": [{"role": "user", "content": [{"type": "text", "text": "x", "stream_options": {}}]}]},
    {"messages": [{"role": "user", "stream_options": {"include_usage": True}, "stream": True}]},
    {"tools": [{"type": "function", "function": {"name": "f", "parameters": {"properties": {"stream_options": {}}}}}]},
    {"tools": [{"function": {"parameters": {"properties": {"stream": True, "stream_options": {"type": "object"}}}}}]},
    {"metadata": {"stream_options": {}, "stream": True}},
    {"messages": [{"tool_calls": [{"function": {"arguments": '{"stream_options":{},"stream":true}'}}]}]},
]


@pytest.mark.parametrize("decoy", DECOYS)
@pytest.mark.parametrize("options", [..., {}, {"include_obfuscation": True}])
@pytest.mark.parametrize("decoy_first", [True, False])
def test_a_decoy_is_not_taken_for_the_option(decoy, options, decoy_first):
    own = {"stream": True} | ({} if options is ... else {"stream_options": options})
    before = json.dumps({**decoy, **own} if decoy_first else {**own, **decoy}).encode()
    after = ask_for_usage(before)
    assert after is not None
    inserted(before, after)
    wanted = json.loads(before)
    wanted.setdefault("stream_options", {})["include_usage"] = True
    assert json.loads(after) == wanted


@pytest.mark.parametrize("decoy", DECOYS)
def test_a_decoy_alone_starts_nothing(decoy):
    assert ask_for_usage(json.dumps(decoy).encode()) is None
    assert ask_for_usage(json.dumps({**decoy, "stream": False}).encode()) is None


@pytest.mark.timeout(30)
def test_a_body_full_of_decoys_costs_no_more_than_a_few_readings():
    # A hundred thousand places to try, each by reading 2 MB, would hold everybody else up for minutes.
    decoys = json.dumps([{"stream_options": {}}] * 100_000).encode()
    assert ask_for_usage(b'{"messages":' + decoys + b',"stream_options":{},"stream":true}') is None


# -- properties ----------------------------------------------------------------------------------------------

KEYS = st.sampled_from(["stream", "stream_options", "include_usage", "model", "messages", "ü", 'a"b\\'])
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), KEYS)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=12
)
INDENTS = st.sampled_from([None, 0, 1, "\t"])
SEPARATORS = st.sampled_from([(",", ":"), (", ", ": "), (" ,\r\n", "\t : "), (" , ", " :  ")])


@given(st.dictionaries(KEYS, VALUES, max_size=6), INDENTS, SEPARATORS, st.booleans(), st.booleans())
@settings(deadline=None, max_examples=500)
def test_a_changed_body_without_its_span_is_the_original_and_means_the_same_otherwise(
    request, indent, separators, ascii_only, streamed
):
    if streamed:
        request["stream"] = True
    text = json.dumps(request, indent=indent, separators=separators, ensure_ascii=ascii_only)
    before = text.encode("utf-8", "surrogatepass")
    after = ask_for_usage(before)
    if after is None:
        return
    assert request["stream"] is True
    assert not inserted(before, after).isdisjoint({ADDED, ASK, ASK + b","})
    options = request.get("stream_options", {})
    assert "include_usage" not in options
    read = json.loads(after)
    assert read["stream_options"] == {**json.loads(json.dumps(options)), "include_usage": True}
    del read["stream_options"]
    wanted = {key: value for key, value in json.loads(before).items() if key != "stream_options"}
    assert repr(read) == repr(wanted)  # repr, because NaN is not equal to itself


@given(st.dictionaries(KEYS, VALUES, max_size=6), SEPARATORS)
@settings(deadline=None, max_examples=300)
def test_every_streamed_request_without_the_option_is_changed(request, separators):
    request["stream"] = True
    options = request.get("stream_options", {})
    assume(isinstance(options, dict) and "include_usage" not in options)
    before = json.dumps(request, separators=separators).encode()
    assume(before.count(b'"stream_options"') < 8)
    assert ask_for_usage(before) is not None


@given(st.binary(max_size=200))
@settings(deadline=None, max_examples=300)
def test_no_body_however_odd_raises(garbage):
    ask_for_usage(garbage)
    ask_for_usage(b'{"stream":true,' + garbage)
    ask_for_usage(b'{"stream":true,"stream_options":{' + garbage)
