from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costproxy.model import Quota, RateWord, Resource, Usage, Window
from costproxy.quotas.attempt import Scope, used_of
from costproxy.quotas.book import FRESH, HOLD, QuotaBook, Reading

SCOPE = Scope("crm", "openai", "gpt-4o")
TOKENS = {Resource.REQUESTS: 1, Resource.TOKENS: 500}


def quota(remaining: int | None = 40, **changes: Any) -> Quota:
    facts: dict[str, Any] = {"resource": Resource.TOKENS, "window": Window.MINUTE, "limit": 100}
    return Quota(remaining=remaining, **facts | changes)


def book_of(*quotas: Quota, at: float = 0.0, **changes: Any) -> QuotaBook:
    book = QuotaBook(**changes)
    book.record(SCOPE, RateWord(quotas=quotas), {}, at)
    return book


def only(book: QuotaBook, now: float) -> Reading:
    (reading,) = book.current(now)
    return reading


def test_a_reading_is_what_was_stated() -> None:
    reading = only(book_of(quota(resets_in=90.0)), 30.0)
    assert reading == Reading(
        upstream="openai",
        model="gpt-4o",
        owner="crm",
        resource=Resource.TOKENS,
        window=Window.MINUTE,
        limit=100,
        remaining=40,
        ratio=0.4,
        resets_in=60.0,
        exhausted_in=None,
    )


def test_zero_is_zero_and_unknown_is_nothing() -> None:
    reading = only(book_of(quota(0)), 1.0)
    assert (reading.remaining, reading.ratio, reading.resets_in) == (0, 0.0, None)
    reading = only(book_of(quota(None)), 1.0)
    assert (reading.limit, reading.remaining, reading.ratio) == (100, None, None)
    assert only(book_of(quota(limit=None)), 1.0).remaining == 40
    assert book_of(quota(None, limit=None)).current(1.0) == []


@pytest.mark.parametrize(("age", "there"), [(FRESH - 0.001, True), (FRESH, False), (FRESH + 0.001, False)])
def test_what_is_not_renewed_for_five_minutes_is_dropped(age: float, there: bool) -> None:
    book = book_of(quota(), at=1000.0)
    assert bool(book.current(1000.0 + age)) is there
    assert len(book) == there


def test_what_is_renewed_stays() -> None:
    book = book_of(quota())
    book.record(SCOPE, RateWord(quotas=(quota(39),)), {}, 299.0)
    assert only(book, 598.0).remaining == 39


@pytest.mark.parametrize(
    ("resets_in", "age", "remaining"),
    [
        (90.0, 89.9, 40),
        (90.0, 90.0, None),
        (0.006, 1.0, 40),
        (0.006, HOLD - 0.1, 40),
        (0.006, HOLD, None),
        (0.0, HOLD, None),
        (None, 299.0, 40),
    ],
)
def test_once_it_was_reset_only_the_limit_is_left(resets_in: float | None, age: float, remaining: int | None) -> None:
    reading = only(book_of(quota(resets_in=resets_in)), age)
    assert (reading.limit, reading.remaining) == (100, remaining)
    assert (reading.ratio is None) == (remaining is None)


def test_without_hold_the_rest_is_gone_at_its_reset() -> None:
    book = book_of(quota(resets_in=0.5), hold=0.0)
    assert only(book, 0.4).remaining == 40
    assert only(book, 0.5).remaining is None


def test_a_rest_without_limit_is_dropped_with_its_reset() -> None:
    assert book_of(quota(limit=None, resets_in=90.0)).current(91.0) == []


def test_the_time_to_the_reset_never_runs_below_zero() -> None:
    assert only(book_of(quota(resets_in=1.0)), 30.0).resets_in == 0.0
    assert only(book_of(quota(resets_in=1.0), at=10.0), 5.0).resets_in == 1.0


def test_an_older_reply_that_comes_late_changes_nothing() -> None:
    book = book_of(quota(10), at=100.0)
    book.record(SCOPE, RateWord(quotas=(quota(90),)), {}, 99.9)
    assert only(book, 100.0).remaining == 10
    book.record(SCOPE, RateWord(quotas=(quota(5),)), {}, 100.0)
    assert only(book, 100.0).remaining == 5


def test_what_an_older_reply_used_counts_all_the_same() -> None:
    book = book_of(quota(100), at=100.0)
    book.record(SCOPE, RateWord(quotas=(quota(90),)), TOKENS, 99.9)
    assert only(book, 100.0).exhausted_in == pytest.approx(100 / (500 * 0.0115 - 100 / 60), rel=0.01)


def test_every_owner_model_upstream_resource_and_window_has_its_own() -> None:
    book = book_of(quota(), quota(window=Window.DAY), quota(resource=Resource.REQUESTS))
    for scope in (Scope("web", *SCOPE[1:]), SCOPE._replace(upstream="azure"), SCOPE._replace(model=None)):
        book.record(scope, RateWord(quotas=(quota(),)), {}, 0.0)
    assert len(book.current(1.0)) == 6


def test_requests_run_out_as_tokens_do() -> None:
    book = QuotaBook()
    for second in range(600):
        word = RateWord(quotas=(quota(40, resource=Resource.REQUESTS, limit=60),))
        book.record(SCOPE, word, used_of(None), float(second))
        book.record(SCOPE, RateWord(), used_of(None), float(second))
    assert only(book, 599.5).exhausted_in == pytest.approx(40.0, rel=0.02)


def test_a_reply_without_headers_counts_only_where_there_is_a_quota() -> None:
    book = QuotaBook()
    book.record(SCOPE, RateWord(), TOKENS, 0.0)
    assert (len(book), len(book._uses)) == (0, 0)


def test_what_nobody_uses_any_more_is_not_exhausted() -> None:
    book = book_of(quota())
    book.record(SCOPE, RateWord(), TOKENS, 0.0)
    assert only(book, 0.0).exhausted_in is not None
    assert only(book, 290.0).exhausted_in is None


def test_the_least_recently_stated_go_first() -> None:
    book = QuotaBook(most=3)
    for number in (0, 1, 2, 0, 3):
        book.record(Scope(f"app{number}", "openai", "m"), RateWord(quotas=(quota(),)), TOKENS, float(number))
    assert [reading.owner for reading in book.current(5.0)] == ["app2", "app0", "app3"]
    assert len(book._uses) == 3


def test_only_what_is_limited_is_watched() -> None:
    book = book_of(quota())
    book.record(SCOPE, RateWord(), TOKENS, 0.0)
    assert list(book._uses[SCOPE]) == [Resource.TOKENS]


def test_use_is_forgotten_with_its_readings() -> None:
    book = book_of(quota())
    book.record(SCOPE, RateWord(), TOKENS, 0.0)
    book.current(FRESH)
    assert len(book._uses) == 0


def test_usage_is_told_apart_by_resource() -> None:
    usage = Usage(input=10, cache_read=100, cache_write=5, audio_cache_read=7, output=3, reasoning=2)
    assert used_of(usage) == {
        Resource.REQUESTS: 1,
        Resource.TOKENS: 127,
        Resource.INPUT_TOKENS: 15,
        Resource.OUTPUT_TOKENS: 5,
    }
    assert used_of(None) == {Resource.REQUESTS: 1}


AMOUNTS = st.none() | st.integers(0, 2**53)
QUOTAS = st.builds(
    Quota,
    resource=st.sampled_from(Resource),
    window=st.sampled_from(Window),
    limit=AMOUNTS,
    remaining=AMOUNTS,
    resets_in=st.none() | st.floats(0, 4e7),
)
RECORDS = st.tuples(
    st.sampled_from(["a", "b", "c"]),
    st.lists(QUOTAS, max_size=4),
    st.dictionaries(st.sampled_from(Resource), st.integers(-5, 2**53)),
    st.floats(0, 1000),
)


@given(st.lists(RECORDS, max_size=12), st.floats(0, 2000), st.integers(1, 5))
def test_every_number_is_finite_not_negative_and_bounded(
    records: list[tuple[str, list[Quota], dict[Resource, int], float]], now: float, most: int
) -> None:
    book = QuotaBook(most=most)
    for owner, quotas, used, at in records:
        book.record(Scope(owner, "u", "m"), RateWord(quotas=tuple(quotas)), used, at)
        assert len(book) <= most
        assert len(book._uses) <= most
    for reading in book.current(now):
        numbers = (reading.limit, reading.remaining, reading.ratio, reading.resets_in, reading.exhausted_in)
        assert any(number is not None for number in numbers)
        assert all(number is None or 0 <= number <= 2**53 for number in numbers)
        assert reading.ratio is None or reading.ratio <= 1
