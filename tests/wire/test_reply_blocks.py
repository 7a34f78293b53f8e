"""Numbered blocks of a reply, put together from their pieces."""

from typing import Any

import pytest

from costproxy.model import ReplyCall, ReplyMessage, SeenText
from costproxy.wire.reply_blocks import Kind, ReplyBlocks, json_text


def test_pieces_of_interleaved_blocks_come_together_in_the_order_of_the_blocks():
    blocks = ReplyBlocks()
    for index, piece in [(2, "c"), (0, "a"), (2, "d"), (0, "b")]:
        blocks.add(index, Kind.TEXT, piece)
    assert blocks.message(whole=True) == ReplyMessage(text="abcd")


def test_the_message_has_what_is_said_and_called_and_the_seen_text_all_that_was_generated():
    blocks = ReplyBlocks()
    blocks.add(0, Kind.ASIDE, "hm ")
    blocks.add(1, Kind.TEXT, "Sure.")
    blocks.open(2, Kind.HOSTED, name="search")
    blocks.add(2, Kind.HOSTED, "cats")
    blocks.open(3, Kind.CALL, block_id="call_1", name="f")
    blocks.add(3, Kind.CALL, "{}")
    call = ReplyCall(id="call_1", name="f", arguments="{}")
    assert blocks.message(whole=True) == ReplyMessage(text="Sure.", calls=(call,))
    assert blocks.seen() == SeenText(texts=("hm Sure.",), calls=(("search", "cats"), ("f", "{}")))
    assert blocks.calls


def test_a_block_may_learn_what_it_is_after_its_first_piece():
    blocks = ReplyBlocks()
    blocks.add(0, Kind.HOSTED, "ls")
    blocks.open(0, Kind.CALL, block_id="c", name="shell")
    assert blocks.message(whole=True).calls == (ReplyCall(id="c", name="shell", arguments="ls"),)


def test_nothing_is_nothing():
    assert not ReplyBlocks()
    assert ReplyBlocks().seen() is None
    assert not ReplyBlocks().calls


@pytest.mark.parametrize("piece", [None, "", 3, [], {}, True])
def test_what_is_no_text_adds_nothing(piece: Any):
    blocks = ReplyBlocks()
    blocks.add(0, Kind.TEXT, piece)
    assert not blocks


@pytest.mark.parametrize("index", [None, "0", 1.5, [], {}])
def test_pieces_without_an_index_come_after_all_others(index: Any):
    blocks = ReplyBlocks()
    for piece in "yz":
        blocks.add(index, Kind.TEXT, piece)
    blocks.add(7, Kind.TEXT, "x")
    assert blocks.message(whole=True).text == "xyz"


def test_what_is_too_long_is_measured_and_the_message_no_longer_whole():
    blocks = ReplyBlocks()
    blocks.add(0, Kind.TEXT, "x" * 512 * 1024)
    blocks.add(0, Kind.TEXT, "yyy")
    seen = blocks.seen()
    assert seen is not None
    assert (len(seen.texts[0]), seen.beyond) == (512 * 1024, 3)
    assert not blocks.message(whole=True).whole


def test_there_are_only_so_many_blocks():
    blocks = ReplyBlocks()
    for index in range(5000):
        blocks.add(index, Kind.TEXT, "x")
        blocks.open(index, Kind.CALL, name="f")
    seen = blocks.seen()
    assert seen is not None
    assert (len(seen.calls), seen.beyond) == (4096, 5000 - 4096)


def test_a_call_without_arguments_has_those_that_the_api_writes_for_none():
    blocks = ReplyBlocks(no_arguments="{}")
    blocks.open(0, Kind.CALL, block_id="c", name="now")
    assert blocks.message(whole=True).calls[0].arguments == "{}"
    assert blocks.seen() == SeenText(calls=(("now", ""),))


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), ({}, ""), ("as it is", "as it is"), ({"a": [1, "é"]}, '{"a":[1,"é"]}'), ([], "[]"), (0, "0")],
)
def test_values_become_text_again(value: Any, text: str):
    assert json_text(value) == text
