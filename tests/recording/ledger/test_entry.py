"""What is written of an exchange: all that an auditor asks for, and nothing that was said."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from costproxy.model import CacheMiss, ChatReply, ChatRequest, Cost, CostQuality, CostSource, Failure, RateStanding
from costproxy.model.rates import NO_STANDING
from costproxy.recording.ledger.entry import MOST, entry_of
from tests.recording.ledger.made import recorded, refused
from tests.recording.standings import standing, standing_turn
from tests.support.turns import USAGE, turn

CANARY = "cAnArY"


def test_a_cost_can_be_computed_again_from_its_row() -> None:
    row = entry_of(recorded(1)).row
    assert json.loads(str(row["raw_usage"])) == {"prompt_tokens": 1000, "completion_tokens": 50}
    assert (row["input"], row["cache_read"], row["output"], row["prompt"]) == (300, 700, 50, 1000)
    assert (row["price_row"], row["catalogue"], row["price_since"]) == ("openai/m#1", "1.0", "2026-01-01")
    assert sum(json.loads(str(row["cost_parts"])).values()) == row["cost"] == row["computed"]
    assert (row["id"], row["reply_id"], row["asked"], row["served"]) == (f"{1:016x}", "chatcmpl-1", "m", "n")
    assert (row["source"], row["quality"]) == ("catalogue", "exact")


def test_what_is_not_known_is_null_and_never_0() -> None:
    row = entry_of(refused(1)).row
    unknown = ("input", "output", "prompt", "completion", "raw_usage", "conversation", "new", "context_used")
    assert {name: row[name] for name in unknown} == dict.fromkeys(unknown)
    assert (row["status"], row["outcome"], row["mistakes"]) == (429, "rate_limited", 0)
    assert (row["cost"], row["quality"]) == (0, "not_billed")  # which is known


def test_a_place_without_a_standing_is_told() -> None:
    made = recorded(1)
    assert made.standing is not None
    alone = replace(made, standing=None, exchange=replace(made.exchange, placement=made.standing.placement))
    assert entry_of(alone).row["conversation"] == made.standing.placement.conversation
    assert entry_of(alone).events == ()


def test_retries_and_caches_are_told() -> None:
    retries = RateStanding(attempt=3, retried_after=Failure.OVERLOADED, violation=True, succeeded_after=3)
    row = entry_of(replace(recorded(1), retries=retries)).row
    assert (row["attempt"], row["retried_after"], row["violation"]) == (3, "overloaded", 1)
    assert entry_of(replace(recorded(1), retries=NO_STANDING)).row["retried_after"] is None
    missed = entry_of(standing_turn(standing(cache_miss=CacheMiss(tokens=500, expired=True, cost=7)))).row
    assert (missed["cache_missed"], missed["cache_missed_cost"]) == (500, 7)


def test_mistakes_and_warnings_are_events() -> None:
    events = entry_of(recorded(65)).events
    assert [(each.type, each.kind, each.threshold, each.message) for each in events] == [
        ("mistake", "reply_dropped", None, 3),
        ("warning", None, 70, None),
        ("warning", None, 85, None),
    ]


def test_the_words_of_nobody_are_in_it() -> None:
    raw = {
        "prompt_tokens": 1,
        "note": f"{CANARY} said so",
        f"{CANARY} key": 1,
        "tier": "standard",
        "cost": Decimal("0.25"),
        "deep": {"a": {"b": {"c": {"d": {"e": CANARY}}}}},
        "list": [1, CANARY, None, True],
    }
    reply = ChatReply(model="m", usage=USAGE, raw_usage=raw, id=f"{CANARY}\n", finish_reasons=("stop",), complete=True)
    asked = ChatRequest(model=f"{CANARY}" * 30)
    entry = entry_of(turn(reply=reply, request=asked, request_text=CANARY.encode()))
    assert CANARY.lower() not in repr(entry).lower()
    told = json.loads(str(entry.row["raw_usage"]))
    assert (told["prompt_tokens"], told["note"], told["tier"], told["cost"]) == (1, "?", "standard", "0.25")
    assert told["list"] == [1, "?", None, True]


def test_a_huge_usage_object_is_left_out() -> None:
    raw = {f"field_{number}": number for number in range(1000)}
    assert entry_of(turn(reply=ChatReply(usage=USAGE, raw_usage=raw))).row["raw_usage"] is None


@pytest.mark.parametrize("amount", [MOST, MOST + 1])
def test_an_amount_that_no_exchange_has_is_refused(amount: int) -> None:
    cost = Cost(total=amount, parts={"other": amount}, source=CostSource.REPORTED, quality=CostQuality.EXACT)
    made = standing_turn(cost=cost)
    if amount > MOST:
        with pytest.raises(OverflowError, match="cost: expected at most"):
            entry_of(made)
    else:
        assert entry_of(made).row["cost"] == amount
