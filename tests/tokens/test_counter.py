import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable

import pytest

from costproxy.tokens import encodings as module
from costproxy.tokens.counter import NOW_CHARS, TokenCounter
from costproxy.tokens.counting import Gap, TokenCount, UncountedError
from costproxy.tokens.encodings import EncodingChoice, VocabularyError

LONG = "=" * 4_000_000  # some 1 s of work


@pytest.fixture
async def counter() -> AsyncIterator[TokenCounter]:
    """One thread, no queue, loaded."""
    counter = TokenCounter(threads=1, waiting=0)
    await counter.load("cl100k_base")
    yield counter
    counter.close()


async def lateness(stop: asyncio.Event) -> list[float]:
    """How late, in seconds, a timer of 1 ms was each time until `stop` is set."""
    late = []
    while not stop.is_set():
        due = time.perf_counter() + 0.001
        await asyncio.sleep(0.001)
        late.append(time.perf_counter() - due)
    return late


async def nearly_worst_lateness(during: Awaitable[object]) -> float:
    """The lateness that 99 % of the ticks stay below while `during` is awaited."""
    stop = asyncio.Event()
    ticker = asyncio.create_task(lateness(stop))
    await asyncio.sleep(0)
    await during
    stop.set()
    late = sorted(await ticker)
    return late[int(len(late) * 0.99)]


async def test_a_count_says_what_it_was_made_with(counter: TokenCounter) -> None:
    assert await counter.count("tiktoken is great!", "gpt-4") == TokenCount(
        tokens=6, encoding=EncodingChoice(name="cl100k_base", known=True), gap=None
    )


async def test_an_unknown_model_is_counted_and_marked() -> None:
    counter = TokenCounter()
    counted = await counter.count("hello world", "claude-sonnet-5")
    counter.close()
    assert counted == TokenCount(tokens=2, encoding=EncodingChoice(name="o200k_base", known=False))


async def test_nothing_is_loaded_before_it_is_needed() -> None:
    before, counter = threading.active_count(), TokenCounter()
    assert counter.count_now("hello", "gpt-4") is None
    assert repr(counter) == "<TokenCounter <Encodings built=[]> cap=4194304 closed=False>"
    assert threading.active_count() == before
    await counter.count("hello", "gpt-4")
    assert counter.count_now("hello", "gpt-4") is not None
    assert counter.count_now("hello", "gpt-4o") is None
    counter.close()


async def test_a_short_text_can_be_counted_at_once(counter: TokenCounter) -> None:
    assert counter.count_now("a" * NOW_CHARS, "gpt-4") == await counter.count("a" * NOW_CHARS, "gpt-4")
    assert counter.count_now("a" * (NOW_CHARS + 1), "gpt-4") is None


async def test_the_loop_keeps_time_while_a_long_text_is_counted(counter: TokenCounter) -> None:
    rounds = []
    for _ in range(8):  # other work on the machine makes some rounds late, a blocked loop makes all of them late
        idle = await nearly_worst_lateness(asyncio.sleep(0.1))
        counting = await nearly_worst_lateness(counter.count("=" * 1_000_000, "gpt-4"))
        rounds.append((idle, counting))
        if counting < max(0.005, 2 * idle):
            return
    pytest.fail(f"99 % of the ticks were late by less than (idle, counting) {rounds} s")


async def test_a_text_beyond_the_cap_is_unknown_and_not_a_guess() -> None:
    counter = TokenCounter(cap=10)
    assert await counter.count("a" * 11, "gpt-4") == TokenCount(
        tokens=None, encoding=EncodingChoice(name="cl100k_base", known=True), gap=Gap.TOO_LONG
    )
    counter.close()


async def test_a_count_that_finds_no_place_is_told_so_at_once(counter: TokenCounter) -> None:
    first = asyncio.create_task(counter.count("a" * 1_000_000, "gpt-4"))
    await asyncio.sleep(0)
    second = await counter.count("hello", "gpt-4")
    assert not first.done()
    assert (second.tokens, second.gap) == (None, Gap.BUSY)
    with pytest.raises(UncountedError, match="busy"):
        await counter.load("o200k_base")
    assert (await first).tokens == 125_000
    assert (await counter.count("hello", "gpt-4")).tokens == 1


async def test_a_count_nobody_waits_for_any_more_gives_its_place_back(counter: TokenCounter) -> None:
    task = asyncio.create_task(counter.count("a" * 1_000_000, "gpt-4"))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(30):
        while (await counter.count("hello", "gpt-4")).gap is Gap.BUSY:  # noqa: ASYNC110 - nobody could set an event
            await asyncio.sleep(0.01)


async def test_closing_ends_a_long_count_and_those_behind_it_with_a_gap() -> None:
    counter = TokenCounter(threads=1, waiting=1)
    await counter.load("cl100k_base")
    tasks = [asyncio.create_task(counter.count(LONG, "gpt-4")) for _ in range(2)]
    await asyncio.sleep(0)
    counter.close()
    counter.close()
    assert [(await task).gap for task in tasks] == [Gap.CLOSED, Gap.CLOSED]


async def test_a_closed_counter_answers_with_a_gap() -> None:
    counter = TokenCounter()
    await counter.load("cl100k_base")
    counter.close()
    assert (await counter.count("hello", "gpt-4")).gap is Gap.CLOSED
    now = counter.count_now("hello", "gpt-4")
    assert now is not None
    assert now.gap is Gap.CLOSED
    with pytest.raises(UncountedError, match="closed"):
        await counter.load()


async def test_a_damaged_installation_shows_at_loading_and_harms_no_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_packed", lambda name: b"damaged")
    counter = TokenCounter()
    with pytest.raises(VocabularyError, match="expected the packaged file"):
        await counter.load()
    counted = await counter.count("hello", "gpt-4o")
    counter.close()
    assert (counted.tokens, counted.gap) == (None, Gap.VOCABULARY)
