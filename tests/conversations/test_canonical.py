"""Which messages are the same, however they are written."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costproxy.conversations.canonical import Kind, canonical, canonical_reply, said
from costproxy.conversations.digests import Digests
from costproxy.conversations.reader import Reader
from costproxy.model import Part, ReplyCall, ReplyMessage

DIGESTS = Digests(b"secret")

CALL = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"a": 1, "b": [2, 3.0]}'}}
REPLY = ReplyMessage(
    text="Fine, I look.\n", calls=(ReplyCall(id="call_1", name="look", arguments='{"b":[2,3],"a":1}'),)
)


def digest(message: Any) -> int:
    return DIGESTS.of(canonical(message).digestible())


@pytest.mark.parametrize(
    "echo",
    [
        {"role": "assistant", "content": "Fine, I look.", "tool_calls": [CALL]},
        {"role": "assistant", "content": "Fine, I look.", "tool_calls": [CALL | {"index": 0}], "refusal": None},
        {"role": "assistant", "content": [{"type": "text", "text": "Fine, I look."}], "tool_calls": [CALL]},
        {"role": "assistant", "content": "Fine, I  look.\r\n", "tool_calls": [CALL | {"id": "another"}]},
        {"role": "assistant", "content": "<think>Hm.</think>Fine, I look.", "tool_calls": [CALL], "annotations": []},
        {"role": "assistant", "content": "Fine, I look.", "reasoning_content": "Hm.", "tool_calls": [CALL]},
        {"role": "assistant", "content": "Fine, I look.", "prefix": False, "audio": None, "tool_calls": [CALL]},
        {"role": "assistant", "name": "bob", "content": "Fine, I look.", "tool_calls": [CALL], "function_call": None},
        {"role": "assistant", "content": "Fine, I look.", "function_call": CALL["function"]},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
                {"type": "text", "text": "Fine, I look.", "cache_control": {"type": "ephemeral"}},
                {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"a": 1, "b": [2, 3]}},
            ],
        },
    ],
)
def test_an_echo_of_a_reply_is_the_reply(echo: Any) -> None:
    assert digest(echo) == DIGESTS.of(canonical_reply(REPLY).digestible())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Fine.", "fine."),
        ("e\u0301", "\u00e9"),
        ("Fine.", "Fine"),
        (
            [{"type": "text", "text": "Fine."}],
            [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}],
        ),
    ],
)
def test_other_words_are_another_message(one: Any, other: Any) -> None:
    assert digest({"role": "user", "content": one}) != digest({"role": "user", "content": other})


def test_the_speaker_is_part_of_the_message() -> None:
    assert digest({"role": "user", "content": "x"}) != digest({"role": "assistant", "content": "x"})


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a<think>b</think>c", "ac"),
        ("thought</think> answer", "answer"),
        ("<think>cut off", "<think>cutoff"),
        ("<think>a</think>b<think>c</think>d", "bd"),
    ],
)
def test_visible_thoughts_are_left_out(text: str, left: str) -> None:
    assert said(text) == left


@pytest.mark.parametrize("arguments", ["", "{}", "  ", None, {}])
def test_a_call_with_nothing_is_a_call_with_an_empty_object(arguments: Any) -> None:
    call = {"id": "1", "function": {"name": "f", "arguments": arguments}}
    empty = {"id": "1", "function": {"name": "f", "arguments": "{}"}}
    assert digest({"role": "assistant", "tool_calls": [call]}) == digest({"role": "assistant", "tool_calls": [empty]})


def test_items_of_a_reply_are_the_reply() -> None:
    items: list[Any] = [
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Fine, I look."}]},
        {"type": "function_call", "call_id": "call_1", "name": "look", "arguments": '{"a":1,"b":[2,3]}'},
    ]
    reader = Reader(DIGESTS)
    assert reader.whole([json.dumps(item).encode() for item in items]).digest == reader.reply(REPLY).digest


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ({"role": "system", "content": "x"}, Kind.SYSTEM),
        ({"role": "developer", "content": "x"}, Kind.SYSTEM),
        ({"role": "user", "content": "x"}, Kind.USER),
        ({"role": "tool", "content": "x"}, Kind.TOOL),
        ({"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "x"}]}, Kind.TOOL),
        (
            {"role": "user", "content": [{"type": "tool_result", "content": "x"}, {"type": "text", "text": "y"}]},
            Kind.USER,
        ),
        ({"type": "function_call_output", "call_id": "1", "output": "x"}, Kind.TOOL),
        ({"type": "reasoning", "summary": []}, Kind.ASIDE),
        ({"type": "item_reference", "id": "x"}, Kind.ASIDE),
        ({"role": "assistant", "content": ""}, Kind.ASIDE),
        ("Hello", Kind.USER),
        (None, Kind.USER),
    ],
)
def test_each_message_has_its_kind(message: Any, kind: Kind) -> None:
    assert canonical(message).kind is kind


def test_what_fills_a_message_is_weighed_by_part() -> None:
    parts = [
        {"type": "text", "text": "x" * 400},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 100_000}},
        {"type": "file", "file": {"file_data": "A" * 100_000}},
    ]
    tokens = canonical({"role": "user", "content": parts}).tokens
    assert tokens[Part.USER] == 104
    assert 0 < tokens[Part.IMAGES] < 2_000
    assert 0 < tokens[Part.FILES] < 5_000


def test_a_message_is_read_once_and_the_memory_of_it_is_bounded() -> None:
    reader = Reader(DIGESTS, keep=10)
    first = reader.messages([b'{"role":"user","content":"0"}'])[0]
    for number in range(100):
        found = reader.messages([b'{"role":"user","content":"0"}', b'{"role":"user","content":"%d"}' % number])
        assert found[0] is first
    assert len(reader) <= 20


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"\xff\xfe", b'{"role":"user","content":"\\ud800"}', b"[" * 100_000, b"NaN", b'{"role":[]}', b"1e999"],
)
def test_what_cannot_be_read_is_told_by_its_bytes(text: bytes) -> None:
    reader = Reader(DIGESTS)
    [once], [again] = reader.messages([text]), reader.messages([memoryview(text)])
    assert once == again
    assert once.digest != reader.messages([text + b" x"])[0].digest


def test_results_within_results_do_not_grow() -> None:
    inner: Any = '"quoted"'
    for _ in range(60):
        inner = [{"type": "tool_result", "tool_use_id": "1", "content": inner}]
    assert canonical({"role": "user", "content": inner}).length < 10_000


_WORDS = st.sampled_from(
    ["role", "type", "content", "text", "user", "assistant", "tool_calls", "function", "tool_result"]
)
_JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | _WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_WORDS | st.text(max_size=4), inner, max_size=5),
    max_leaves=20,
)


@settings(max_examples=300, deadline=None)
@given(_JUNK)
def test_junk_of_any_type_has_a_form(value: Any) -> None:
    assert digest(value) == digest(value)
    Reader(DIGESTS).messages([json.dumps(value).encode()])


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=40), st.text(max_size=40))
def test_any_reply_is_found_in_its_echo(text: str, arguments: str) -> None:
    reply = ReplyMessage(text=text, calls=(ReplyCall(id="i", name="f", arguments=arguments),))
    call = {"id": "j", "type": "function", "function": {"name": "f", "arguments": arguments}}
    echo = json.dumps({"role": "assistant", "content": text, "tool_calls": [call]}).encode()
    reader = Reader(DIGESTS)
    assert reader.messages([echo])[0].digest == reader.reply(reply).digest
