"""Sums are those of the exchanges, exactly, whichever way they are had."""

from collections import Counter
from itertools import pairwise

import pytest

from costproxy.model import Cost, CostQuality, CostSource, Turn
from costproxy.recording.ledger import GROUPS, Question, SqliteLedger
from costproxy.recording.ledger.entry import MOST
from costproxy.recording.ledger.sums import span_of
from tests.recording.ledger.made import HOUR, START, kept, recorded, refused, rows
from tests.recording.standings import standing_turn

DAY = 24 * HOUR
COUNT = 4000  # almost three days


@pytest.fixture(name="turns", scope="module")
def _turns() -> list[Turn]:
    return [recorded(number) for number in range(COUNT)] + [refused(number) for number in range(0, COUNT, 10)]


@pytest.fixture(name="ledger", scope="module")
def _ledger(tmp_path_factory: pytest.TempPathFactory, turns: list[Turn]) -> SqliteLedger:
    return kept(tmp_path_factory.mktemp("ledger") / "ledger.sqlite", turns)


def spent(turns: list[Turn], since: float = 0.0, until: float = 9e9) -> Counter[tuple[str, str]]:
    """Return cost and requests by quality, of the turns that started in that time."""
    sums: Counter[tuple[str, str]] = Counter()
    for each in turns:
        if since <= each.exchange.started_at < until:
            quality = each.cost.quality.value if each.cost else ""
            sums["cost", quality] += each.cost.total or 0 if each.cost else 0
            sums["requests", quality] += 1
            sums["prompt", quality] += each.usage.prompt if each.usage else 0
    return +sums


def answered(ledger: SqliteLedger, question: Question) -> Counter[tuple[str, str]]:
    sums: Counter[tuple[str, str]] = Counter()
    for row in ledger.spend(question):
        for name in ("cost", "requests", "prompt"):
            sums[name, row.quality] += getattr(row, name)
    return +sums


@pytest.mark.parametrize("group", [(), *((name,) for name in GROUPS), ("model", "app"), ("day", "upstream", "model")])
def test_sums_by_anything_add_up_to_the_turns(ledger, turns, group) -> None:
    counted = [each for each in turns if each.standing is not None] if "conversation" in group else turns
    assert answered(ledger, Question(by=group)) == spent(counted)


RANGES = {
    "whole hours": (START // HOUR * HOUR + HOUR, START // HOUR * HOUR + 3 * HOUR),
    "odd ends": (START + 1234.5, START + 23456.78),
    "within an hour": (START + 61, START + 300),
    "no end": (START + 999.9, None),
    "no beginning": (None, START + 10_000.1),
    "nothing": (START + 100, START + 100),
    "days": (START + 3000, START + 200_000),
    "a whole day": (START // DAY * DAY + DAY, START // DAY * DAY + 2 * DAY),
    "backwards": (START + 100, START + 50),
    "to an hour's end": (START + 0.25, START // HOUR * HOUR + HOUR),
}


@pytest.mark.parametrize("grouped", [(), ("conversation",)])
@pytest.mark.parametrize(("since", "until"), RANGES.values(), ids=RANGES)
def test_a_range_holds_what_started_in_it(ledger, turns, since, until, grouped) -> None:
    counted = [each for each in turns if each.standing is not None] if grouped else turns
    expected = spent(counted, since or 0.0, 9e9 if until is None else until)
    assert answered(ledger, Question(since=since, until=until, by=grouped)) == expected


def test_two_ranges_are_one(ledger, turns) -> None:
    cuts = [None, START + 17.3, START + 3600, START + 7777.7, START + 30_000, None]
    parts = [answered(ledger, Question(since=a, until=b)) for a, b in pairwise(cuts)]
    assert sum(parts, Counter()) == spent(turns)


@pytest.mark.parametrize(("name", "value"), [("app", "shop"), ("app", ""), ("model", "n"), ("quality", "estimated")])
def test_a_filter_leaves_out_the_others(ledger, turns, name, value) -> None:
    def fits(each: Turn) -> bool:
        found = {
            "app": each.exchange.app or "",
            "model": each.model or "",
            "quality": each.cost.quality.value if each.cost else "",
        }
        return found[name] == value

    question = Question(since=START + 700, **{name: value})
    assert answered(ledger, question) == spent([each for each in turns if fits(each)], START + 700)


def test_sums_by_the_hour_are_the_sums_of_the_rows(ledger) -> None:
    path = ledger._path
    measures = "SUM(requests), SUM(succeeded), SUM(prompt), SUM(cached), SUM(new), SUM(resent), SUM(cost)"
    own = """COUNT(*), SUM(outcome = 'success'), SUM(prompt), SUM(cache_read), SUM(new), SUM(resent), SUM(cost)"""
    (hourly,) = rows(path, f"SELECT {measures} FROM hourly")
    assert [hourly] == rows(path, f"SELECT {own} FROM exchange")
    assert [hourly] == rows(path, f"SELECT {measures} FROM daily")
    by_conversation = rows(path, f"SELECT conversation, {measures} FROM hourly_conversation GROUP BY 1 ORDER BY 1")
    where = "WHERE conversation IS NOT NULL GROUP BY 1 ORDER BY 1"
    assert by_conversation == rows(path, f"SELECT conversation, {own} FROM exchange {where}")


def test_a_conversation_has_the_sums_of_its_turns(ledger, turns) -> None:
    for found in ledger.conversations(Question(), most=100):
        own = [each for each in turns if each.standing and each.standing.placement.conversation == found.id]
        assert found.requests == len(own)
        assert found.new == 200 * len(own)
        for quality, amount in found.amounts.items():
            assert amount == sum(each.cost.total for each in own if each.cost.quality.value == quality)
        assert found.mistakes == sum(len(each.standing.mistakes) for each in own)
        assert (found.first, found.last) == (own[0].exchange.started_at, own[-1].exchange.started_at + 1.0)
        assert found.context_used == own[-1].standing.context.used
        assert found.turns == own[-1].standing.placement.turn


def test_the_most_expensive_come_first(ledger) -> None:
    found = ledger.conversations(Question(), most=5)
    costs = [sum(each.amounts.values()) for each in found]
    assert len(found) == 5
    assert costs == sorted(costs, reverse=True)
    assert ledger.conversations(Question(app="nobody"), most=5) == []


def test_mistakes_are_counted_by_kind(ledger, turns) -> None:
    (found,) = ledger.mistakes(Question())
    assert (found.kind, found.count) == (
        "reply_dropped",
        sum(len(each.standing.mistakes) for each in turns if each.standing),
    )
    assert found.conversations == 11
    assert ledger.mistakes(Question(until=START)) == []


def test_one_conversation_is_told_turn_by_turn(ledger) -> None:
    told = list(ledger.turns(f"{3:016x}"))
    assert [row["turn"] for row in told] == list(range(1, len(told) + 1))
    assert {event["type"] for event in ledger.events(f"{3:016x}")} == {"mistake", "warning"}
    assert ledger.conversation("nobody") is None
    assert list(ledger.turns("nobody")) == []


def test_an_export_has_every_exchange_once(ledger, turns) -> None:
    assert [row["id"] for row in ledger.export(Question())] == [each.exchange.id for each in turns]
    some = [row["id"] for row in ledger.export(Question(app="", since=START + 6000))]
    expected = [each for each in turns if each.exchange.app is None and each.exchange.started_at >= START + 6000]
    assert some == [each.exchange.id for each in expected]


def test_sums_beyond_64_bits_are_exact(tmp_path) -> None:
    amount = MOST - 1
    cost = Cost(total=amount, parts={"other": amount}, source=CostSource.REPORTED, quality=CostQuality.EXACT)
    turns = [standing_turn(cost=cost, id=f"{n:016x}", started_at=START + n * HOUR) for n in range(1200)]
    (found,) = kept(tmp_path / "ledger.sqlite", turns).spend(Question())
    assert found.cost == amount * 1200 > 2**63


def test_a_group_that_does_not_exist_is_told() -> None:
    with pytest.raises(ValueError, match="by: expected each at most once of model, app"):
        Question(by=("colour",))
    with pytest.raises(ValueError, match="found 'app'"):
        Question(by=("app", "app"))


def test_pieces_of_hours_that_are_gone_are_taken_whole() -> None:
    horizon = 1000
    span = span_of(Question(since=998.5 * HOUR, until=999.5 * HOUR), horizon)
    assert (span.first, span.last, span.pieces) == (998, 1000, ())
    span = span_of(Question(since=998.5 * HOUR, until=1001.5 * HOUR), horizon)
    assert (span.first, span.last, span.pieces) == (998, 1001, ((1001 * HOUR, 1001.5 * HOUR),))
