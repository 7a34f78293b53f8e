"""The demo provider's tokens and prompt cache: simple rules that always give the same numbers.

A token is four bytes of UTF-8, begun ones counted whole. A message costs 4 tokens beside its texts, an
image 85, and a prompt 3. What a prompt shares with an earlier one, message by message from the start, is
read from the cache if it is at least 1,024 tokens, in steps of 128.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Any

from costproxy.demo.frames import compact

CACHE_MINIMUM = 1024
CACHE_STEP = 128
_PER_MESSAGE = 4
_PER_PROMPT = 3
_PER_IMAGE = 85


def text_tokens(text: str) -> int:
    """Return the tokens of a text, 0 for none."""
    return -(-len(text.encode("utf-8", "surrogatepass")) // 4)


def prompt_parts(request: dict[str, Any]) -> list[tuple[bytes, int]]:
    """Return what a prompt is made of, tools first, then messages: (its bytes, its tokens)."""
    tools = compact(request["tools"]) if request.get("tools") else b""
    head = [(tools, -(-len(tools) // 4))] if tools else []
    return head + [(compact(message), _message_tokens(message)) for message in request["messages"]]


def prompt_tokens(parts: Sequence[tuple[bytes, int]]) -> int:
    """Return the tokens of a whole prompt."""
    return _PER_PROMPT + sum(tokens for _, tokens in parts)


def _message_tokens(message: Any) -> int:
    if not isinstance(message, dict):
        return _PER_MESSAGE
    calls = message.get("tool_calls")
    return _PER_MESSAGE + _content_tokens(message.get("content")) + (text_tokens(_text(calls)) if calls else 0)


def _content_tokens(content: Any) -> int:
    if isinstance(content, list):
        return sum(_part_tokens(part) for part in content)
    return text_tokens(content) if isinstance(content, str) else 0


def _part_tokens(part: Any) -> int:
    if isinstance(part, dict) and part.get("type") == "image_url":
        return _PER_IMAGE
    return text_tokens(str(part.get("text") or "")) if isinstance(part, dict) else 0


def _text(value: Any) -> str:
    return compact(value).decode("utf-8", "replace")


class PromptCache:
    """Remembers the beginnings of the latest prompts."""

    def __init__(self, capacity: int = 20_000) -> None:
        """Remember at most `capacity` beginnings; the one not used longest goes first."""
        self._known: OrderedDict[bytes, None] = OrderedDict()
        self._capacity = capacity

    def read(self, model: str, parts: Sequence[tuple[bytes, int]]) -> int:
        """Return how many tokens of this prompt come from the cache, and remember the prompt."""
        shared = 0
        for beginning, tokens in _beginnings(model, parts):
            if beginning in self._known:
                shared = tokens
            self._remember(beginning)
        return shared // CACHE_STEP * CACHE_STEP if shared >= CACHE_MINIMUM else 0

    def _remember(self, beginning: bytes) -> None:
        self._known[beginning] = None
        self._known.move_to_end(beginning)
        if len(self._known) > self._capacity:
            self._known.popitem(last=False)

    def __repr__(self) -> str:
        return f"<PromptCache {len(self._known)} of {self._capacity}>"


def _beginnings(model: str, parts: Sequence[tuple[bytes, int]]) -> Iterator[tuple[bytes, int]]:
    digest, tokens = hashlib.sha256(model.encode()), _PER_PROMPT
    for data, count in parts:
        digest.update(hashlib.sha256(data).digest())
        tokens += count
        yield digest.digest(), tokens
