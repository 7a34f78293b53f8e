from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costproxy.conversations.caching import AUTOMATIC, WRITTEN, WRITTEN_FROM_4096, CachingRule
from costproxy.conversations.rates import Rates
from costproxy.conversations.whatif import (
    Call,
    Recorded,
    Request,
    keep_all,
    reckon,
    stateless,
    summarise,
    trim,
    trim_in_blocks,
)
from costproxy.model import Usage
from costproxy.model.money import PICO

PLAIN = Rates.per_million(input="5", output="15")
HALF_OFF = Rates.per_million(input="5", output="15", read="2.5")
THREE_QUARTERS_OFF = Rates.per_million(input="5", output="15", read="1.25")
NINETY_OFF = Rates.per_million(input="5", output="15", read="0.5")
WRITING = Rates.per_million(input="5", output="15", read="0.5", write="6.25")

SEED = Recorded.plain([(500, 200)] * 10)
FULL = (500, 1200, 1900, 2600, 3300, 4000, 4700, 5400, 6100, 6800)

CONVERSATIONS = st.builds(
    lambda system, turns: Recorded(system=system, turns=tuple(tuple(turn) for turn in turns)),
    st.integers(0, 5000),
    st.lists(
        st.lists(st.builds(Call, sent=st.integers(0, 5000), reply=st.integers(0, 3000)), min_size=1, max_size=4),
        max_size=12,
    ),
)


def dollars(requests: Sequence[Request], rates: Rates = PLAIN, caching: CachingRule | None = None) -> str:
    cost = reckon(requests, rates, caching).cost
    assert cost is not None
    return f"{cost / PICO:.6f}"


@pytest.mark.parametrize(
    ("rates", "caching", "total"),
    [
        (PLAIN, None, "0.212500"),
        (HALF_OFF, AUTOMATIC, "0.140820"),
        (THREE_QUARTERS_OFF, AUTOMATIC, "0.104980"),
        (NINETY_OFF, AUTOMATIC, "0.083476"),
        (WRITING, WRITTEN, "0.089600"),
        (WRITING, WRITTEN_FROM_4096, "0.148100"),
    ],
)
def test_the_seed_conversation_costs_what_the_table_says(rates: Rates, caching: CachingRule | None, total: str) -> None:
    assert dollars(keep_all(SEED), rates, caching) == total


def test_without_resending_it_would_cost_a_quarter() -> None:
    assert dollars(stateless(SEED)) == "0.055000"


def test_all_prompts_and_sums_are_in_the_result() -> None:
    found = reckon(keep_all(SEED), NINETY_OFF, AUTOMATIC)
    assert found.prompts == FULL
    assert [billed.usage.cache_read for billed in found.requests] == [
        *(0, 0, 1152, 1792, 2560, 3200, 3968, 4608, 5376, 6016)
    ]
    assert found.usage == Usage(input=36_500 - 28_672, cache_read=28_672, output=2000)
    assert found.cost == sum(billed.cost or 0 for billed in found.requests)


@pytest.mark.parametrize(
    ("keep", "prompts", "total"),
    [
        (1, (500,) * 10, "0.055000"),
        (2, (500, *(1200,) * 9), "0.086500"),
        (3, (500, 1200, *(1900,) * 8), "0.114500"),
        (5, (500, 1200, 1900, 2600, *(3300,) * 6), "0.160000"),
        (7, (500, 1200, 1900, 2600, 3300, 4000, *(4700,) * 4), "0.191500"),
        (10, FULL, "0.212500"),
        (11, FULL, "0.212500"),
        (0, (500,) * 10, "0.055000"),
    ],
)
def test_trimming_costs_what_the_table_says(keep: int, prompts: tuple[int, ...], total: str) -> None:
    requests = trim(SEED, keep)
    assert reckon(requests, PLAIN).prompts == prompts
    assert dollars(requests) == total


@pytest.mark.parametrize(
    ("above", "keep", "prompts", "calls", "input_tokens", "output_tokens", "total"),
    [
        (3000, 3, (500, 1200, 1900, 2600, 2100, 2800, 2100, 2800, 2100, 2800), 3, 25_650, 2_600, "0.167250"),
        (2000, 2, (500, 1200, 1900, *(1400,) * 7), 7, 20_550, 3_400, "0.153750"),
    ],
)
def test_summarising_costs_what_the_table_says(
    *, above: int, keep: int, prompts: tuple[int, ...], calls: int, input_tokens: int, output_tokens: int, total: str
) -> None:
    found = reckon(summarise(SEED, above=above, keep=keep, summary=200, instruction=50), PLAIN)
    assert found.prompts == prompts
    assert found.summaries == calls
    assert (found.usage.prompt, found.usage.completion) == (input_tokens, output_tokens)
    assert f"{(found.cost or 0) / PICO:.6f}" == total


def test_trimming_against_the_cache_is_dearer_than_keeping_everything() -> None:
    found = reckon(trim(SEED, 5), NINETY_OFF, AUTOMATIC)
    assert [billed.usage.cache_read for billed in found.requests] == [0, 0, 1152, 1792, 2560, 0, 0, 0, 0, 0]
    assert found.usage.cache_read == 5_504
    assert found.cost == 135_232_000_000
    kept = reckon(keep_all(SEED), NINETY_OFF, AUTOMATIC).cost
    assert kept is not None
    assert round(100 * (found.cost / kept - 1)) == 62


def test_a_long_system_prompt_is_still_read_when_the_window_moves() -> None:
    recorded = Recorded.plain([(500, 200)] * 10, system=2000)
    found = reckon(trim(recorded, 5), NINETY_OFF, AUTOMATIC)
    assert [billed.usage.cache_read for billed in found.requests[5:]] == [1920] * 5


def test_trimming_in_blocks_keeps_the_cache_between_two_drops() -> None:
    requests = trim_in_blocks(SEED, 5)
    assert reckon(requests, PLAIN).prompts == (500, 1200, 1900, 2600, 3300, 1200, 1900, 2600, 3300, 1200)
    reads = [billed.usage.cache_read for billed in reckon(requests, NINETY_OFF, AUTOMATIC).requests]
    assert reads == [0, 0, 1152, 1792, 2560, 0, 1152, 1792, 2560, 0]
    assert float(dollars(requests, NINETY_OFF, AUTOMATIC)) < float(dollars(trim(SEED, 5), NINETY_OFF, AUTOMATIC))


def test_a_turn_is_never_split_from_its_tools() -> None:
    tools = (Call(sent=100, reply=20), Call(sent=1000, reply=30))
    recorded = Recorded(system=10, turns=(tools, tools, tools))
    found = reckon(trim(recorded, 2), PLAIN)
    assert found.prompts == (110, 1130, 1260, 2280, 1260, 2280)


def test_reasoning_is_billed_once_and_not_sent_again() -> None:
    recorded = Recorded(turns=((Call(sent=100, reply=50, completion=500),), (Call(sent=100, reply=50),)))
    found = reckon(keep_all(recorded), PLAIN)
    assert (found.prompts, found.usage.completion) == ((100, 250), 550)


def test_another_models_prices_are_another_function() -> None:
    assert dollars(keep_all(SEED), Rates.per_million(input="2.5", output="10")) == "0.111250"


def test_what_has_no_price_has_no_total() -> None:
    assert reckon(keep_all(SEED), lambda usage: None if usage.prompt > 5000 else 1).cost is None


def test_a_summary_is_not_made_where_nothing_older_could_be_replaced() -> None:
    recorded = Recorded.plain([(5000, 100)] * 3)
    found = reckon(summarise(recorded, above=1000, keep=9, summary=10, instruction=5), PLAIN)
    assert (found.prompts, found.summaries) == ((5000, 10_100, 15_200), 0)


@settings(deadline=None)
@given(CONVERSATIONS, st.integers(1, 13))
def test_trimming_never_sends_more_and_all_turns_is_everything(recorded: Recorded, keep: int) -> None:
    everything = reckon(keep_all(recorded), PLAIN)
    trimmed = reckon(trim(recorded, keep), PLAIN)
    blocks = reckon(trim_in_blocks(recorded, keep), PLAIN)
    assert all(less <= more for less, more in zip(trimmed.prompts, everything.prompts, strict=True))
    assert all(less <= more for less, more in zip(blocks.prompts, trimmed.prompts, strict=True))
    if keep >= len(recorded.turns):
        assert trimmed.prompts == everything.prompts


@settings(deadline=None)
@given(CONVERSATIONS, st.integers(1, 13), st.sampled_from([AUTOMATIC, WRITTEN, WRITTEN_FROM_4096]))
def test_caching_changes_what_tokens_cost_and_never_their_number(
    recorded: Recorded, keep: int, rule: CachingRule
) -> None:
    found = reckon(trim(recorded, keep), PLAIN, rule)
    assert found.usage.prompt == sum(found.prompts)
    assert all(billed.usage.cache_read <= billed.request.prompt for billed in found.requests)
    assert all(billed.usage.input >= 0 for billed in found.requests)


@settings(deadline=None)
@given(CONVERSATIONS)
def test_the_history_resent_is_what_stands_between_everything_and_nothing(recorded: Recorded) -> None:
    everything, alone = reckon(keep_all(recorded), PLAIN), reckon(stateless(recorded), PLAIN)
    sent = sum(call.sent for turn in recorded.turns for call in turn)
    assert alone.usage.prompt == sent + (recorded.system if recorded.turns else 0)
    assert everything.usage.completion == alone.usage.completion
