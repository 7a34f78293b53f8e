from dataclasses import replace
from math import isclose
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costproxy.conversations.account import Account
from costproxy.conversations.growth import composition, split_cost
from costproxy.conversations.spread import part_of, spread
from costproxy.model import Cost, CostQuality, CostSource, Part, Usage, UsageQuality, Verdict, Weights
from tests.conversations.steps import computed, placement, settled, step, weights

TOKENS = st.integers(0, 10**7)


@pytest.mark.parametrize(
    ("s", "u", "r", "n", "billed", "unique", "amplification", "share"),
    [
        (0, 500, 200, 10, 36_500, 6_800, 5.3676, 0.8137),
        (300, 500, 200, 10, 39_500, 7_100, 5.5634, 0.8203),
        (1000, 50, 250, 40, 276_000, 12_750, 21.6471, 0.9538),
    ],
)
def test_a_thread_grows_as_the_closed_form_says(
    *, s: int, u: int, r: int, n: int, billed: int, unique: int, amplification: float, share: float
) -> None:
    prompts = [s + u * i + r * (i - 1) for i in range(1, n + 1)]
    totals = settled(prompts)[-1].totals
    assert totals.prompt == billed == n * s + u * n * (n + 1) // 2 + r * n * (n - 1) // 2
    assert totals.new == unique == s + n * u + (n - 1) * r
    assert totals.amplification is not None
    assert totals.resent_share is not None
    assert round(totals.amplification, 4) == amplification
    assert round(totals.resent_share, 4) == share
    assert isclose(totals.resent_share, 1 - 1 / totals.amplification)


def test_a_single_request_amplifies_nothing() -> None:
    standing = settled([500])[0]
    assert (standing.new, standing.resent) == (500, 0)
    assert standing.totals.amplification == 1
    assert standing.totals.resent_share == 0


def test_no_request_has_no_amplification() -> None:
    standing = Account(0.0).settle(step())
    assert standing.totals.amplification is None
    assert standing.totals.resent_share is None


def test_a_request_that_extends_another_resends_what_was_billed_for_it() -> None:
    assert [(s.new, s.resent) for s in settled([500, 1200, 1900])] == [(500, 0), (700, 500), (700, 1200)]


def test_an_extending_request_that_was_billed_less_is_resent_whole() -> None:
    assert [(s.new, s.resent) for s in settled([500, 400])] == [(500, 0), (0, 400)]


@pytest.mark.parametrize(
    ("prompt", "common", "whole", "resent"),
    [(100, 1, 2, 50), (5, 1, 2, 2), (7, 1, 2, 4), (100, 1, 3, 33), (100, 2, 3, 67), (100, 0, 5, 0), (100, 9, 5, 100)],
)
def test_a_changed_request_resends_what_leads_it_unchanged_rounded_half_to_even(
    prompt: int, common: int, whole: int, resent: int
) -> None:
    account = Account(0.0)
    settled([1000], account=account)
    changed = placement(2, verdict=Verdict.TRIMMED, extends=False, weights=weights(whole, common))
    standing = account.settle(step(2, Usage(input=prompt), placement=changed))
    assert (standing.new, standing.resent) == (prompt - resent, resent)


@pytest.mark.parametrize("verdict", [Verdict.RETRY, Verdict.DUPLICATE, Verdict.REGENERATE])
def test_a_repeated_request_is_resent_whole(verdict: Verdict) -> None:
    account = Account(0.0)
    settled([500, 1200], account=account)
    again = placement(2, verdict=verdict, extends=False)
    standing = account.settle(step(2, Usage(input=1200), placement=again))
    assert (standing.new, standing.resent) == (0, 1200)


def test_a_failed_request_changes_no_totals() -> None:
    account = Account(0.0)
    before = settled([500], account=account)[-1].totals
    standing = account.settle(step(2, None, accepted=False))
    assert (standing.new, standing.resent, standing.new_cost, standing.resent_cost) == (None, None, None, None)
    assert standing.totals == before


def test_a_retry_of_what_was_never_billed_counts_as_what_it_repeats() -> None:
    account = Account(0.0)
    settled([500], account=account)
    account.settle(step(2, None, accepted=False))
    again = placement(2, verdict=Verdict.RETRY, extends=False)
    standing = account.settle(step(2, Usage(input=1200), placement=again))
    assert (standing.new, standing.resent) == (700, 500)


def test_the_first_bill_of_a_conversation_is_all_new_even_if_the_request_is_a_retry() -> None:
    account = Account(0.0)
    account.settle(step(1, None, accepted=False))
    standing = account.settle(step(1, Usage(input=500), placement=placement(1, verdict=Verdict.RETRY)))
    assert (standing.new, standing.resent) == (500, 0)


def test_a_retried_trim_counts_as_the_trim_did() -> None:
    account = Account(0.0)
    settled([1000], account=account)
    trimmed = placement(2, verdict=Verdict.TRIMMED, extends=False, weights=weights(100, 25))
    account.settle(step(2, None, placement=trimmed, accepted=False))
    again = placement(2, verdict=Verdict.RETRY, extends=False, weights=weights(100, 100))
    assert account.settle(step(2, Usage(input=800), placement=again)).resent == 200


def test_what_follows_an_unbilled_request_is_compared_with_the_bill_before() -> None:
    account = Account(0.0)
    settled([500], account=account)
    account.settle(step(2, None, accepted=False))
    assert account.settle(step(3, Usage(input=1900))).resent == 500


def test_a_duplicate_that_is_answered_before_what_it_repeats_counts_once() -> None:
    account = Account(0.0)
    settled([500], account=account)
    twin = placement(2, verdict=Verdict.DUPLICATE, extends=False)
    first = account.settle(step(2, Usage(input=1200), placement=twin))
    second = account.settle(step(2, Usage(input=1200)))
    assert [first.new, second.new] == [700, 0]


def test_a_duplicate_of_the_opening_request_counts_once() -> None:
    account = Account(0.0)
    first = account.settle(step(1, Usage(input=500), placement=placement(1, verdict=Verdict.DUPLICATE)))
    second = account.settle(step(1, Usage(input=500)))
    assert [first.new, second.new] == [500, 0]


@pytest.mark.parametrize(
    "change",
    [{"model": "gpt-4.1"}, {"upstream": "azure"}, {"usage": Usage(input=2000, quality=UsageQuality.ESTIMATED)}],
    ids=["model", "upstream", "estimate"],
)
def test_bills_by_different_measures_are_not_subtracted(change: dict[str, object]) -> None:
    account = Account(0.0)
    settled([500], account=account)
    extending = placement(2, weights=weights(100, 40))
    standing = account.settle(step(2, **{"usage": Usage(input=2000), "placement": extending} | change))  # type: ignore[arg-type]
    assert standing.resent == 800


def test_adjusted_bills_are_bills() -> None:
    account = Account(0.0)
    account.settle(step(1, Usage(input=500)))
    extending = placement(2, weights=weights(100, 90))
    usage = Usage(input=1000, quality=UsageQuality.ADJUSTED)
    assert account.settle(step(2, usage, placement=extending)).resent == 500


def test_what_a_cache_served_is_resent_first() -> None:
    usage = Usage(input=800, cache_read=1200, output=10)  # at $5 and $0.50 a million
    assert split_cost(computed(usage), usage, 1600) == (400 * 5_000_000, 1200 * 500_000 + 400 * 5_000_000)


def test_what_a_cache_served_beyond_the_resent_is_new() -> None:
    usage = Usage(input=0, cache_read=1200)
    assert split_cost(computed(usage), usage, 1000) == (200 * 500_000, 1000 * 500_000)


@pytest.mark.parametrize(
    "cost",
    [
        None,
        Cost(total=None, source=CostSource.UNKNOWN, quality=CostQuality.UNKNOWN),
        Cost(total=7, parts={"other": 7}, source=CostSource.REPORTED, quality=CostQuality.EXACT, reported=7),
    ],
    ids=["no cost", "unknown", "reported without parts"],
)
def test_the_cost_of_a_prompt_can_be_unknown(cost: Cost | None) -> None:
    assert split_cost(cost, Usage(input=100), 50) == (None, None)


def test_what_costs_nothing_costs_nothing_in_parts() -> None:
    free = Cost(total=0, source=CostSource.NOT_BILLED, quality=CostQuality.NOT_BILLED)
    assert split_cost(free, Usage(input=100), 50) == (0, 0)


@settings(deadline=None)
@given(TOKENS, TOKENS, TOKENS, st.data())
def test_dollars_are_conserved(plain: int, read: int, written: int, data: st.DataObject) -> None:
    usage = Usage(input=plain, cache_read=read, cache_write=written, output=5)
    parts = {
        kind: data.draw(st.integers(0, 10**13)) if getattr(usage, kind) else 0
        for kind in ("input", "cache_read", "cache_write", "output")
    }
    cost = Cost(
        total=sum(parts.values()), parts=parts, source=CostSource.CATALOGUE, quality=CostQuality.EXACT, computed=None
    )
    resent = data.draw(st.integers(0, usage.prompt))
    new_cost, resent_cost = split_cost(cost, usage, resent)
    assert new_cost is not None
    assert resent_cost is not None
    assert new_cost >= 0
    assert resent_cost >= 0
    assert new_cost + resent_cost == cost.total - parts["output"]  # type: ignore[operator]
    if not resent:
        assert resent_cost == 0
    if resent == usage.prompt:
        assert new_cost == 0


@settings(deadline=None)
@given(TOKENS, st.dictionaries(st.sampled_from(Part), st.integers(0, 10**6), max_size=7))
def test_a_composition_adds_up_to_the_prompt(prompt: int, by_part: dict[Part, int]) -> None:
    found = composition(prompt, Weights(common=0, by_part=MappingProxyType(by_part)))
    whole = sum(by_part.values())
    assert sum(found.values()) == (prompt if whole else 0)
    assert all(abs(tokens - prompt * by_part[part] / whole) < 1 for part, tokens in found.items())


def test_what_rounding_leaves_goes_to_the_largest_remainders() -> None:
    assert spread(10, {"a": 1, "b": 1, "c": 1}) == {"a": 4, "b": 3, "c": 3}
    assert spread(7, {"a": 5, "b": 3, "c": 2}) == {"a": 4, "b": 2, "c": 1}  # 3.5, 2.1, 1.4


@settings(deadline=None)
@given(TOKENS, st.integers(-5, 10**6), st.integers(-5, 10**6))
def test_a_part_lies_between_nothing_and_all(total: int, part: int, whole: int) -> None:
    assert 0 <= part_of(total, part, whole) <= total


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10**6), st.sampled_from(Verdict), st.booleans(), TOKENS, TOKENS), max_size=12))
def test_new_and_resent_add_up_whatever_happens(rows: list[tuple[int, Verdict, bool, int, int]]) -> None:
    account = Account(0.0)
    totals = Account(0.0).totals
    for number, (prompt, verdict, extends, common, whole) in enumerate(rows, 1):
        where = placement(number, verdict=verdict, extends=extends, weights=weights(whole, common))
        standing = account.settle(step(number, Usage(input=prompt), placement=where))
        assert standing.new is not None
        assert standing.resent is not None
        assert standing.new >= 0
        assert standing.resent >= 0
        assert standing.new + standing.resent == prompt
        totals = replace(
            totals, requests=totals.requests + 1, prompt=totals.prompt + prompt, new=totals.new + standing.new
        )
        assert (standing.totals.requests, standing.totals.prompt, standing.totals.new) == (
            totals.requests,
            totals.prompt,
            totals.new,
        )
