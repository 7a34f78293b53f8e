from typing import Any

import pytest

from costproxy.demo.counting import PromptCache, prompt_parts, prompt_tokens, text_tokens


def parts(*texts: str, **more: Any) -> list[tuple[bytes, int]]:
    return prompt_parts({"messages": [{"role": "user", "content": text} for text in texts], **more})


@pytest.mark.parametrize(("text", "tokens"), [("", 0), ("a", 1), ("abcd", 1), ("abcde", 2), ("üü", 1), ("\ud800", 1)])
def test_a_token_is_four_bytes(text: str, tokens: int) -> None:
    assert text_tokens(text) == tokens


def test_messages_tools_and_parts_are_counted() -> None:
    assert prompt_tokens(parts("abcd")) == 3 + 4 + 1
    assert prompt_tokens(parts("abcd", tools=[{}])) == 3 + 1 + 4 + 1
    content = [{"type": "text", "text": "abcd"}, {"type": "image_url"}, "odd"]
    assert prompt_tokens(prompt_parts({"messages": [{"content": content}]})) == 3 + 4 + 1 + 85
    assert prompt_tokens(prompt_parts({"messages": [{"content": None, "tool_calls": [1]}, 7]})) == 3 + 4 + 1 + 4


def test_a_resent_beginning_is_read_from_the_cache_in_steps() -> None:
    cache = PromptCache()
    first, second = parts("x" * 4400), parts("x" * 4400, "reply", "more")
    assert cache.read("m", first) == 0
    assert cache.read("m", second) == 1024
    assert cache.read("m", second) == 1024
    assert cache.read("another", second) == 0


@pytest.mark.parametrize(("size", "cached"), [(1024 - 1, 0), (1024, 1024), (1151, 1024), (1152, 1152)])
def test_the_cache_begins_at_1024_and_grows_by_128(size: int, cached: int) -> None:
    cache = PromptCache()
    prompt = parts("x" * 4 * (size - 7))
    assert prompt_tokens(prompt) == size
    cache.read("m", prompt)
    assert cache.read("m", prompt) == cached


def test_a_changed_beginning_breaks_the_cache() -> None:
    cache = PromptCache()
    cache.read("m", parts("10:01 " + "x" * 8000))
    assert cache.read("m", parts("10:02 " + "x" * 8000)) == 0


def test_the_cache_forgets_what_was_not_used_longest() -> None:
    cache = PromptCache(capacity=1)
    cache.read("m", parts("x" * 8000))
    cache.read("m", parts("y" * 8000))
    assert cache.read("m", parts("x" * 8000)) == 0
    assert repr(cache) == "<PromptCache 1 of 1>"
