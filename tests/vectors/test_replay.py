"""Recorded replies of many providers, sent again: every byte arrives, and the facts are those of the recording."""

import random
from collections import Counter

import pytest

from costproxy.demo.coding import encoded
from tests.support.data import Recording
from tests.support.slices import cut
from tests.vectors.conftest import Stage
from tests.vectors.oracle import without_usage_chunk
from tests.vectors.replaying import chats, counted, expected, in_pieces, replay, request_of, whole

pytestmark = pytest.mark.timeout(120)


def some_pieces(body: bytes, seed: str) -> list[bytes]:
    """Return `body` cut at up to a dozen random places, the same each time."""
    places = random.Random(seed)
    return cut(body, [places.randrange(len(body) + 1) for _ in range(places.randint(1, 12))])


@pytest.mark.parametrize("recording", chats(), ids=lambda each: each.name)
async def test_a_recorded_reply_arrives_and_is_counted_as_it_says(stage: Stage, recording: Recording) -> None:
    arrived = await replay(stage, whole(recording), request_of(recording))
    assert arrived.status == recording.status
    assert arrived.body == recording.body
    assert await counted(stage, 1) == expected(recording)


async def test_in_whatever_pieces_they_come_nothing_changes(stage: Stage) -> None:
    reads = 0
    for recording in chats():
        pieces = some_pieces(recording.body, recording.name)
        arrived = await replay(stage, in_pieces(recording, pieces), request_of(recording))
        assert arrived.body == recording.body, recording.name
        reads += len(arrived.chunks)
    assert await counted(stage, len(chats())) == sum_of(chats())
    assert reads > 3 * len(chats())  # the proxy did get them in pieces


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd"])
async def test_compressed_and_in_pieces_nothing_changes(stage: Stage, encoding: str) -> None:
    for recording in chats():
        coded = encoded(recording.body, encoding)
        plan = in_pieces(recording, some_pieces(coded, recording.name), encoding)
        arrived = await replay(stage, plan, request_of(recording))
        assert arrived.body == coded, recording.name
    assert await counted(stage, len(chats())) == sum_of(chats())


async def test_usage_that_the_proxy_asked_for_is_counted_and_hidden(stage: Stage) -> None:
    streams = [each for each in chats() if each.is_stream]
    asked = hidden = 0
    for recording in streams:
        plan = in_pieces(recording, some_pieces(recording.body, recording.name))
        arrived = await replay(stage, plan, request_of(recording, asks=False))
        injected = "stream_options" in stage.upstream.requests[-1].json()
        without = without_usage_chunk(recording)
        assert arrived.body == (without if injected else recording.body), recording.name
        asked += injected
        hidden += injected and without != recording.body
    assert await counted(stage, len(streams)) == sum_of(streams)
    assert asked >= 10
    assert hidden >= 5


def sum_of(some: list[Recording]) -> Counter[str]:
    return sum(map(expected, some), Counter())
