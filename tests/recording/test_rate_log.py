"""What the log says of rejections and retries: the first of a kind, and every one in its own line."""

import io
import json
from typing import Any

import pytest

from costproxy.model import Failure, RateWord, ReplyError, StormEvent, Turn
from costproxy.model.chat import ChatReply
from costproxy.recording.log import Log, line_of
from costproxy.recording.log_rates import Seldom
from tests.recording.rejections import CALLER, answered, refused
from tests.support.turns import turn

WORDS = {"failure", "retry_after_s", "attempt", "retried_after", "retry_violation", "retry_in_vain"}


def said(*moments: tuple[float, Turn], level: str = "info", event: str | None = None) -> list[dict[str, Any]]:
    """Return the lines of turns and when they came, without their times; those of one event only, if it is named."""
    stream, now = io.StringIO(), [0.0]
    log = Log(level=level, form="json", on_drop=lambda: None, stream=stream, clock=lambda: now[0])
    for now[0], each in moments:
        log.record(each)
    log.close()
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert all(line.pop("timestamp") for line in lines)
    return [line for line in lines if event in (None, line["event"])]


def once(*turns: Turn, **wanted: Any) -> list[dict[str, Any]]:
    return said(*((0.0, each) for each in turns), **wanted)


# -- the canonical line ------------------------------------------------------------------------------------------


def test_the_line_of_a_rejection_says_why_and_for_how_long():
    line = line_of(refused(Failure.RATE_TOKENS, wait=2.5, in_vain_tokens=120))
    assert (line["failure"], line["retry_after_s"], line["rejected_prompt_tokens"]) == ("rate_tokens", 2.5, 120)
    assert {"attempt", "retry_violation", "retry_in_vain", "retried_after"}.isdisjoint(line)


def test_the_line_of_a_retry_says_what_came_before():
    line = line_of(
        refused(Failure.QUOTA, attempt=3, retried_after=Failure.QUOTA, violation=True, retry_in_vain=True, wait=0.0)
    )
    assert {word: line[word] for word in WORDS} == {
        "failure": "quota",
        "retry_after_s": 0.0,
        "attempt": 3,
        "retried_after": "quota",
        "retry_violation": True,
        "retry_in_vain": True,
    }


@pytest.mark.parametrize("plain", [answered(), turn(), turn(api="models", reply=None)])
def test_the_line_of_a_success_says_nothing_of_it(plain):
    assert (WORDS | {"rejected_prompt_tokens"}).isdisjoint(line_of(plain))


def test_prompt_tokens_that_nobody_counted_are_left_out():
    assert "rejected_prompt_tokens" not in line_of(refused(in_vain_tokens=None))


# -- the first of a kind -----------------------------------------------------------------------------------------


def test_the_first_rejection_of_a_kind_is_an_event():
    found = once(refused(Failure.QUOTA, wait=20.0), refused(Failure.QUOTA), event="rejected")
    assert found == [
        {
            "event": "rejected",
            "level": "warning",
            "exchange": "0123456789abcdef",
            "upstream": "default",
            "model": "m",
            "app": "shop",
            "failure": "quota",
            "retry_after_s": 20.0,
        }
    ]


def test_each_upstream_model_application_and_kind_has_a_first():
    other = ChatReply(model="n", error=ReplyError(kind="rate_tokens"))
    turns = [
        *(refused(), refused(Failure.RATE_TOKENS), refused(app="desk"), refused(app=None)),
        *(refused(upstream="local"), refused(reply=other)),
    ]
    assert len(once(*turns, *turns, event="rejected")) == len(turns)


def test_it_is_told_once_an_hour_with_how_many_were_left_out():
    moments = [(0.0, refused()), (1.0, refused()), (3599.0, refused()), (3600.0, refused()), (7300.0, refused())]
    found = said(*moments, event="rejected")
    assert [each.get("left_out") for each in found] == [None, 2, None]


@pytest.mark.parametrize(
    "kind",
    [Failure.CONTEXT_EXCEEDED, Failure.AUTHENTICATION, Failure.NOT_FOUND, Failure.OVERLOADED, Failure.BAD_REQUEST],
)
def test_whatever_an_upstream_turns_down_is_a_rejection(kind):
    (found,) = once(refused(kind, status=400), event="rejected")
    assert found["failure"] == kind


@pytest.mark.parametrize(
    "other",
    [answered(), refused(Failure.SERVER, status=500), turn(status=400, refusal="body_too_large", reply=None)],
    ids=["success", "its own fault", "ours"],
)
def test_anything_else_is_none(other):
    assert once(other, event="rejected") == []


def test_who_ignores_the_time_to_wait_is_told_once_an_hour():
    early = refused(attempt=2, violation=True)
    moments = [(0.0, early), (1.0, early), (1.0, refused(app=None, caller=CALLER, violation=True)), (3700.0, early)]
    found = said(*moments, event="retry_after_ignored")
    assert [(each["owner"], each["attempt"], each.get("left_out")) for each in found] == [
        ("shop", 2, None),
        ("00c0ffee", 1, None),
        ("shop", 2, 1),
    ]


def test_a_storm_is_told_when_it_begins_and_when_it_ends():
    found = once(refused(storm=StormEvent.BEGAN), refused(), answered(storm=StormEvent.ENDED), event="retry_storm")
    assert [(each["state"], each["upstream"], each["owner"]) for each in found] == [
        ("began", "default", "shop"),
        ("ended", "default", "shop"),
    ]


def test_a_storm_that_passes_in_silence_is_told_too():
    stream = io.StringIO()
    log = Log(level="info", form="json", on_drop=lambda: None, stream=stream)
    log.calmed("shop", "default")
    log.close()
    line = json.loads(stream.getvalue())
    assert (line["event"], line["state"], line["owner"], line["upstream"]) == (
        "retry_storm",
        "ended",
        "shop",
        "default",
    )


def test_events_are_left_out_where_only_errors_are_asked_for():
    assert once(refused(violation=True, storm=StormEvent.BEGAN), level="error") == []


@pytest.mark.parametrize("name", ["a\nb", "gpt-\ud800", "\x1b[31mred", "x" * 10_000, '{"a":1}', "\u2028"])
def test_names_of_strangers_make_no_line_of_their_own(name):
    reply = ChatReply(model=name, error=ReplyError(kind="quota"))
    found = once(refused(app=name, reply=reply, violation=True, storm=StormEvent.BEGAN))
    assert [each["event"] for each in found] == ["exchange", "rejected", "retry_after_ignored", "retry_storm"]
    for each in found:
        assert all(str(fact).isprintable() and len(str(fact)) <= 100 for fact in each.values())


# -- the memory of it --------------------------------------------------------------------------------------------


def test_what_was_told_longest_ago_is_forgotten_first():
    seldom = Seldom(room=2, pause=100.0)
    assert [seldom.tell((name,), 0.0) for name in "aabac"] == [0, None, 0, None, 0]
    assert repr(seldom) == "<Seldom 2 of 2>"
    assert seldom.tell(("a",), 1.0) == 0


def test_what_is_told_again_is_not_the_oldest_any_more():
    seldom = Seldom(room=2, pause=100.0)
    assert [seldom.tell((name,), at) for name, at in (("a", 0), ("b", 50), ("a", 100), ("c", 101))] == [0, 0, 0, 0]
    assert seldom.tell(("a",), 102.0) is None


def test_any_number_of_names_fits_into_the_memory():
    seldom = Seldom()
    assert all(seldom.tell((str(number),), 0.0) == 0 for number in range(30_000))
    assert repr(seldom) == "<Seldom 10000 of 10000>"


def test_a_wait_of_nothing_is_said():
    assert line_of(refused(rate=RateWord(retry_after=0.0)))["retry_after_s"] == 0.0
