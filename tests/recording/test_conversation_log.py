"""What the log says of conversations: our ids, our words and numbers."""

import io
import json
from dataclasses import replace
from typing import Any

import pytest

from costproxy.model import (
    CacheMiss,
    ChatReply,
    Mistake,
    MistakeKind,
    Outlook,
    Region,
    ReplyError,
    Standing,
    Turn,
    Verdict,
)
from costproxy.recording.log import Log, line_of
from costproxy.recording.log_conversations import Firsts
from costproxy.wire import errors
from tests.recording.standings import COST, ID, placement, standing, standing_turn
from tests.support.turns import turn

FACTS = {
    "conversation": ID,
    "verdict": "continue",
    "turn": 2,
    "step": 3,
    "identity_source": "messages",
    "messages": 7,
    "new_tokens": 200,
    "resent_tokens": 800,
    "amplification": 1.75,
    "resent_share": 0.4286,
    "context_used": 1000,
    "context_limit": 2000,
    "context_ratio": 0.5,
    "limit_source": "catalogue",
    "turns_left": 5,
    "turns_left_confident": True,
    "next_turn_cost_usd": "0.005",
}
CHANGED = Mistake(kind=MistakeKind.SYSTEM_CHANGED)
DROPPED = Mistake(kind=MistakeKind.REPLY_DROPPED, index=7)
BROKEN = Mistake(kind=MistakeKind.CACHE_BROKEN, index=4, region=Region.MESSAGES, tokens=640, cost=1_200_000)


def said(*turns: Turn, level: str = "info", event: str | None = None) -> list[dict[str, Any]]:
    """Return the lines of turns, without their times; those of one event only, if it is named."""
    stream = io.StringIO()
    log = Log(level=level, form="json", on_drop=lambda: None, stream=stream)
    for each in turns:
        log.record(each)
    log.close()
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert all(line.pop("timestamp") for line in lines)
    return [line for line in lines if event in (None, line["event"])]


def beside(stands: Standing, **facts: Any) -> dict[str, object]:
    """Return what the line of a turn has beside that of the same turn without a conversation."""
    stood = standing_turn(stands, **facts)
    bare = line_of(replace(stood, standing=None))
    return {name: fact for name, fact in line_of(stood).items() if name not in bare}


# -- the canonical line ------------------------------------------------------------------------------------------


def test_the_line_holds_these_facts_of_a_conversation_and_no_other():
    assert beside(standing()) == FACTS


def test_what_is_rare_is_left_out_until_it_happens():
    placed = placement(verdict=Verdict.COMPACTION_SUSPECTED, ambiguous=True, parent="f" * 16, ignored_ids=2)
    miss = CacheMiss(tokens=1280, expired=False, cost=5_000_000)
    line = beside(standing(placed, mistakes=(DROPPED, CHANGED), cache_miss=miss))
    assert {name: fact for name, fact in line.items() if name not in FACTS} == {
        "ambiguous": True,
        "parent": "f" * 16,
        "session_ids_ignored": 2,
        "mistakes": "reply_dropped@7,system_changed",
        "cache_missed_tokens": 1280,
        "cache_missed_usd": "0.000005",
        "cache_expired": False,
    }


def test_what_is_not_known_is_left_out_and_not_zero():
    nothing = Standing(placement=placement())
    assert set(beside(nothing)) == {"conversation", "verdict", "turn", "step", "identity_source", "messages"}


def test_zero_is_known():
    line = beside(standing(new=0, resent=1000, outlook=Outlook(turns_left=0, next_turn_cost=0)))
    assert (line["new_tokens"], line["turns_left"], line["turns_left_confident"]) == (0, 0, False)
    assert line["next_turn_cost_usd"] == "0"


def test_a_turn_that_was_placed_but_not_settled_says_where():
    line = line_of(turn(placement=placement()))
    assert (line["conversation"], line["verdict"], line["messages"]) == (ID, "continue", 7)
    assert "new_tokens" not in line


def test_a_turn_without_a_conversation_says_nothing_of_one():
    assert FACTS.keys().isdisjoint(line_of(turn()))


def test_of_very_many_mistakes_the_first_are_listed():
    orphans = tuple(Mistake(kind=MistakeKind.ORPHAN_TOOL_RESULT, index=number) for number in range(1000))
    text = str(line_of(standing_turn(standing(mistakes=orphans)))["mistakes"])
    assert text.startswith("orphan_tool_result@0,")
    assert text.endswith(",orphan_tool_result@19,+980")


# -- warnings ----------------------------------------------------------------------------------------------------


def test_each_threshold_that_is_crossed_is_a_warning_of_its_own():
    found = said(standing_turn(standing(crossed=(70, 85))), event="context_warning")
    assert found == [
        {
            "event": "context_warning",
            "level": "warning",
            "conversation": ID,
            "exchange": "0123456789abcdef",
            "upstream": "default",
            "model": "m",
            "app": "shop",
            "threshold": threshold,
            "used": 1000,
            "usable": 2000,
            "turns_left": 5,
            "next_turn_cost_usd": "0.005",
        }
        for threshold in (0.7, 0.85)
    ]


def test_a_warning_leaves_out_what_is_not_known():
    (found,) = said(standing_turn(standing(crossed=(70,), outlook=Outlook()), app=None), event="context_warning")
    assert {"turns_left", "next_turn_cost_usd", "app"}.isdisjoint(found)


def test_the_first_mistake_of_a_kind_in_a_conversation_is_an_event():
    other = standing(placement(conversation="e" * 16), mistakes=(DROPPED,))
    turns = [standing_turn(standing(mistakes=(DROPPED, CHANGED))), standing_turn(standing(mistakes=(DROPPED,)))]
    found = said(*turns, standing_turn(other), event="mistake")
    assert [(each["conversation"], each["kind"], each.get("message")) for each in found] == [
        (ID, "reply_dropped", 7),
        (ID, "system_changed", None),
        ("e" * 16, "reply_dropped", 7),
    ]


def test_a_mistake_says_where_it_is_and_what_it_cost():
    (found,) = said(standing_turn(standing(mistakes=(BROKEN,))), event="mistake")
    assert found == {
        "event": "mistake",
        "level": "warning",
        "conversation": ID,
        "exchange": "0123456789abcdef",
        "upstream": "default",
        "model": "m",
        "app": "shop",
        "kind": "cache_broken",
        "message": 4,
        "region": "messages",
        "tokens": 640,
        "cost_usd": "0.0000012",
    }


def test_a_mistake_of_a_request_that_failed_is_told_too():
    failed = standing_turn(
        Standing(placement=placement(), mistakes=(DROPPED,)),
        cost=None,
        status=500,
        reply=ChatReply(error=ReplyError(kind=errors.SERVER)),
    )
    assert [each["event"] for each in said(failed, level="warning")] == ["exchange", "mistake"]


def test_warnings_are_left_out_where_only_errors_are_asked_for():
    assert said(standing_turn(standing(crossed=(70,), mistakes=(DROPPED,))), level="error") == []


@pytest.mark.parametrize("name", ["a\nb", "gpt-\ud800", "\x1b[31mred", "x" * 10_000, '{"a":1}', "\u2028"])
def test_names_of_strangers_make_no_line_of_their_own(name):
    stood = standing_turn(standing(crossed=(70,), mistakes=(DROPPED,)), app=name, reply=ChatReply(model=name))
    found = said(replace(stood, model=name, cost=COST))
    assert [each["event"] for each in found] == ["exchange", "context_warning", "mistake"]
    assert all(len(str(each["model"])) <= 100 and str(each["app"]).isprintable() for each in found)


# -- the memory of it --------------------------------------------------------------------------------------------


def test_what_came_first_is_forgotten_first():
    firsts = Firsts(room=2)
    assert [firsts.is_first((name,)) for name in "aabac"] == [True, False, True, False, True]
    assert repr(firsts) == "<Firsts 2 of 2>"
    assert not firsts.is_first(("b",))
    assert firsts.is_first(("a",))


def test_any_number_of_conversations_fits_into_the_memory():
    firsts = Firsts()
    assert all(firsts.is_first((f"{number:016x}", "reply_dropped")) for number in range(30_000))
    assert repr(firsts) == "<Firsts 10000 of 10000>"
