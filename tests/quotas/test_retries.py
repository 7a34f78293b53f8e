import timeit
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costproxy.model import Failure, RateWord, Verdict
from costproxy.model.rates import NO_STANDING, RateStanding, StormEvent
from costproxy.quotas.attempt import HOPELESS, REFUSALS, Attempt
from costproxy.quotas.retries import Retries
from tests.quotas.attempts import attempt, refused

NEW, RETRY = Verdict.NEW, Verdict.RETRY


def seen(*attempts: Attempt) -> list[RateStanding]:
    retries = Retries()
    return [retries.seen(each) for each in attempts]


def violations(*attempts: Attempt) -> list[bool]:
    return [standing.violation for standing in seen(*attempts)]


def test_a_request_that_succeeds_at_once_is_nothing_special() -> None:
    assert seen(attempt(verdict=NEW)) == [RateStanding(succeeded_after=1)]
    assert RateStanding() == NO_STANDING


# -- deadlines -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("began", "violation"), [(10.0, True), (14.8, True), (14.89, True), (14.9, False), (15.0, False), (99.0, False)]
)
def test_a_retry_is_early_until_a_tenth_of_a_second_before_its_time(began: float, violation: bool) -> None:
    first = attempt(9.5, 10.0, Failure.RATE_TOKENS, wait=5.0, verdict=NEW)
    assert violations(first, attempt(began, verdict=RETRY)) == [False, violation]


@pytest.mark.parametrize(
    ("began", "violation"), [(9.9, False), (10.0, True), (14.89, True), (14.9, False), (200.0, False)]
)
def test_another_conversation_shares_the_deadline_unless_it_was_under_way(began: float, violation: bool) -> None:
    first = attempt(9.5, 10.0, Failure.RATE_TOKENS, wait=5.0, verdict=NEW)
    other = attempt(began, 300.0, verdict=NEW, conversation="c2")
    assert violations(first, other) == [False, violation]


@pytest.mark.parametrize("change", [{"owner": "web"}, {"upstream": "azure"}, {"model": "gpt-4o-mini"}, {"model": None}])
def test_another_owner_upstream_or_model_is_free_to_ask(change: dict[str, Any]) -> None:
    assert violations(refused(0, 60.0), attempt(1, **change)) == [False, False]
    assert violations(refused(0, 60.0, verdict=NEW), attempt(1, verdict=RETRY, **change)) == [False, False]


@pytest.mark.parametrize("failure", sorted(REFUSALS - {Failure.OVERSIZED}))
def test_every_refusal_that_names_a_time_concerns_all(failure: Failure) -> None:
    assert violations(refused(0, 5.0, failure=failure), attempt(1)) == [False, True]
    assert violations(refused(0, None, failure=failure), attempt(1)) == [False, False]


@pytest.mark.parametrize("failure", sorted({*set(Failure) - REFUSALS, Failure.OVERSIZED}))
def test_any_other_failure_that_names_a_time_concerns_its_own_request(failure: Failure) -> None:
    first = refused(0, 5.0, failure=failure, verdict=NEW)
    assert violations(first, attempt(1), attempt(2, verdict=RETRY)) == [False, False, True]


def test_every_request_before_the_deadline_is_counted() -> None:
    assert violations(refused(0, 5.0), *(attempt(at) for at in (1, 2, 3, 4, 5))) == [
        False,
        True,
        True,
        True,
        True,
        False,
    ]


def test_the_longest_of_several_waits_holds_for_new_requests() -> None:
    waits = [refused(0, 10.0, verdict=NEW), refused(0.5, 2.0, verdict=NEW, conversation="c2")]
    assert violations(*waits, attempt(5, verdict=NEW, conversation="c3"))[-1]


def test_a_request_that_was_told_its_own_time_is_judged_by_that_alone() -> None:
    waits = [refused(0, 10.0, verdict=NEW), refused(0.0, 2.0, verdict=NEW, conversation="c2")]
    early = attempt(1.8, verdict=RETRY, conversation="c2")
    assert violations(*waits, attempt(2.0, verdict=RETRY, conversation="c2"), early)[2:] == [False, True]


def test_a_request_that_was_told_nothing_is_judged_by_what_others_were_told() -> None:
    waits = [refused(0, 10.0, verdict=NEW), refused(0.0, None, verdict=NEW, conversation="c2")]
    assert violations(*waits, attempt(3, verdict=RETRY, conversation="c2"))[-1]


def test_the_last_word_that_a_request_was_told_counts() -> None:
    found = violations(
        refused(0, 10.0, verdict=NEW),
        refused(2, 1.0, verdict=RETRY),
        attempt(3, verdict=RETRY),
        attempt(2.5, verdict=RETRY),
    )
    assert found == [False, True, False, True]


def test_many_requests_of_one_application_that_keep_to_their_own_times_are_not_to_blame() -> None:
    first = [refused(0, float(wait), ended=0.01, verdict=NEW, conversation=f"c{wait}") for wait in range(1, 20)]
    again = [attempt(wait + 0.01, verdict=RETRY, conversation=f"c{wait}") for wait in range(1, 20)]
    assert not any(violations(*first, *again))


def test_a_long_reply_is_judged_by_when_it_began() -> None:
    retries = Retries()
    retries.seen(refused(0, 5.0))
    for at in range(100, 700, 100):
        retries.seen(refused(at, 5.0))
    assert retries.seen(attempt(2, 900)).violation
    assert not retries.seen(attempt(50, 900)).violation


# -- retries -------------------------------------------------------------------------------------------


def test_success_is_told_after_how_many_attempts() -> None:
    found = seen(refused(0, verdict=NEW), refused(1, verdict=RETRY), attempt(2, verdict=RETRY))
    assert [each.succeeded_after for each in found] == [None, None, 3]
    assert [each.retried_after for each in found] == [None, Failure.RATE_REQUESTS, Failure.RATE_REQUESTS]


def test_only_the_first_of_two_successes_is_one() -> None:
    found = seen(attempt(0, 5, verdict=NEW), attempt(1, 6, verdict=Verdict.DUPLICATE))
    assert [each.succeeded_after for each in found] == [1, None]


def test_it_is_a_retry_only_of_what_had_failed_when_it_began() -> None:
    slow = attempt(0, 10, Failure.TIMEOUT, verdict=NEW)
    assert seen(slow, attempt(9.9, verdict=Verdict.DUPLICATE))[-1].retried_after is None
    assert seen(slow, attempt(10.0, verdict=RETRY))[-1].retried_after is Failure.TIMEOUT


def test_the_failure_before_is_the_last_one() -> None:
    found = seen(attempt(0, failure=Failure.SERVER, verdict=NEW), refused(1, verdict=RETRY), attempt(2, verdict=RETRY))
    assert [each.retried_after for each in found] == [None, Failure.SERVER, Failure.RATE_REQUESTS]


@pytest.mark.parametrize("failure", sorted(Failure))
def test_prompts_are_in_vain_if_they_were_refused(failure: Failure) -> None:
    counted, weighed, unknown = seen(
        attempt(failure=failure, prompt=1200),
        attempt(failure=failure, verdict=NEW, whole=700),
        attempt(failure=failure),
    )
    found = [counted.in_vain_tokens, weighed.in_vain_tokens, unknown.in_vain_tokens]
    assert found == ([1200, 700, None] if failure in REFUSALS else [0, 0, 0])


def test_a_prompt_that_was_answered_was_not_in_vain() -> None:
    assert seen(attempt(prompt=1200))[0].in_vain_tokens == 0


@pytest.mark.parametrize("failure", sorted(Failure))
def test_retrying_what_cannot_pass_is_in_vain(failure: Failure) -> None:
    found = seen(*(refused(at, failure=failure, verdict=RETRY if at else NEW) for at in range(3)))
    assert [each.retry_in_vain for each in found] == ([False, True, True] if failure in HOPELESS else [False] * 3)


def test_a_retry_that_passed_all_the_same_was_not_in_vain() -> None:
    first = refused(0, failure=Failure.QUOTA, verdict=NEW)
    assert not seen(first, attempt(1, verdict=RETRY))[-1].retry_in_vain


def test_asking_another_model_or_upstream_is_not_in_vain() -> None:
    first = refused(0, failure=Failure.QUOTA, verdict=NEW)
    changes: list[dict[str, Any]] = [{"model": "other"}, {"upstream": "other"}]
    for change in changes:
        assert not seen(first, refused(1, failure=Failure.SERVER, verdict=RETRY, **change))[-1].retry_in_vain


def test_another_conversation_is_not_a_retry() -> None:
    found = seen(refused(0, failure=Failure.QUOTA, verdict=NEW), refused(1, verdict=NEW, conversation="c2"))
    assert (found[1].attempt, found[1].retried_after, found[1].retry_in_vain) == (1, None, False)


# -- storms --------------------------------------------------------------------------------------------


def test_a_storm_begins_once_and_ends() -> None:
    retries = Retries()
    found = [
        retries.seen(refused(number, verdict=RETRY if number % 4 else NEW, conversation=f"c{number // 4}"))
        for number in range(40)
    ]
    assert [number for number, each in enumerate(found) if each.storm] == [19]
    assert retries.storming() == [("crm", "openai")]
    assert retries.seen(attempt(500, verdict=NEW, conversation="x")).storm is StormEvent.ENDED
    assert retries.storming() == []


def test_a_storm_that_falls_silent_is_told_when_asked() -> None:
    retries = Retries()
    for number in range(20):
        retries.seen(refused(0, verdict=RETRY if number else NEW))
    assert (retries.calmed(59.9), retries.calmed(60.0), retries.calmed(60.0)) == ([], [("crm", "openai")], [])


def test_retries_that_nothing_joins_to_a_request_still_make_a_storm() -> None:
    found = seen(*(refused(number, told=number % 2) for number in range(20)))
    assert found[-1].storm is StormEvent.BEGAN


def test_many_refusals_of_requests_that_are_not_repeated_are_no_storm() -> None:
    assert not any(each.storm for each in seen(*(refused(0, verdict=NEW, conversation=f"c{n}") for n in range(100))))


# -- the official SDK ----------------------------------------------------------------------------------


def sdk(
    word: RateWord, honoured: float | None, *, succeeds_at: int = 3, failure: Failure = Failure.RATE_REQUESTS
) -> list[RateStanding]:
    """Return what its three attempts tell: it waits for what it honours, else 0.5 s, 1 s with the most jitter."""
    at, attempts = 0.0, []
    for told in range(3):
        failed = None if told + 1 == succeeds_at else failure
        attempts.append(
            attempt(
                at, at + 0.05, failed, word=word if failed else RateWord(), told=told, verdict=RETRY if told else NEW
            )
        )
        if failed is None or word.should_retry is False:
            break
        at += 0.05 + (honoured if honoured is not None else 0.75 * min(0.5 * 2**told, 8.0))
    return seen(*attempts)


@pytest.mark.parametrize("wait", [0.0, 0.05, 1.0, 2.0, 30.0, 120.0])
def test_the_sdk_that_waits_as_it_was_told_violates_nothing(wait: float) -> None:
    found = sdk(RateWord(retry_after=wait), wait)
    assert [each.violation for each in found] == [False] * 3
    assert [each.attempt for each in found] == [1, 2, 3]
    assert found[-1].succeeded_after == 3


def test_the_sdk_that_was_told_nothing_violates_nothing() -> None:
    assert [each.violation for each in sdk(RateWord(), None)] == [False] * 3


def test_zero_milliseconds_beside_a_second_are_a_second_which_the_sdk_does_not_wait() -> None:
    assert [each.violation for each in sdk(RateWord(retry_after=1.0), None)] == [False, True, True]


def test_retries_of_an_empty_account_are_counted_as_in_vain() -> None:
    found = sdk(RateWord(), None, succeeds_at=9, failure=Failure.QUOTA)
    assert [each.retry_in_vain for each in found] == [False, True, True]
    assert [each.succeeded_after for each in found] == [None] * 3


# -- always --------------------------------------------------------------------------------------------


@given(
    st.lists(
        st.tuples(
            st.floats(0, 200),
            st.floats(0, 100),
            st.none() | st.sampled_from(Failure),
            st.none() | st.floats(0, 4e7),
            st.none() | st.sampled_from([NEW, RETRY, Verdict.DUPLICATE, Verdict.REGENERATE]),
            st.none() | st.integers(-(10**6), 10**6),
            st.sampled_from(["c1", "c2"]),
        ),
        max_size=40,
    )
)
def test_nothing_is_negative_and_nobody_is_blamed_without_a_time(
    rows: list[tuple[float, float, Failure | None, float | None, Verdict | None, int | None, str]],
) -> None:
    retries = Retries(requests=4, scopes=2)
    timed = False
    for began, lasted, failure, wait, verdict, prompt, conversation in rows:
        where = {} if verdict is None else {"conversation": conversation}
        each = attempt(began, began + lasted, failure, wait=wait, verdict=verdict, prompt=prompt, **where)
        found = retries.seen(each)
        assert found.attempt >= 1
        assert found.in_vain_tokens is None or found.in_vain_tokens >= 0
        assert timed or not found.violation
        timed = timed or (failure is not None and wait is not None)


# -- the short way of what succeeds at once ----------------------------------------------------------------------


MANY = st.lists(
    st.builds(
        attempt,
        began=st.integers(0, 200).map(float),
        ended=st.integers(200, 300).map(float),
        failure=st.sampled_from([None, None, None, Failure.RATE_REQUESTS, Failure.QUOTA, Failure.SERVER]),
        wait=st.sampled_from([None, 1.0, 60.0]),
        verdict=st.sampled_from([None, NEW, NEW, RETRY, Verdict.DUPLICATE, Verdict.CONTINUE]),
        step=st.integers(1, 3),
        told=st.sampled_from([None, None, 0, 1, -1]),
        same=st.sampled_from([None, None, b"a"]),
        owner=st.sampled_from(["crm", "shop"]),
    ),
    max_size=60,
)


@given(MANY, st.sampled_from([2, 10_000]))
def test_the_short_way_of_what_succeeds_at_once_finds_what_the_long_one_does(
    attempts: list[Attempt], room: int
) -> None:
    short, long = Retries(requests=room), Retries(requests=room)
    assert [short.seen(each) for each in attempts] == [long._seen(each) for each in attempts]
    assert repr(short) == repr(long)


def test_requests_that_succeed_at_once_are_forgotten_in_time() -> None:
    retries = Retries(idle=10.0)
    for number in range(5000):
        retries.seen(attempt(float(number), verdict=NEW, step=number))
    assert len(retries._repeats) <= 10 + 256 + 1


@pytest.mark.serial
def test_what_succeeds_at_once_costs_next_to_nothing() -> None:
    retries = Retries()
    attempts = iter([attempt(number / 20, verdict=NEW, step=number) for number in range(10_000)])
    runs = timeit.repeat(lambda: retries.seen(next(attempts)), number=1000, repeat=10)
    assert min(runs) / 1000 < 20e-6
