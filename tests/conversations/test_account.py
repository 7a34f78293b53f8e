import json
import math
import sys
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costproxy.conversations.account import Account, Event
from costproxy.model import (
    Change,
    Limits,
    LimitSource,
    Mistake,
    MistakeKind,
    Part,
    Region,
    Usage,
    UsageQuality,
    Verdict,
    Weights,
)
from tests.conversations.steps import RATES, placement, settled, step, weights

LIMITS = {"limits": Limits(max_input=10_000), "limit_source": LimitSource.SETTINGS, "thresholds": (70, 85, 95)}


def test_a_standing_is_filled_whole() -> None:
    account = Account(0.0)
    settled([1000, 2000], account=account)
    where = placement(3, weights=Weights(common=2000, by_part={Part.SYSTEM: 500, Part.USER: 2500}))
    standing = account.settle(
        step(3, Usage(input=1000, cache_read=2000, output=300), placement=where, at=3.0, **LIMITS)
    )
    assert standing.placement is where
    assert (standing.new, standing.resent) == (1000, 2000)
    assert (standing.new_cost, standing.resent_cost) == (5_000_000_000, 1_000_000_000)
    assert standing.composition == {Part.SYSTEM: 500, Part.USER: 2500}
    assert standing.context is not None
    assert standing.context.ratio == 0.3
    assert (standing.outlook.turns_left, standing.outlook.confident) == (7, True)
    assert standing.outlook.next_turn_cost == RATES(Usage(input=1333, cache_read=2667, output=200))
    assert standing.outlook.burn_rate is not None
    assert (standing.totals.requests, standing.totals.prompt, standing.totals.new) == (3, 6000, 3000)
    assert standing.totals.completion == 700


@pytest.mark.parametrize(
    "reason",
    ["length", "max_tokens", "MAX_TOKENS", "max_output_tokens", "model_length", "model_context_window_exceeded"],
)
def test_a_reply_cut_by_length_is_told(reason: str) -> None:
    standing = Account(0.0).settle(step(1, Usage(input=1), finish_reasons=("stop", reason)))
    assert standing.mistakes == (Mistake(kind=MistakeKind.CUT_BY_LENGTH),)


@pytest.mark.parametrize("reasons", [(), ("stop",), ("tool_calls",), ("content_filter",), ("",)])
def test_a_reply_that_ended_otherwise_is_no_mistake(reasons: tuple[str, ...]) -> None:
    assert Account(0.0).settle(step(1, Usage(input=1), finish_reasons=reasons)).mistakes == ()


def test_mistakes_of_the_request_come_first_and_are_counted() -> None:
    account = Account(0.0)
    dropped = Mistake(kind=MistakeKind.REPLY_DROPPED, index=3)
    where = placement(1, mistakes=(dropped,))
    standing = account.settle(step(1, Usage(input=1), placement=where, finish_reasons=("length",)))
    assert standing.mistakes == (dropped, Mistake(kind=MistakeKind.CUT_BY_LENGTH))
    assert standing.totals.mistakes == 2


def test_the_last_sixteen_events_are_kept() -> None:
    account = Account(0.0)
    for number in range(1, 30):
        account.settle(step(number, Usage(input=1), at=float(number), finish_reasons=("length",)))
    account.settle(step(30, Usage(input=7000), at=30.0, **LIMITS))
    assert [event.step for event in account.events] == list(range(15, 31))
    assert account.events[-1] == Event(step=30, at=30.0, threshold=70)


def test_a_conversation_is_told_its_next_prompt_from_the_last_bill() -> None:
    account = Account(0.0)
    assert account.expected_prompt(placement(1, weights=weights(100))) is None
    account.settle(step(1, Usage(input=120), placement=placement(1, weights=weights(100))))
    assert account.expected_prompt(placement(2, weights=weights(150))) == 170
    assert account.expected_prompt(placement(2, weights=weights(50))) == 60
    assert account.expected_prompt(placement(2)) is None


def test_an_accepted_request_without_usage_has_an_unknown_cost() -> None:
    assert Account(0.0).settle(step(1, None)).totals.unknown_costs == 1
    assert Account(0.0).settle(step(1, None, accepted=False)).totals.unknown_costs == 0


def test_the_burn_rate_fades_while_nothing_happens() -> None:
    account = Account(0.0)
    account.settle(step(1, Usage(input=10**6), at=0.0))
    now, later = account.outlook(at=0.0).burn_rate, account.outlook(at=300.0).burn_rate
    assert now is not None
    assert later == pytest.approx(now / 2, abs=1)


def busy() -> Account:
    account = Account(5.0)
    settled([1000, 2000, 9000], window=10_000, account=account, thresholds=(70, 85), finish_reasons=("length",))
    cached = Usage(input=1, cache_read=9000, cache_write=200)
    account.settle(step(4, cached, at=9.0))
    changed = placement(5, change=Change(region=Region.MESSAGES, index=2), extends=False, weights=weights(9, 1))
    account.settle(step(5, None, placement=changed, accepted=False, at=10.0))
    return account


def test_an_account_survives_a_restart() -> None:
    account = busy()
    again = Account.restore(json.loads(json.dumps(account.state())))
    assert again.state() == account.state()
    assert (again.totals, again.events, again.warned, again.ratio) == (
        account.totals,
        account.events,
        account.warned,
        account.ratio,
    )
    following = step(6, Usage(input=9500, output=10), at=11.0, **LIMITS)
    assert again.settle(following) == account.settle(following)


@pytest.mark.parametrize("state", [{}, {"at": "noon"}, {"at": 1.0, "totals": 7}, {"at": 1.0, "warned": "much"}])
def test_what_is_no_state_is_refused(state: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"required|Expected"):
        Account.restore(state)


def sizes(thing: object) -> Iterator[int]:
    yield sys.getsizeof(thing)
    if isinstance(thing, dict):
        for value in thing.values():
            yield from sizes(value)
    elif isinstance(thing, list | tuple):
        for value in thing:
            yield from sizes(value)


def test_memory_does_not_grow_with_the_conversation() -> None:
    def after(steps: int) -> int:
        account = Account(0.0)
        for number in range(1, steps + 1):
            account.settle(step(number, Usage(input=number * 100, output=50), at=number, finish_reasons=("length",)))
        return sum(sizes(account.state()))

    assert after(3000) < after(100) * 1.1


ODD = st.integers(-(10**30), 10**30)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(Verdict), ODD, ODD, ODD, ODD, ODD, st.floats(), st.sampled_from(UsageQuality), st.booleans()
        ),
        max_size=8,
    )
)
def test_odd_values_raise_nothing(
    rows: list[tuple[Verdict, int, int, int, int, int, float, UsageQuality, bool]],
) -> None:
    account = Account(0.0)
    for verdict, number, prompt, read, whole, common, at, quality, extends in rows:
        where = placement(
            number,
            verdict=verdict,
            turn=prompt % 7,
            extends=extends,
            weights=weights(whole, common),
            change=Change(region=Region.SYSTEM) if read % 2 else None,
        )
        usage = Usage(input=prompt, cache_read=read, output=common, quality=quality)
        limits = Limits(max_input=max(1, abs(whole)), context_window=common)
        account.settle(
            step(
                number,
                usage,
                placement=where,
                at=at,
                limits=limits,
                limit_source=LimitSource.ERROR,
                requested_output=read,
                thresholds=(0, -5, 70, 10**9),
                cost=None,
            )
        )
    assert all(math.isfinite(value) for value in (account.totals.prompt, account.totals.new))
