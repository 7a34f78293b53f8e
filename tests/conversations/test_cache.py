import pytest

from costproxy.conversations.account import Account
from costproxy.model import CacheMiss, Change, Mistake, MistakeKind, Region, Standing, Usage, UsageQuality, Verdict
from tests.conversations.steps import RATES, placement, step, weights

NEW_SYSTEM = Change(region=Region.SYSTEM)
FIFTH = Change(region=Region.MESSAGES, index=4)


def usage(prompt: int, read: int = 0, written: int = 0) -> Usage:
    return Usage(input=prompt - read - written, cache_read=read, cache_write=written, output=100)


def automatic(*, price: object = RATES) -> Account:
    """Return an account of two requests, the second read from an automatic cache: 3,000 tokens."""
    account = Account(0.0)
    account.settle(step(1, usage(2000), at=0.0))
    account.settle(step(2, usage(3000, 1920), at=10.0))
    return account


def explicit() -> Account:
    """Return an account whose provider says what it wrote: 3,000 tokens are cached."""
    account = Account(0.0)
    account.settle(step(1, usage(2000, 0, 1990), at=0.0))
    account.settle(step(2, usage(3010, 1990, 1010), at=10.0))
    return account


def third(
    account: Account, bill: Usage, *, change: Change | None = None, at: float = 20.0, **facts: object
) -> Standing:
    where = placement(3, change=change, extends=change is None, **facts)
    return account.settle(step(3, bill, placement=where, at=at))


def broken(standing: Standing) -> list[Mistake]:
    return [mistake for mistake in standing.mistakes if mistake.kind is MistakeKind.CACHE_BROKEN]


def test_a_cache_that_holds_is_nothing_to_tell() -> None:
    standing = third(automatic(), usage(4000, 2944))
    assert (broken(standing), standing.cache_miss) == ([], None)


def test_a_change_that_costs_the_cache_is_a_mistake_of_the_application() -> None:
    standing = third(automatic(), usage(4000), change=NEW_SYSTEM, weights=weights(4000, 10))
    assert broken(standing) == [
        Mistake(kind=MistakeKind.CACHE_BROKEN, region=Region.SYSTEM, tokens=2944, cost=2944 * 4_500_000)
    ]
    assert standing.cache_miss is None


@pytest.mark.parametrize("region", [Region.SYSTEM, Region.TOOLS])
def test_what_stands_before_the_messages_breaks_the_cache_of_them_all(region: Region) -> None:
    standing = third(automatic(), usage(4000), change=Change(region=region), weights=weights(4000, 3900))
    assert [mistake.tokens for mistake in broken(standing)] == [2944]
    assert standing.cache_miss is None


def test_a_changed_message_is_named() -> None:
    standing = third(automatic(), usage(4000, 1024), change=FIFTH, weights=weights(4000, 1100))
    assert broken(standing) == [
        Mistake(
            kind=MistakeKind.CACHE_BROKEN, index=4, region=Region.MESSAGES, tokens=2944 - 1024, cost=1920 * 4_500_000
        )
    ]


def test_what_was_written_again_costs_the_difference_to_a_read() -> None:
    standing = third(explicit(), usage(4000, 0, 3990), change=NEW_SYSTEM, weights=weights(4000, 10))
    assert [(m.tokens, m.cost) for m in broken(standing)] == [(3000, 3000 * (6_250_000 - 500_000))]


def test_a_miss_without_a_change_is_nobodys_mistake() -> None:
    standing = third(automatic(), usage(4000))
    assert broken(standing) == []
    assert standing.cache_miss == CacheMiss(tokens=2944, expired=False, cost=2944 * 4_500_000)


@pytest.mark.parametrize(("after", "expired"), [(300.0, False), (300.1, True)])
def test_a_cache_expires_five_minutes_after_its_last_use(after: float, expired: bool) -> None:
    standing = third(automatic(), usage(4000), at=10.0 + after)
    assert standing.cache_miss is not None
    assert standing.cache_miss.expired is expired


def test_a_change_after_the_cache_has_expired_breaks_nothing() -> None:
    standing = third(automatic(), usage(4000), change=NEW_SYSTEM, at=1000.0, weights=weights(4000, 10))
    assert broken(standing) == []
    assert standing.cache_miss is not None
    assert standing.cache_miss.expired


def test_an_hours_cache_lives_an_hour() -> None:
    account = Account(0.0)
    account.settle(step(1, Usage(cache_write_1h=2000), at=0.0))
    standing = account.settle(step(2, usage(3000, 0, 2990), at=3599.0))
    assert standing.cache_miss is not None
    assert not standing.cache_miss.expired


def test_a_cache_that_was_seen_to_live_longer_does() -> None:
    account = automatic()
    third(account, usage(4000, 2944), at=1010.0)  # read after 1,000 seconds
    standing = account.settle(step(4, usage(5000), at=1910.0))
    assert standing.cache_miss is not None
    assert not standing.cache_miss.expired


def test_without_a_sign_of_a_cache_nothing_is_missed() -> None:
    account = Account(0.0)
    for number in (1, 2):
        account.settle(step(number, usage(2000 * number)))
    standing = third(account, usage(6000), change=NEW_SYSTEM)
    assert (broken(standing), standing.cache_miss) == ([], None)


@pytest.mark.parametrize("move", [{"model": "gpt-4.1"}, {"upstream": "azure"}])
def test_another_model_or_upstream_has_another_cache(move: dict[str, str]) -> None:
    account = automatic()
    standing = account.settle(step(3, usage(4000), at=20.0, **move))
    assert standing.cache_miss is None


def test_prompts_too_short_to_be_cached_miss_nothing() -> None:
    account = Account(0.0)
    account.settle(step(1, usage(1023, 512), at=0.0))
    assert account.settle(step(2, usage(1100), at=1.0)).cache_miss is None


def test_the_shortest_cached_prompt_can_be_missed() -> None:
    account = Account(0.0)
    account.settle(step(1, usage(1024, 512), at=0.0))
    miss = account.settle(step(2, usage(1100), at=1.0)).cache_miss
    assert miss is not None
    assert miss.tokens == 1024


@pytest.mark.parametrize(("read", "missed"), [(2944 - 295, 295), (2944 - 294, None)])
def test_a_tenth_less_than_expected_is_how_providers_are(read: int, missed: int | None) -> None:
    miss = third(automatic(), usage(4000, read)).cache_miss
    assert (miss.tokens if miss else None) == missed


def test_a_late_change_does_not_answer_for_what_leads_it() -> None:
    """Nothing was read, yet all but the end of the prompt was as before: that is a miss."""
    standing = third(automatic(), usage(4000), change=FIFTH, weights=weights(4000, 2900))
    assert broken(standing) == []
    assert standing.cache_miss is not None
    assert standing.cache_miss.tokens == 2944


def test_a_change_in_the_middle_answers_for_what_follows_it() -> None:
    standing = third(automatic(), usage(4000), change=FIFTH, weights=weights(4000, 1600))
    assert [mistake.tokens for mistake in broken(standing)] == [2944 - 1536]
    assert standing.cache_miss is not None
    assert standing.cache_miss.tokens == 1536


def test_going_back_to_an_earlier_turn_breaks_nothing_that_is_still_sent() -> None:
    account = Account(0.0)
    account.settle(step(1, usage(2000), at=0.0))
    account.settle(step(2, usage(9000, 1920), at=10.0))
    standing = third(account, usage(2100, 1920), change=FIFTH, verdict=Verdict.BRANCH, weights=weights(2100, 1950))
    assert (broken(standing), standing.cache_miss) == ([], None)


def test_a_duplicate_in_flight_expects_no_cache() -> None:
    assert third(automatic(), usage(3000), verdict=Verdict.DUPLICATE).cache_miss is None


def test_an_estimate_says_nothing_of_a_cache_and_is_not_compared_with() -> None:
    account = automatic()
    guess = Usage(input=3500, quality=UsageQuality.ESTIMATED)
    assert third(account, guess).cache_miss is None
    miss = account.settle(step(4, usage(5000), at=30.0)).cache_miss
    assert miss is not None
    assert miss.tokens == 2944


def test_a_change_in_a_request_that_failed_still_counts() -> None:
    account = automatic()
    account.settle(step(3, None, placement=placement(3, change=NEW_SYSTEM, extends=False), at=20.0, accepted=False))
    again = placement(3, verdict=Verdict.RETRY, weights=weights(4000, 10))
    standing = account.settle(step(3, usage(4000), placement=again, at=21.0))
    assert [mistake.region for mistake in broken(standing)] == [Region.SYSTEM]


def test_without_prices_the_loss_is_in_tokens_only() -> None:
    account = automatic()
    where = placement(3, change=NEW_SYSTEM, weights=weights(4000, 10))
    standing = account.settle(step(3, usage(4000), placement=where, at=20.0, price=lambda _: None))
    assert [(m.tokens, m.cost) for m in broken(standing)] == [(2944, None)]


def test_a_broken_cache_and_what_was_missed_are_kept() -> None:
    account = automatic()
    third(account, usage(4000), change=NEW_SYSTEM, weights=weights(4000, 10))
    assert account.totals.mistakes == 1
    assert [event.mistake.kind for event in account.events if event.mistake] == [MistakeKind.CACHE_BROKEN]
    assert account.missed_tokens == 0
    account.settle(step(4, usage(5000), at=30.0))
    assert account.missed_tokens == 3968
