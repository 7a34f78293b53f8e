"""Did the provider's prompt cache hold, and if not, was it the application that broke it?

Sources: OpenAI's guide on prompt caching (automatic from 1,024 tokens, in steps of 128) and Anthropic's (what was
written is read until five minutes, or an hour, after its last use).
"""

from dataclasses import dataclass, replace

from costproxy.conversations.spread import part_of
from costproxy.conversations.step import Price, Step
from costproxy.model import CacheMiss, Change, Mistake, MistakeKind, Region, Usage, UsageQuality, Verdict

LEAST_CACHED = 1024  # tokens
CACHE_STEP = 128  # tokens
LIFETIME, HOUR, LONGEST_LIFETIME = 300.0, 3600.0, 86_400.0  # seconds

_LEAST_LOST = 2 * CACHE_STEP  # tokens: providers round, and place a prompt's end as they like
_LEAST_SHARE = 10  # a tenth of what could have been read


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a bill tells of the cache."""

    broken: Mistake | None = None
    miss: CacheMiss | None = None


_NOTHING = Finding()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cached:
    """A bill of which a later request may read."""

    prompt: int  # tokens
    kept: int  # of them, known to be in the cache: read or written
    at: float  # seconds since the epoch
    upstream: str
    model: str | None


@dataclass(slots=True)
class PromptCache:
    """What the provider's cache holds of a conversation, as far as bills tell."""

    last: Cached | None = None
    seen: bool = False  # a bill said that something was read or written: the provider caches
    writes: bool = False  # bills say what is written, so `kept` is exact
    lifetime: float = LIFETIME
    change: Change | None = None  # in a request since `last` that was not billed

    def settle(self, step: Step) -> Finding:
        """Enter a request and return what its bill tells."""
        self.change = step.placement.change or self.change
        usage = step.usage
        if usage is None or usage.quality is UsageQuality.ESTIMATED:
            return _NOTHING
        self._follow(step)
        finding = _NOTHING
        if self.last is not None and self.seen and step.placement.verdict is not Verdict.DUPLICATE:
            finding = self._judge(step, usage, self.last)
        self._remember(step, usage)
        return finding

    def _follow(self, step: Step) -> None:
        """Start anew where another model or upstream takes over: it has a cache of its own."""
        last = self.last
        if last is not None and (last.upstream, last.model) != (step.upstream, step.model):
            self.last, self.seen, self.writes, self.lifetime = None, False, False, LIFETIME

    def _judge(self, step: Step, usage: Usage, last: Cached) -> Finding:
        readable = min(self._readable(last), usage.prompt)
        lost = readable - _read(usage)
        if not _matters(lost, readable):
            return _NOTHING
        expired = step.at - last.at > self.lifetime
        by_change = 0 if expired else self._lost_by_change(step, usage, readable)
        if not _matters(by_change, readable):
            return Finding(miss=self._miss(step, usage, lost, expired))
        rest = lost - by_change
        broken = self._broken(step, usage, by_change)
        return Finding(broken=broken, miss=self._miss(step, usage, rest, expired) if rest else None)

    def _readable(self, last: Cached) -> int:
        return last.kept if self.writes else _steps(last.prompt)

    def _lost_by_change(self, step: Step, usage: Usage, readable: int) -> int:
        """Return how much of what was not read lies behind the first change.

        What leads the prompt unchanged is estimated, so only a prompt of which far less was read counts in part.
        """
        if self.change is None:
            return 0
        weights, read = step.placement.weights, _read(usage)
        leading = self.change.region is Region.MESSAGES  # other regions stand before all that could be as it was
        unchanged = part_of(usage.prompt, weights.common, weights.whole) if leading else 0
        unchanged = min(readable, unchanged if self.writes else _steps(unchanged))
        behind = readable - max(unchanged, read)
        partly = not self.writes and 2 * read < unchanged
        return behind if partly or not _matters(behind, readable) else readable - read

    def _broken(self, step: Step, usage: Usage, tokens: int) -> Mistake:
        change = self.change
        return Mistake(
            kind=MistakeKind.CACHE_BROKEN,
            index=change.index if change else None,
            region=change.region if change else None,
            tokens=tokens,
            cost=self._lost_cost(step.price, usage, tokens),
        )

    def _miss(self, step: Step, usage: Usage, tokens: int, expired: bool) -> CacheMiss:
        return CacheMiss(tokens=tokens, expired=expired, cost=self._lost_cost(step.price, usage, tokens))

    def _lost_cost(self, price: Price, usage: Usage, tokens: int) -> int | None:
        """Return what the request cost more than if `tokens` of its prompt had been read; None where unknown."""
        paid, due = price(usage), price(_as_read(usage, tokens, written=self.writes))
        return None if paid is None or due is None else max(0, paid - due)

    def _remember(self, step: Step, usage: Usage) -> None:
        read, written = _read(usage), usage.cache_write + usage.cache_write_1h
        if usage.cache_write_1h:
            self.lifetime = max(self.lifetime, HOUR)
        if self.last is not None and read:
            self.lifetime = max(self.lifetime, min(step.at - self.last.at, LONGEST_LIFETIME))
        self.seen = self.seen or read > 0 or written > 0
        self.writes = self.writes or written > 0
        self.change = None
        self.last = Cached(
            prompt=usage.prompt, kept=read + written, at=step.at, upstream=step.upstream, model=step.model
        )


def _read(usage: Usage) -> int:
    return usage.cache_read + usage.audio_cache_read


def _steps(prompt: int) -> int:
    """Return what an automatic cache holds of a prompt."""
    return prompt // CACHE_STEP * CACHE_STEP if prompt >= LEAST_CACHED else 0


def _matters(lost: int, readable: int) -> bool:
    return lost >= _LEAST_LOST and lost * _LEAST_SHARE >= readable


def _as_read(usage: Usage, tokens: int, *, written: bool) -> Usage:
    """Return the usage had `tokens` of the prompt been read: less written where writes are billed, else less input."""
    writes = ("cache_write", "cache_write_1h")
    moved = 0
    changed = {}
    for kind in (*writes, "input") if written else ("input", *writes):
        part = min(getattr(usage, kind), tokens - moved)
        changed[kind] = getattr(usage, kind) - part
        moved += part
    return replace(usage, cache_read=usage.cache_read + moved, **changed)
