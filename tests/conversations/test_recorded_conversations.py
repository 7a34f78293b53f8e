"""Recorded conversations, many at a time: each is one thread, and nothing is wrong with it."""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest

from costproxy.model import Placement
from tests.support.data import needed
from tests.support.talk import App, reply_of

FILES = ("tau-bench", "intercode", "swe-agent-claude35-swebench", "cassettes-pydantic-ai")
EACH = 20  # conversations of a file
MOST = 25  # requests of a conversation


def conversation(app: App, line: str) -> Iterator[Placement]:
    """Send what a client sent, request by request, and be answered as it was."""
    recorded = json.loads(line)
    messages: list[dict[str, Any]] = recorded["messages"]
    replies = [place for place, each in enumerate(messages) if place and each["role"] == "assistant"]
    for place in islice(replies, MOST):
        if messages[place - 1]["role"] == "assistant":
            continue
        placed = app.send(messages[:place], tools=recorded["tools"])
        yield placed.placement
        app.answer(placed, reply_of({"content": None, **messages[place]} | {"content": text_of(messages[place])}))


def text_of(message: dict[str, Any]) -> str:
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "".join(part.get("text") or "" for part in content if part.get("type") == "text")


@pytest.mark.parametrize("name", FILES)
def test_interleaved_conversations_are_told_apart_and_no_mistake_is_found_in_them(name: str) -> None:
    with needed(f"conversations/{name}.jsonl").open(encoding="utf-8") as file:
        lines = list(islice(file, EACH))
    app = App()
    waiting = [conversation(app, line) for line in lines]
    found: list[list[Placement]] = [[] for _ in waiting]
    under_way = list(range(len(waiting)))
    while under_way:
        for number in list(under_way):
            placement = next(waiting[number], None)
            if placement is None:
                under_way.remove(number)
            else:
                found[number].append(placement)
    names = [{each.conversation for each in of_one} for of_one in found if of_one]
    assert len(set().union(*names)) >= len(names) - 1  # at most two that are equal word for word
    assert [len(each) for each in names] == [1] * len(names)
    assert [each.mistakes for of_one in found for each in of_one if each.mistakes] == []
