import math

import pytest

from costproxy.model import (
    ContextUse,
    Cost,
    CostQuality,
    CostSource,
    Ending,
    Exchange,
    IdentitySource,
    LimitSource,
    Mistake,
    MistakeKind,
    Outcome,
    Part,
    Placement,
    Standing,
    Timing,
    Totals,
    Turn,
    Usage,
    UsageQuality,
    Verdict,
    Weights,
)
from costproxy.offline.bars import BLOCKS, PLAIN, bars, ink_for
from costproxy.offline.recorded_requests import RecordedRequest, RecordedSource, Truth
from costproxy.offline.replay_report import report
from costproxy.offline.replay_sums import ROWS, ReplaySums, row_of
from costproxy.offline.replay_tally import Recent
from costproxy.offline.spread import Spread


def recorded(source: str = "some/where.jsonl:1", index: int = 0, truth: Truth = Truth.CONVERSATION) -> RecordedRequest:
    usage = {"prompt_tokens": 1}
    return RecordedRequest(source=source, index=index, api="chat", host="", path="", body=b"", usage=usage, truth=truth)


def turn(conversation: str, number: int, *, prompt: int, new: int, totals: Totals, **more: object) -> Turn:
    placement = Placement(
        conversation=conversation,
        verdict=Verdict.CONTINUE if number > 1 else Verdict.NEW,
        source=IdentitySource.MESSAGES,
        turn=number,
        step=number,
        messages=1,
        known_messages=0,
        extends=number > 1,
        weights=Weights(common=0),
    )
    standing = Standing(
        placement=placement,
        **{"new": new, "resent": prompt - new, "totals": totals, "composition": {Part.USER: prompt}, **more},
    )
    return Turn(
        exchange=exchange(),
        outcome=Outcome.SUCCESS,
        model="m",
        model_proven=True,
        usage=Usage(input=prompt, output=10, quality=UsageQuality.EXACT),
        cost=Cost(
            total=prompt * 10**6,
            parts={"input": prompt * 10**6},
            source=CostSource.CATALOGUE,
            quality=CostQuality.EXACT,
        ),
        standing=standing,
    )


def exchange() -> Exchange:
    return Exchange(
        id="x",
        upstream="u",
        dialect="openai",
        api="chat",
        app=None,
        method="POST",
        status=200,
        ending=Ending.COMPLETE,
        timing=Timing(started=0.0, ended=0.0),
        started_at=0.0,
    )


@pytest.fixture
def sums() -> ReplaySums:
    """Two conversations: one of three turns, one of a single one."""
    sums = ReplaySums(top=5)
    full = ContextUse(used=900, usable=1000, source=LimitSource.CATALOGUE)
    dropped = Mistake(kind=MistakeKind.REPLY_DROPPED, index=3)
    for number, (prompt, new) in enumerate([(100, 100), (300, 200), (600, 300)], start=1):
        totals = Totals(requests=number, prompt=[100, 400, 1000][number - 1], new=[100, 300, 600][number - 1])
        more = {"context": full, "crossed": (70, 85), "mistakes": (dropped,)} if number == 3 else {}
        sums.add(recorded(index=number - 1), turn("a" * 16, number, prompt=prompt, new=new, totals=totals, **more))
    single = Totals(requests=1, prompt=50, new=50)
    sums.add(recorded("some/where.jsonl:2"), turn("b" * 16, 1, prompt=50, new=50, totals=single))
    sums.close()
    return sums


def text(sums: ReplaySums) -> str:
    return "\n".join(report(sums, ink=PLAIN))


def test_the_report_says_what_was_found(sums):
    told = text(sums)
    assert "requests: 4; 4 of them in 2 conversations" in told
    assert "recorded conversations: 2 found as one, 0 as several" in told
    assert "prompt tokens: 1,050 (exact 1,050)\n  sent again: 400 (38.1%); new: 650" in told
    assert "turns: median 1, 90 % up to 3, most 3, where.jsonl:1" in told
    assert "amplification (prompt tokens for each new one): 1.62" in told
    assert "context window: known of 1 of 2 conversations; 1 over 85 %" in told
    assert "90.0%  900 of 1,000 tokens (catalogue), where.jsonl:1" in told
    assert "reply dropped       1  first: where.jsonl:1#2, message 3" in told


def test_the_chart_shows_what_was_sent_again_beside_what_was_new(sums):
    lines = text(sums).splitlines()
    start = next(at for at, line in enumerate(lines) if line.startswith("prompt by turn"))
    assert [line.split() for line in lines[start + 2 : start + 5]] == [
        ["1", "2", "+" * 6, "75"],
        ["2", "1", "#" * 7 + "+" * 15, "300"],
        ["3", "1", "#" * 22 + "+" * 22, "600"],
    ]


def test_the_worst_conversations_come_first(sums):
    rows = text(sums).partition("sent the most again:\n")[2].splitlines()[1:]
    assert [row.split()[:2] for row in rows if row] == [["where.jsonl:1", "a" * 16], ["where.jsonl:2", "b" * 16]]


def test_all_but_the_table_of_the_worst_fits_a_terminal(sums):
    told = text(sums).partition("conversations that sent")[0]
    assert max(map(len, told.splitlines())) <= 80


def test_a_recorded_conversation_found_as_several_and_several_found_as_one_are_counted():
    sums = ReplaySums(top=0)
    totals = Totals(requests=1, prompt=1, new=1)
    for source, found in [("a:1", "x"), ("a:1", "y"), ("a:2", "y"), ("a:3", "z")]:
        sums.add(recorded(source), turn(found, 1, prompt=1, new=1, totals=totals))
    sums.close()
    assert (sums.found[Truth.CONVERSATION].whole, sums.found[Truth.CONVERSATION].split, sums.mixed) == (2, 1, 1)
    assert sums.worst == []


def test_what_could_be_read_otherwise_is_told(sums):
    assert "question" not in text(sums)
    for unasked, as_sent in [(True, False), (False, True), (False, True)]:
        source = RecordedSource(source="a:1", truth=Truth.UNKNOWN, requests=iter(()), unasked=unasked, as_sent=as_sent)
        assert sums.begin(source) is source
    told = " ".join(text(sums).split())
    assert "lists of messages that end with a question: 2, each taken for one request as it was sent" in told
    assert "conversations that end with a question: 1, left out: nobody can tell if it was sent" in told


def test_nothing_at_all_is_a_report_too():
    sums = ReplaySums(top=3)
    sums.close()
    assert text(sums).splitlines()[0] == "requests: 0; 0 of them in 0 conversations"


@pytest.mark.parametrize(("number", "last"), [(1, 1), (5, 5), (6, 7), (7, 7), (8, 10), (100, 100), (101, None)])
def test_turns_are_put_into_rows(number, last):
    assert row_of(number) == last
    assert last in ROWS


def test_those_used_last_stay():
    gone: list[str] = []
    recent = Recent(2, gone.append)
    for name in ("a", "b", "a", "c"):
        recent.get(name, lambda name=name: name)
    assert gone == ["b"]
    recent.close()
    assert gone == ["b", "a", "c"]


def test_a_spread_is_exact_for_small_numbers_and_near_for_large_ones():
    spread = Spread()
    assert spread.at(0.5) is None
    for number in range(1, 101):
        spread.add(number)
    assert (spread.at(0.1), spread.at(0.5), spread.at(0.9), spread.at(1)) == (10, 50, 90, 100)
    spread.add(123_456)
    assert math.isclose(spread.at(1), 123_456, rel_tol=0.005)


def test_the_longest_bar_fills_the_width():
    assert bars([(1, 1), (0, 0), (4, 0)], width=8, ink=PLAIN) == ["##++", "", "########"]
    assert bars([(0, 0)], width=8, ink=PLAIN) == [""]


@pytest.mark.parametrize(
    ("encoding", "ink"), [("utf-8", BLOCKS), ("ascii", PLAIN), ("latin-1", PLAIN), (None, PLAIN), ("odd", PLAIN)]
)
def test_bars_are_drawn_with_what_the_output_can_show(encoding, ink):
    assert ink_for(encoding) is ink
