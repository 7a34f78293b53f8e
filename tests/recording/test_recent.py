"""What is remembered for a while: bounded, told apart by what it is told from, and never anybody's text."""

from dataclasses import replace
from threading import Thread
from typing import Any

import pytest

from costproxy.model import (
    Cost,
    CostQuality,
    CostSource,
    Failure,
    Mistake,
    MistakeKind,
    Outcome,
    RateStanding,
    Timing,
    Turn,
    not_billed,
)
from costproxy.recording.recent import Recent
from costproxy.recording.recent_turn import PARTS
from costproxy.recording.tally import MOST_SHARES, Spend
from tests.recording.standings import COST, ID, REPLY, placement, standing, standing_turn
from tests.support.turns import turn

ESTIMATED = replace(COST, quality=CostQuality.ESTIMATED)
REPORTED = replace(COST, source=CostSource.REPORTED)
UNKNOWN = Cost(total=None, source=CostSource.UNKNOWN, quality=CostQuality.UNKNOWN)
DAY = 86_400.0


def at(moment: float, **facts: Any) -> Turn:
    return standing_turn(started_at=moment, timing=Timing(started=0.0, ended=0.5), **facts)


def of(conversation: str, moment: float = 0.0, **facts: Any) -> Turn:
    return at(moment, stands=standing(placement(conversation=conversation)), **facts)


def test_a_turn_is_remembered_with_what_it_did() -> None:
    recent = Recent()
    recent.record(at(100.0, stands=standing(mistakes=(Mistake(kind=MistakeKind.CACHE_BROKEN, tokens=7, cost=9),))))
    history = recent.history(ID)
    assert history is not None
    (kept,) = history.turns
    assert (kept.step, kept.turn, kept.new, kept.resent, kept.completion, kept.cache_read) == (3, 2, 200, 800, 50, 700)
    assert (kept.cost, kept.basis, kept.new_cost, kept.resent_cost) == (4_000, "computed", 1_000, 1_000)
    assert dict(zip(PARTS, kept.parts, strict=True))["assistant"] == 600
    assert kept.window is not None
    assert (kept.window.used, kept.window.usable, kept.window.source) == (1000, 2000, "catalogue")
    assert [(each.kind, each.tokens, each.cost) for each in kept.mistakes] == [("cache_broken", 7, 9)]


def test_only_the_last_turns_are_kept_and_all_are_counted() -> None:
    recent = Recent(turns=3)
    for moment in range(10):
        recent.record(at(float(moment)))
    history = recent.history(ID)
    assert history is not None
    assert [each.at for each in history.turns] == [7.0, 8.0, 9.0]
    assert (history.count, history.spend.total) == (10, 40_000)


def test_only_the_conversations_used_last_are_kept() -> None:
    recent = Recent(conversations=2)
    for name in ("a", "b", "a", "c"):
        recent.record(of(name))
    assert [recent.history(name) is not None for name in ("a", "b", "c")] == [True, False, True]


def test_amounts_are_told_apart_by_what_they_are_told_from() -> None:
    recent = Recent()
    for cost in (COST, ESTIMATED, ESTIMATED, REPORTED, UNKNOWN, not_billed(), None):
        recent.record(at(5.0, cost=cost))
    (tally,) = recent.between(0, 10, 10)
    assert tally.spend == recent.spend(ID) == Spend(reported=4_000, computed=4_000, estimated=8_000, unknown=1)


@pytest.mark.parametrize("step", [10, 60, 300])
def test_sums_over_time_lose_nothing(step: int) -> None:
    recent = Recent()
    for moment in range(0, 3000, 7):
        recent.record(at(float(moment)))
    tallies = recent.between(0, 3000, step)
    assert len(tallies) == 3000 // step
    assert sum(each.requests for each in tallies) == len(range(0, 3000, 7))


def test_a_day_is_remembered_in_larger_steps_and_nothing_twice() -> None:
    recent = Recent()
    for moment in range(0, 80_000, 50):
        recent.record(at(float(moment)))
    tallies = recent.between(0, 80_100, 900)
    assert sum(each.requests for each in tallies) == recent.today(80_000.0).requests == 1600
    assert {each.requests for each in tallies[:-1]} == {18}


def test_a_new_day_begins_at_nothing() -> None:
    recent = Recent()
    recent.record(at(DAY - 10))
    assert recent.today(DAY - 1).requests == 1
    assert recent.today(DAY + 1).requests == 0
    recent.record(at(DAY + 10))
    assert recent.today(DAY + 20).requests == 1


def test_what_comes_late_or_from_an_odd_clock_breaks_nothing() -> None:
    recent = Recent()
    for moment in (50_000.0, 49_990.0, 1.0, -5.0, 4_000_000_000.0, 50_000.0):
        recent.record(at(moment))
    assert recent.between(4_000_000_000, 4_000_000_010, 10)[0].requests == 1


def test_sums_stay_bounded_for_a_week() -> None:
    recent = Recent()
    for moment in range(0, 7 * 86_400, 60):
        recent.record(at(float(moment)))
    pulse = recent._pulse
    assert [len(ring.tallies) for ring in (pulse._fine, pulse._coarse, pulse._days)] <= [366, 292, 2]


def test_made_up_names_are_counted_together_beyond_a_cap() -> None:
    recent = Recent()
    for number in range(MOST_SHARES + 50):
        recent.record(at(5.0, app=f"app {number}"))
    (tally,) = recent.between(0, 10, 10)
    assert len(tally.shares) <= MOST_SHARES + 1
    assert sum(share.requests for share in tally.shares.values()) == MOST_SHARES + 50


def test_refusals_are_remembered_with_what_was_made_of_them() -> None:
    recent = Recent()
    fine = turn(app="shop")
    early = RateStanding(attempt=2, violation=True, in_vain_tokens=40)
    recent.record(fine)
    recent.record(replace(fine, outcome=Outcome.RATE_LIMITED, failure=Failure.RATE_REQUESTS, retries=RateStanding()))
    recent.record(replace(fine, outcome=Outcome.RATE_LIMITED, failure=Failure.RATE_REQUESTS, retries=early))
    recent.record(fine)
    ((key, found),) = recent.refused()
    assert key == ("default", "shop", None)
    assert (found.requests, found.refused, found.retries) == (3, {Failure.RATE_REQUESTS: 2}, 1)
    assert (found.too_early, found.tokens_in_vain) == (1, 40)


def test_threads_may_record_at_once() -> None:
    recent = Recent()

    def work(name: str) -> None:
        for moment in range(300):
            recent.record(of(name, float(moment)))

    threads = [Thread(target=work, args=(f"{number}",)) for number in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sum(each.requests for each in recent.between(0, 310, 10)) == 1200


def test_only_short_names_are_kept_of_what_strangers_send() -> None:
    recent = Recent()
    recent.record(replace(at(0.0), model="m" * 10_000))
    history = recent.history(ID)
    assert history is not None
    assert history.turns[0].model == "m" * 200


def test_halves_of_surrogate_pairs_are_remembered_as_question_marks() -> None:
    recent = Recent()
    reply = replace(REPLY, model="gpt-\ud800", finish_reasons=("\udfff",))
    recent.record(replace(of(ID, reply=reply), model="gpt-\ud800"))
    history = recent.history(ID)
    assert history is not None
    assert [(each.model, each.finish) for each in history.turns] == [("gpt-?", ("?",))]
