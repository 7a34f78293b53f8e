"""Counts whole requests and replies, on an event loop without holding it up, or offline."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from functools import partial
from typing import Any, TypeAlias

from costproxy.tokens.counter import NOW_CHARS, TokenCounter
from costproxy.tokens.counting import CAP_CHARS, Gap, UncountedError
from costproxy.tokens.encodings import encoding_name
from costproxy.tokens.framing import is_known
from costproxy.tokens.part import Part
from costproxy.tokens.part_cache import PartCache
from costproxy.tokens.prompt import PromptReader
from costproxy.tokens.prompt_count import Count
from costproxy.tokens.reply import SeenReply, reply_parts

# Between two breaths of the loop: what takes about a millisecond.
_PARTS_A_BREATH = 64
_CHARS_A_BREATH = 4 * 1024
_PIECES_A_BREATH = 8

# The tokens of a part's texts; None, and why, if they were not counted.
_Counted: TypeAlias = tuple[int | None, Gap | None]


class PromptCounter:
    """Counts the tokens of requests and replies, part by part, remembering the parts it has seen."""

    def __init__(self, *, counter: TokenCounter, reader: PromptReader, cache: PartCache) -> None:
        self._counter = counter
        self._reader = reader
        self._cache = cache

    def __repr__(self) -> str:
        return f"<PromptCounter {self._cache!r}>"

    async def count(self, request: Mapping[str, Any], model: str, *, at: date | None = None) -> Count:
        """Return the tokens of the prompt that `request` (decoded JSON) makes, long texts counted off the loop."""
        return await self.count_parts(self._reader.parts(request, model, at=at), model)

    def count_waiting(self, request: Mapping[str, Any], model: str, *, at: date | None = None) -> Count:
        """Return the same, counted by the calling thread: for use without an event loop."""
        return self.count_parts_waiting(self._reader.parts(request, model, at=at), model)

    async def count_reply(self, seen: SeenReply, model: str) -> Count:
        """Return the tokens of what was seen of a reply: never an exact number of what is billed for it."""
        return await self.count_parts(reply_parts(seen, model), model)

    def count_reply_waiting(self, seen: SeenReply, model: str) -> Count:
        """Return the same, counted by the calling thread."""
        return self.count_parts_waiting(reply_parts(seen, model), model)

    def count_parts_waiting(self, parts: Iterable[Part], model: str) -> Count:
        """Return the tokens of `parts`, counted by the calling thread."""
        total = Count(known=is_known(model))
        for part in parts:
            total = total.plus(part, *self._count_part(part, model))
        return total

    async def count_parts(self, parts: Iterable[Part], model: str) -> Count:
        """Return the tokens of `parts`; the loop gets to breathe between them."""
        total = Count(known=is_known(model))
        done = chars = 0
        for part in parts:
            total = total.plus(part, *await self._count_part_politely(part, model))
            done, chars = done + 1, chars + part.chars
            if done >= _PARTS_A_BREATH or chars >= _CHARS_A_BREATH:
                done = chars = 0
                await asyncio.sleep(0)
        return total

    async def _count_part_politely(self, part: Part, model: str) -> _Counted:
        if not part.texts:
            return 0, None
        if part.chars > CAP_CHARS:
            return None, Gap.TOO_LONG
        if part.render is not None:
            return await self._count_rendered(part, part.render(), model)
        if part.chars <= NOW_CHARS and self._counter.count_now("", model) is not None:
            return self._count_part(part, model)
        return await self._off_loop(partial(self._count_part, part, model))

    async def _count_rendered(self, part: Part, pieces: Iterator[str], model: str) -> _Counted:
        """Count a part that is written first, on the loop: a thread at it would hold the interpreter for longer."""
        key = self._key(part, model)
        if (known := self._cache.get(key)) is not None:
            return known, None
        written: list[str] = []
        for piece in pieces:
            written.append(piece)
            if len(written) % _PIECES_A_BREATH == 0:
                await asyncio.sleep(0)
        return await self._off_loop(partial(self._count_texts, ("".join(written),), key, model))

    async def _off_loop(self, job: Callable[[], _Counted]) -> _Counted:
        try:
            return await self._counter.off_loop(job)
        except UncountedError as reason:
            return None, reason.gap

    def _count_part(self, part: Part, model: str) -> _Counted:
        if part.chars > CAP_CHARS:
            return None, Gap.TOO_LONG
        key = self._key(part, model)
        if (known := self._cache.get(key)) is not None:
            return known, None
        texts = part.texts if part.render is None else ("".join(part.render()),)
        return self._count_texts(texts, key, model)

    def _count_texts(self, texts: Iterable[str], key: bytes, model: str) -> _Counted:
        tokens = 0
        for text in texts:
            counted = self._counter.count_waiting(text, model)
            if counted.tokens is None:
                return None, counted.gap
            tokens += counted.tokens
        self._cache.put(key, tokens)
        return tokens, None

    def _key(self, part: Part, model: str) -> bytes:
        return self._cache.key(part, encoding_name(model).name)
