import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costproxy.tokens.counter import TokenCounter
from costproxy.tokens.counting import Gap
from costproxy.tokens.image_table import ImageTable
from costproxy.tokens.part import Part
from costproxy.tokens.part_cache import PartCache
from costproxy.tokens.prompt import PromptReader, is_readable
from costproxy.tokens.prompt_count import Count
from costproxy.tokens.prompt_counter import PromptCounter
from costproxy.tokens.reply import SeenReply

TOOL = {"type": "function", "function": {"name": "look", "parameters": {"properties": {"at": {"type": "string"}}}}}


@pytest.fixture
async def counter() -> AsyncIterator[TokenCounter]:
    counter = TokenCounter()
    await counter.load()
    yield counter
    counter.close()


def thread(messages: int) -> dict[str, Any]:
    return {
        "messages": [{"role": ("user", "assistant")[n % 2], "content": f"message {n}"} for n in range(messages)],
        "tools": [TOOL],
    }


async def test_both_surfaces_count_the_same(counter: TokenCounter, images: ImageTable) -> None:
    request = {**thread(200), "instructions": "long " * 10_000}
    counts = []
    for _ in range(2):
        cache = PartCache(secret=b"s" * 16)
        prompts = PromptCounter(counter=counter, reader=PromptReader(images=images), cache=cache)
        counts += [prompts.count_waiting(request, "gpt-4o"), await prompts.count(request, "gpt-4o")]
        counts.reverse()
    cold = PromptCounter(counter=counter, reader=PromptReader(images=images), cache=PartCache(secret=b"t" * 16))
    assert {*counts, await cold.count(request, "gpt-4o")} == {counts[0]}


def test_a_growing_thread_pays_for_its_new_messages_alone(token_counter: TokenCounter, images: ImageTable) -> None:
    cache = PartCache(secret=b"s" * 16)
    prompts = PromptCounter(counter=token_counter, reader=PromptReader(images=images), cache=cache)
    prompts.count_waiting(thread(100), "gpt-4o")
    before = cache.misses
    prompts.count_waiting(thread(102), "gpt-4o")
    assert cache.misses - before == 2
    prompts.count_waiting(thread(102), "gpt-4")
    assert cache.misses - before > 100


def test_the_memory_is_bounded_and_holds_no_text() -> None:
    cache = PartCache(secret=b"s" * 16, most=3)
    keys = [cache.key(Part(texts=(text,)), "o200k_base") for text in "abcd"]
    for key in (*keys[:3], keys[0], keys[3]):
        cache.put(key, 1)
    assert [cache.get(key) for key in keys] == [1, None, 1, 1]
    assert repr(cache) == "<PartCache 3/3 hits=3 misses=1>"
    assert {len(key) for key in keys} == {16}


def test_a_digest_depends_on_the_secret_and_on_where_texts_end() -> None:
    cache, other = (PartCache(secret=secret * 16) for secret in (b"s", b"t"))
    parts = [Part(texts=("ab", "c")), Part(texts=("a", "bc")), Part(texts=("abc",)), Part(texts=("ab", "c", ""))]
    keys = [
        *(cache.key(part, "o200k_base") for part in parts),
        cache.key(parts[0], "cl100k_base"),
        other.key(parts[0], "o200k_base"),
        cache.key(Part(texts=("ab", "c"), render=lambda: iter(("abc",))), "o200k_base"),
    ]
    assert len(set(keys)) == len(keys)


async def test_a_text_beyond_the_cap_is_a_quarter_of_its_bytes(counter: TokenCounter, images: ImageTable) -> None:
    prompts = PromptCounter(counter=counter, reader=PromptReader(images=images), cache=PartCache(secret=b"s" * 16))
    request = {"messages": [{"role": "user", "content": "a" * 10_000_000}]}
    count = await prompts.count(request, "gpt-4o")
    assert (count.gap, count.text_bytes, count.tokens) == (Gap.TOO_LONG, 10_000_000, 2_500_007)
    assert prompts.count_waiting(request, "gpt-4o") == count


async def test_a_busy_counter_leaves_a_gap_and_a_guess(images: ImageTable) -> None:
    counter = TokenCounter(threads=1, waiting=0)
    await counter.load()
    prompts = PromptCounter(counter=counter, reader=PromptReader(images=images), cache=PartCache(secret=b"s" * 16))
    long = asyncio.create_task(counter.count("=" * 1_000_000, "gpt-4o"))
    await asyncio.sleep(0)
    count = await prompts.count({"messages": [{"role": "user", "content": "x " * 5000}]}, "gpt-4o")
    await long
    counter.close()
    assert (count.gap, count.tokens) == (Gap.BUSY, 2507)


async def test_a_closed_counter_leaves_a_gap(images: ImageTable) -> None:
    counter = TokenCounter()
    counter.close()
    prompts = PromptCounter(counter=counter, reader=PromptReader(images=images), cache=PartCache(secret=b"s" * 16))
    assert (await prompts.count(thread(2), "gpt-4o")).gap is Gap.CLOSED


def test_the_text_of_an_end_mark_is_text(prompts: PromptCounter) -> None:
    request = {"messages": [{"role": "user", "content": "<|endoftext|>"}]}
    assert prompts.count_waiting(request, "gpt-4o").tokens > 8


def test_what_the_provider_keeps_is_not_counted(prompts: PromptCounter) -> None:
    for request in (
        {"input": "hi", "previous_response_id": "resp_1"},
        {"input": [{"type": "item_reference", "id": "x"}, {"role": "user", "content": "hi"}]},
        {"input": "hi", "tools": [{"type": "web_search"}]},
    ):
        assert prompts.count_waiting(request, "gpt-4o") == Count(counted=8, uncounted=1)


NAMES = (
    *("messages", "input", "role", "content", "type", "text", "tools", "function", "name", "parameters"),
    *("properties", "required", "anyOf", "enum", "items", "image_url", "url", "input_audio", "data", "tool_calls"),
    *("arguments", "source", "response_format", "json_schema", "schema"),
)
ODD = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.just("\ud800")),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(NAMES),
            inner,
            max_size=6,
        ),
    ),
    max_leaves=25,
)


@given(st.lists(ODD, max_size=4), ODD, ODD)
def test_no_shape_of_a_request_raises(messages: list[Any], tools: Any, form: Any) -> None:
    counter = TokenCounter()
    reader = PromptReader(images=ImageTable([]))
    prompts = PromptCounter(counter=counter, reader=reader, cache=PartCache(secret=b"s" * 16))
    request = {"messages": messages, "tools": [tools], "response_format": form}
    for model in ("gpt-4o", "gpt-5", "claude"):
        parts = list(reader.parts(request, model))
        assert all(isinstance(text, str) for part in parts for text in part.texts)
        assert all(isinstance(piece, str) for part in parts if part.render for piece in part.render())
    assert is_readable(request)
    assert repr(prompts).startswith("<PromptCounter")


def test_what_is_no_request_is_told_apart() -> None:
    assert [is_readable(odd) for odd in (None, [], {}, {"messages": 5}, {"input": "x"})] == [*[False] * 4, True]


async def test_what_was_seen_of_a_reply_is_counted(prompts: PromptCounter) -> None:
    seen = SeenReply(
        texts=("The sum of 1 and 2 is 3.", ""),
        calls=([("get_weather", '{"city": "Paris"}')], [("add", '{"a": 1'), ("add", "")]),
        uncounted=1,
    )
    count = prompts.count_reply_waiting(seen, "gpt-4o")
    assert count == await prompts.count_reply(seen, "gpt-4o")
    assert count.uncounted == 1
    one = SeenReply(calls=([("get_weather", '{"city":"Paris"}')],))
    assert prompts.count_reply_waiting(one, "gpt-4o").tokens == 2 + 5 + 7
    assert prompts.count_reply_waiting(SeenReply(texts=("The sum of 1 and 2 is 3.",)), "gpt-4o").tokens == 12
    assert prompts.count_reply_waiting(SeenReply(), "gpt-4o").tokens == 0
