"""What a ledger answers."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Spend:
    """Sums over exchanges of one group, of one quality and source: whole tokens and whole p$.

    "" as a group, a quality or a source is what is not known, or does not apply.
    """

    group: tuple[str, ...]  # one for each of `Question.by`
    usage_quality: str  # of the token counts
    quality: str  # of the amounts; of "unknown" they are no sums but nothing known
    source: str  # who said so
    requests: int
    succeeded: int
    rate_limited: int
    prompt: int  # tokens, cached ones included
    cached: int
    completion: int
    new: int  # prompt tokens sent for the first time in their conversation; outside conversations neither is known
    resent: int
    cost: int
    new_cost: int
    resent_cost: int
    mistakes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """One conversation since its beginning; amounts in p$ by quality, which are not to be added up."""

    id: str
    first: float  # seconds since the epoch, UTC
    last: float
    upstream: str
    app: str | None
    model: str | None  # the last
    parent: str | None
    requests: int
    turns: int
    prompt: int
    completion: int
    new: int
    resent: int
    exact: int
    adjusted: int
    estimated: int
    unknown: int  # requests of unknown cost
    mistakes: int
    warned: int  # the highest threshold that was crossed, percent; 0: none
    context_used: int | None
    context_usable: int | None
    turns_left: int | None
    next_cost: int | None

    @property
    def amounts(self) -> Mapping[str, int]:
        """What it cost by quality, p$."""
        return {"exact": self.exact, "adjusted": self.adjusted, "estimated": self.estimated}

    @property
    def context_ratio(self) -> float | None:
        """How full the window was with the last prompt whose limit was known."""
        if self.context_used is None or not self.context_usable:
            return None
        return self.context_used / self.context_usable


@dataclass(frozen=True, slots=True, kw_only=True)
class MistakeSum:
    """Mistakes of one kind."""

    kind: str
    count: int
    conversations: int
    tokens: int  # that they cost, as far as that is known
    cost: int  # p$, likewise
