"""The traffic is what the documentation says: conversations that grow, answered with what they then contain."""

import json
from itertools import islice, pairwise
from typing import Any

import pytest

from benchmarks.conversation import Writer
from benchmarks.frames import EXTRA_EVENTS, Frames, Usage
from benchmarks.workloads import Chat, workloads

CHATS = [workload for workload in workloads(quick=False) if isinstance(workload, Chat)]


@pytest.mark.parametrize("shape", CHATS, ids=lambda shape: shape.name)
def test_a_conversation_has_the_size_it_is_named_for(shape: Chat) -> None:
    bodies = _bodies(shape, shape.turns)
    messages = [len(json.loads(body)["messages"]) for body in bodies]
    assert sum(messages) / len(messages) == shape.messages
    assert sum(map(len, bodies)) / len(bodies) == pytest.approx(shape.size, rel=0.1)


@pytest.mark.parametrize("shape", CHATS, ids=lambda shape: shape.name)
def test_each_turn_extends_the_one_before_by_two_messages(shape: Chat) -> None:
    turns = [json.loads(body)["messages"] for body in _bodies(shape, shape.turns)]
    for before, after in pairwise(turns):
        assert after[: len(before)] == before
        assert len(after) == len(before) + 2


def test_no_two_conversations_begin_alike() -> None:
    turns = CHATS[0].turns
    first, second = (json.loads(body)["messages"][0] for body in _bodies(CHATS[0], 2 * turns)[::turns])
    assert first != second


@pytest.mark.parametrize("asked", [True, False])
def test_a_stream_has_the_events_that_are_counted(asked: bool) -> None:
    frames = Frames()
    usage = Usage(prompt=10, completion=5) if asked else None
    stream = frames.first(asked=asked) + frames.joined(5, asked=asked) + frames.ending(usage)
    assert stream.count(b"data: ") == 5 + EXTRA_EVENTS + asked


def _bodies(shape: Chat, count: int) -> list[Any]:
    return [request.partition(b"\r\n\r\n")[2] for request in islice(Writer().conversations(shape), count)]
