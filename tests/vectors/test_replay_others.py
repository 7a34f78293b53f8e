"""Recorded replies of the Responses and the Messages API, sent again as those of chat completions are."""

from collections import Counter

import pytest

from costproxy.demo.coding import encoded
from tests.support.data import Recording
from tests.vectors.conftest import Stage
from tests.vectors.replaying import counted, expected, in_pieces, others, replay, request_of, whole
from tests.vectors.test_replay import some_pieces

pytestmark = pytest.mark.timeout(120)


@pytest.mark.parametrize("recording", others(), ids=lambda each: each.name)
async def test_a_recorded_reply_arrives_and_is_counted_as_it_says(stage: Stage, recording: Recording) -> None:
    request = request_of(recording)
    arrived = await replay(stage, whole(recording), request)
    assert arrived.status == recording.status
    assert arrived.body == recording.body
    assert request.endswith(stage.upstream.requests[-1].body)  # nothing is ever added to these
    assert await counted(stage, 1) == expected(recording)


@pytest.mark.parametrize("encoding", ["", "gzip", "br", "zstd"])
async def test_in_whatever_pieces_they_come_nothing_changes(stage: Stage, encoding: str) -> None:
    for recording in others():
        body = encoded(recording.body, encoding) if encoding else recording.body
        plan = in_pieces(recording, some_pieces(body, recording.name), encoding)
        arrived = await replay(stage, plan, request_of(recording))
        assert arrived.body == body, recording.name
    assert await counted(stage, len(others())) == sum(map(expected, others()), Counter())
