"""One attempt of a request, as far as limits and retries are concerned."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from costproxy.model import NO_WORD, Failure, Placement, RateWord, Resource, Usage, Verdict

# What an upstream answers instead of working on the prompt, for there is too much to do or to pay.
REFUSALS = frozenset(
    {
        Failure.RATE_REQUESTS,
        Failure.RATE_TOKENS,
        Failure.RATE_CONCURRENCY,
        Failure.RATE_UPSTREAM,
        Failure.RATE_OTHER,
        Failure.QUOTA,
        Failure.OVERSIZED,
        Failure.OVERLOADED,
    }
)
HOPELESS = frozenset({Failure.QUOTA, Failure.OVERSIZED})  # trying again never helps
_REPEATS = (Verdict.RETRY, Verdict.DUPLICATE)
_MOST_TOLD = 1000  # retries that a client is believed to have made
_NOBODY = "none"


class Scope(NamedTuple):
    """Within what limits hold, and a refusal concerns everybody: limits are per key and model."""

    owner: str
    upstream: str
    model: str | None  # as asked for: a refusal does not say what would have served


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One finished exchange; all times are seconds of one clock, best one that never steps back."""

    owner: str  # see `owner_of`
    upstream: str
    model: str | None  # as asked for
    began: float
    ended: float
    replied: float | None = None  # the head of the reply was in; None: there was none
    failure: Failure | None = None  # None: it succeeded
    word: RateWord = NO_WORD
    placement: Placement | None = None  # None: it has no conversation
    same: bytes | None = None  # digest of the request's body: equal ones are one request; None: nobody made one
    told: int | None = None  # `x-stainless-retry-count`: attempts before this one; None: not said
    prompt: int | None = None  # tokens, estimated; None: the placement's weights stand in, if there is one

    @property
    def scope(self) -> Scope:
        """Whom its limits concern."""
        return Scope(self.owner, self.upstream, self.model)

    @property
    def is_refused(self) -> bool:
        """Tell whether the upstream turned it down for a limit, money or load."""
        return self.failure in REFUSALS

    @property
    def before(self) -> int:
        """How many attempts came before, at least, going by the client's count and by the conversation."""
        said = min(max(0, self.told or 0), _MOST_TOLD)
        return max(said, 1) if self.repeats else said

    @property
    def repeats(self) -> bool:
        """Tell whether its conversation knew the request already, unanswered."""
        return self.placement is not None and self.placement.verdict in _REPEATS

    @property
    def is_plain(self) -> bool:
        """Tell whether it succeeded and repeats nothing that it or its conversation knows of: most do."""
        return self.failure is None and not self.told and self.same is None and not self.repeats

    @property
    def is_nameless(self) -> bool:
        """Tell whether nothing joins it to other attempts of the same request."""
        return self.placement is None and self.same is None

    @property
    def tokens(self) -> int | None:
        """Prompt tokens, estimated, at least 0; None: unknown."""
        if self.prompt is not None:
            return max(0, self.prompt)
        return (max(0, self.placement.weights.whole) or None) if self.placement is not None else None


def owner_of(app: str | None, caller: bytes) -> str:
    """Return who an exchange is put down to: the application, else an alias of the key's digest, else `none`."""
    return app or caller[:4].hex() or _NOBODY


def used_of(usage: Usage | None) -> Mapping[Resource, int]:
    """Return what an exchange takes of each resource; what is unknown is left out.

    Input tokens are those no cache served: what a cache serves mostly does not count.
    Source: docs.claude.com, API rate limits.
    """
    if usage is None:
        return MappingProxyType({Resource.REQUESTS: 1})
    prompt, completion = usage.prompt, usage.completion
    return MappingProxyType(
        {
            Resource.REQUESTS: 1,
            Resource.TOKENS: prompt + completion,
            Resource.INPUT_TOKENS: prompt - usage.cache_read - usage.audio_cache_read,
            Resource.OUTPUT_TOKENS: completion,
        }
    )
