"""Recorded replies of the Responses and the Messages API, in any slicing and cut anywhere."""

import random

import pytest

from costproxy.model import ChatReply
from costproxy.wire.observer import Limits, Observer
from tests.support.data import Recording, recordings
from tests.support.slices import cut, single_bytes
from tests.vectors.oracle import facts_of

LONGEST = 12_000  # bytes of those that are fed byte by byte


def others() -> list[Recording]:
    return [each for each in recordings() if each.api in ("responses", "messages")]


def streams() -> list[Recording]:
    return [each for each in others() if each.is_stream]


def observed(recording: Recording, pieces: list[bytes]) -> ChatReply:
    observer = Observer(Limits(), api=recording.api)
    observer.head(recording.status, "")
    for piece in pieces:
        observer.body(piece, 1.0)
    reply = observer.facts("openai", 1.0)
    assert observer.unmetered is None
    return reply


@pytest.mark.parametrize("recording", others(), ids=lambda each: each.name)
def test_a_recorded_reply_is_read_as_it_says(recording: Recording):
    reply, facts = observed(recording, [recording.body]), facts_of(recording)
    assert reply.model == facts.model
    assert {
        kind.value: count for kind, count in (reply.usage.by_kind() if reply.usage else ()) if count
    } == facts.tokens
    assert list(reply.finish_reasons) == list(facts.finish_reasons)
    assert (reply.error is not None) == (not facts.tokens)
    assert bool(reply.messages) == bool(facts.tokens)
    assert all(message.whole and (message.text or message.calls) for message in reply.messages)


def test_byte_by_byte_and_at_random_cuts_the_facts_are_the_same():
    dice = random.Random(4)
    for recording in others():
        once = observed(recording, [recording.body])
        if len(recording.body) <= LONGEST:
            assert observed(recording, single_bytes(recording.body)) == once, recording.name
        for _ in range(5):
            places = [dice.randrange(len(recording.body) + 1) for _ in range(12)]
            assert observed(recording, cut(recording.body, places)) == once, recording.name


def test_a_stream_cut_anywhere_claims_no_more_than_the_whole_one():
    dice = random.Random(7)
    for recording in streams():
        whole = observed(recording, [recording.body])
        for _ in range(20):
            reply = observed(recording, [recording.body[: dice.randrange(len(recording.body))]])
            assert reply.usage in (None, whole.usage), recording.name
            for message, full in zip(reply.messages, whole.messages, strict=False):
                assert full.text.startswith(message.text), recording.name
                assert not message.whole or message == full, recording.name


def test_spoilt_bytes_raise_nothing():
    dice = random.Random(11)
    for recording in others():
        for _ in range(10):
            body = bytearray(recording.body)
            for _ in range(8):
                body[dice.randrange(len(body))] = dice.randrange(256)
            observed(recording, [bytes(body)])
