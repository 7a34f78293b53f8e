"""Counts tokens for an event loop without holding it up."""

import asyncio
import threading
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from costproxy.tokens.counting import CAP_CHARS, Gap, TokenCount, UncountedError, count
from costproxy.tokens.encodings import O200K, EncodingChoice, Encodings, VocabularyError, encoding_name
from costproxy.tokens.workers import Workers

# The dearest text known (random scripts) takes a microsecond for four characters: a millisecond at most.
NOW_CHARS = 4 * 1024

Result = TypeVar("Result")


class TokenCounter:
    """Counts texts in its own threads; what it cannot count comes back with a gap, never as an error.

    It costs nothing until the first count or `load`. Two threads, so that a short text need not wait for a
    long one. tiktoken gives up the interpreter lock while it counts, so the loop keeps running meanwhile.
    """

    def __init__(self, *, threads: int = 2, waiting: int = 64, cap: int = CAP_CHARS) -> None:
        self._encodings = Encodings()
        self._workers = Workers(threads=threads, waiting=waiting)
        self._cap = cap  # characters
        self._closed = threading.Event()

    def __repr__(self) -> str:
        return f"<TokenCounter {self._encodings!r} cap={self._cap} closed={self._closed.is_set()}>"

    async def load(self, *names: str) -> None:
        """Build the encoders called `names` (o200k_base if none is given), before there is traffic to delay.

        Raises:
            VocabularyError: a packaged vocabulary cannot be used.
            UncountedError: the threads are busy or closed.
        """
        for name in names or (O200K,):
            await self.off_loop(partial(self._encodings.get, name))

    def count_now(self, text: str, model: str) -> TokenCount | None:
        """Return the count of a short text at once; None if it is long or the vocabulary is not loaded."""
        choice = encoding_name(model)
        if len(text) > NOW_CHARS or self._encodings.built(choice.name) is None:
            return None
        return self._count(text, choice)

    def count_waiting(self, text: str, model: str) -> TokenCount:
        """Return the count of `text`, made by the calling thread: for threads of `off_loop` and for use offline."""
        return self._count(text, encoding_name(model))

    async def off_loop(self, job: Callable[[], Result]) -> Result:
        """Return what `job` returns, run in one of the counting threads.

        Raises:
            UncountedError: the threads are busy or closed.
        """
        submitted = self._workers.submit(job)
        if submitted is None:
            raise UncountedError(self._refusal())
        return await asyncio.wrap_future(submitted)

    async def count(self, text: str, model: str) -> TokenCount:
        """Return the count of `text`, made off the loop; with a gap at once if no thread can take it."""
        choice = encoding_name(model)
        if len(text) > self._cap:
            return TokenCount(tokens=None, encoding=choice, gap=Gap.TOO_LONG)
        job = self._workers.submit(partial(self._count, text, choice))
        if job is None:
            return TokenCount(tokens=None, encoding=choice, gap=self._refusal())
        return await asyncio.wrap_future(job)

    def close(self) -> None:
        """End the threads; whoever waits for a count gets a gap within milliseconds. May be repeated."""
        self._closed.set()
        self._workers.close()

    def _count(self, text: str, choice: EncodingChoice) -> TokenCount:
        try:
            tokens = self._count_tokens(text, choice.name)
        except UncountedError as reason:
            return TokenCount(tokens=None, encoding=choice, gap=reason.gap)
        except VocabularyError:
            return TokenCount(tokens=None, encoding=choice, gap=Gap.VOCABULARY)
        return TokenCount(tokens=tokens, encoding=choice)

    def _count_tokens(self, text: str, name: str) -> int:
        if self._closed.is_set():
            raise UncountedError(Gap.CLOSED)
        return count(self._encodings.get(name), text, cap=self._cap, stop=self._closed.is_set)

    def _refusal(self) -> Gap:
        return Gap.CLOSED if self._closed.is_set() else Gap.BUSY
