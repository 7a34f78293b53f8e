from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costproxy.model import Failure, Verdict
from costproxy.quotas.attempt import Attempt, owner_of
from costproxy.quotas.repeats import Repeats
from costproxy.quotas.retries import Retries
from tests.quotas.attempts import attempt, placed, refused

NEW, RETRY, DUPLICATE = Verdict.NEW, Verdict.RETRY, Verdict.DUPLICATE


def numbers(*attempts: Attempt) -> list[int]:
    retries = Retries()
    return [retries.seen(each).attempt for each in attempts]


def test_repetitions_of_a_step_are_counted() -> None:
    assert numbers(refused(0, verdict=NEW), refused(1, verdict=RETRY), attempt(2, verdict=RETRY)) == [1, 2, 3]


@pytest.mark.parametrize("verdict", sorted(set(Verdict) - {RETRY, DUPLICATE}))
def test_what_else_happens_at_a_step_is_a_request_of_its_own(verdict: Verdict) -> None:
    assert numbers(refused(0, verdict=NEW), attempt(1, verdict=verdict)) == [1, 1]


def test_other_steps_and_conversations_are_others() -> None:
    assert numbers(refused(0, verdict=NEW), refused(1, verdict=NEW, conversation="c2")) == [1, 1]
    assert numbers(refused(0, verdict=NEW), refused(1, verdict=Verdict.CONTINUE, step=2)) == [1, 1]


def test_the_clients_own_count_makes_a_retry_of_any_verdict() -> None:
    told = [attempt(number, failure=Failure.CONNECTION, told=number, verdict=NEW) for number in range(3)]
    assert numbers(*told) == [1, 2, 3]


@pytest.mark.parametrize(("told", "number"), [(None, 1), (0, 1), (-3, 1), (1, 2), (2, 3), (1000, 1001), (10**30, 1001)])
def test_attempts_that_only_the_client_knows_of_are_counted_in(told: int | None, number: int) -> None:
    assert numbers(attempt(0, told=told)) == [number]
    assert numbers(attempt(0, told=told, verdict=NEW)) == [number]
    assert numbers(attempt(0, told=told, same=b"1")) == [number]


def test_a_frameworks_retries_multiply_with_those_of_its_client() -> None:
    counts = [number % 3 for number in range(9)]
    loop = [refused(at, told=told, verdict=RETRY if at else NEW) for at, told in enumerate(counts)]
    assert numbers(*loop) == list(range(1, 10))
    assert numbers(*(refused(at, told=told, same=b"1") for at, told in enumerate(counts))) == list(range(1, 10))


def test_a_repetition_of_what_is_forgotten_is_not_the_first() -> None:
    assert numbers(attempt(0, verdict=RETRY)) == [2]
    assert numbers(attempt(0, verdict=DUPLICATE)) == [2]


def test_without_conversation_equal_bodies_are_one_request_until_it_is_answered() -> None:
    same: dict[str, Any] = {"same": b"1"}
    assert numbers(refused(0, **same), refused(1, **same), attempt(2, **same), attempt(3, **same)) == [1, 2, 3, 1]
    assert numbers(refused(0, **same), refused(1, same=b"2")) == [1, 1]
    assert numbers(refused(0, **same), refused(1, **same, owner="web")) == [1, 1]
    assert numbers(refused(0, **same), refused(1, **same, upstream="azure")) == [1, 1]
    assert numbers(attempt(0, 5, **same), attempt(4, **same), attempt(5, **same)) == [1, 2, 1]


def test_without_anything_every_request_is_its_own() -> None:
    assert numbers(refused(0), refused(1)) == [1, 1]


def test_equal_bodies_tell_two_branches_of_one_step_apart() -> None:
    first = [refused(0, verdict=NEW, same=b"1"), refused(0.1, verdict=Verdict.BRANCH, same=b"2")]
    again = [refused(1, verdict=RETRY, same=b"1"), attempt(2, verdict=RETRY, same=b"2")]
    assert numbers(*first, *again, attempt(3, verdict=RETRY, same=b"1")) == [1, 1, 2, 2, 3]


def test_a_retry_that_was_placed_elsewhere_is_found_by_its_body() -> None:
    first = refused(0, verdict=NEW, same=b"1", told=0)
    assert numbers(first, attempt(200, verdict=NEW, conversation="c2", same=b"1", told=1)) == [1, 2]
    retries = Retries()
    retries.seen(first)
    found = retries.seen(attempt(200, verdict=NEW, conversation="c2", same=b"1", told=1))
    assert found.retried_after is Failure.RATE_REQUESTS


def test_attempts_count_by_their_beginnings_in_whatever_order_they_end() -> None:
    assert numbers(attempt(5, 6, verdict=DUPLICATE), attempt(0, 10, verdict=NEW)) == [2, 1]
    late = [attempt(5, 6, verdict=DUPLICATE), attempt(3, 7, verdict=DUPLICATE), attempt(0, 10, verdict=NEW)]
    assert numbers(*late)[-1] == 1
    assert numbers(*late).count(1) == 1


def test_a_first_attempt_that_ends_late_is_not_counted_twice() -> None:
    late = [attempt(5, 6, Failure.SERVER, verdict=DUPLICATE), attempt(0, 10, Failure.SERVER, verdict=NEW)]
    assert numbers(*late, attempt(20, verdict=RETRY)) == [2, 1, 3]


def test_two_requests_of_one_step_stay_two_in_whatever_order_they_end() -> None:
    retries = Retries()
    both = [attempt(5, 6, verdict=Verdict.BRANCH), attempt(0, 10, verdict=NEW)]
    assert [retries.seen(each).succeeded_after for each in both] == [1, 1]


def test_a_request_anew_while_an_old_repetition_is_remembered_is_the_first() -> None:
    assert numbers(attempt(0, verdict=RETRY), attempt(5, verdict=Verdict.REGENERATE)) == [2, 1]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_exactly_one_attempt_is_the_first(order: tuple[int, ...]) -> None:
    all_three = [attempt(at, 10 + at, verdict=DUPLICATE if at else NEW) for at in range(3)]
    assert numbers(*(all_three[index] for index in order)).count(1) == 1


def test_many_attempts_of_one_request_are_only_counted() -> None:
    retries = Retries()
    found = [retries.seen(refused(at, verdict=RETRY if at else NEW)).attempt for at in range(500)]
    assert found == list(range(1, 501))
    (request,) = set(retries._repeats._requests.values())
    assert repr(request) == "<Request 1 attempts=500>"
    assert len(request._begun) == len(request._failed) == 32


def test_memory_is_bounded_and_forgets_what_is_idle() -> None:
    repeats = Repeats(most=10, idle=100.0)
    for number in range(50):
        repeats.of(refused(number, same=b"%d" % number)).enter(refused(number))
        assert len(repeats) <= 10
    repeats.of(refused(149, same=b"new")).enter(refused(149))
    assert sorted(request.seen for request in repeats._requests.values()) == [49, 149]


@pytest.mark.parametrize(("idle", "number"), [(7200.0, 2), (7200.1, 1)])
def test_a_request_is_remembered_for_two_hours(idle: float, number: int) -> None:
    assert numbers(refused(0, same=b"1"), refused(idle, same=b"1")) == [1, number]


@given(
    st.lists(
        st.tuples(
            st.floats(0, 100),
            st.floats(0, 50),
            st.none() | st.sampled_from(Verdict),
            st.none() | st.integers(-2, 5),
            st.none() | st.sampled_from([b"1", b"2"]),
            st.none() | st.sampled_from(Failure),
        ),
        max_size=40,
    )
)
def test_numbers_are_at_least_what_is_told(
    rows: list[tuple[float, float, Verdict | None, int | None, bytes | None, Failure | None]],
) -> None:
    retries = Retries(requests=3)
    for began, lasted, verdict, told, same, failure in rows:
        each = attempt(began, began + lasted, failure, verdict=verdict, told=told, same=same, wait=lasted)
        found = retries.seen(each)
        assert found.attempt >= 1 + each.before
        assert found.succeeded_after is None or found.succeeded_after == found.attempt
        assert len(retries._repeats) <= 3


def test_the_owner_is_the_application_else_an_alias() -> None:
    assert owner_of("crm", b"\x01" * 16) == "crm"
    assert owner_of(None, bytes.fromhex("deadbeef00ff")) == "deadbeef"
    assert owner_of(None, b"") == owner_of("", b"") == "none"


def test_tokens_are_estimated_by_weight_where_nobody_counted() -> None:
    assert attempt(prompt=7, verdict=NEW, whole=90).tokens == 7
    assert attempt(verdict=NEW, whole=90).tokens == 90
    assert attempt(verdict=NEW).tokens is attempt().tokens is None
    assert attempt(prompt=0).tokens == attempt(prompt=-4).tokens == 0
    assert placed(whole=90).weights.whole == 90
