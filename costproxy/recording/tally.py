"""Sums of turns: what any number of them came to."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from enum import StrEnum

from costproxy.model import Cost, CostQuality, CostSource, Outcome, Standing, Turn, Usage, UsageQuality

MOST_SHARES = 100  # applications and models that one tally tells apart
REST = ("other", "other")
_FINE = frozenset({Outcome.SUCCESS, Outcome.CLIENT_ABORT, Outcome.RATE_LIMITED})


class Basis(StrEnum):
    """What an amount is told from; the three are never added up without saying so."""

    REPORTED = "reported"  # the biller said it
    COMPUTED = "computed"  # from reported token counts and a price list
    ESTIMATED = "estimated"  # from our own token counts


def basis_of(cost: Cost | None) -> Basis | None:
    """Return what the amount of a cost is told from; None: there is no amount, or nothing was billed."""
    if cost is None or cost.total is None or cost.source is CostSource.NOT_BILLED:
        return None
    if cost.quality is CostQuality.ESTIMATED:
        return Basis.ESTIMATED
    return Basis.REPORTED if cost.source is CostSource.REPORTED else Basis.COMPUTED


@dataclass(slots=True)
class Spend:
    """Amounts in p$, by what they are told from."""

    reported: int = 0
    computed: int = 0
    estimated: int = 0
    unknown: int = 0  # requests of unknown cost, which is not 0

    def add(self, cost: Cost | None) -> None:
        """Enter what one request cost; None: it can cost nothing."""
        if cost is None:
            return
        if cost.total is None:
            self.unknown += 1
        else:
            self.enter(basis_of(cost), cost.total)

    def enter(self, basis: Basis | None, amount: int) -> None:
        """Enter an amount in p$."""
        if basis is Basis.COMPUTED:
            self.computed += amount
        elif basis is Basis.ESTIMATED:
            self.estimated += amount
        elif basis is Basis.REPORTED:
            self.reported += amount

    @property
    def total(self) -> int:
        """All that is known."""
        return self.reported + self.computed + self.estimated


@dataclass(slots=True)
class Share:
    """What one application did with one model."""

    requests: int = 0
    prompt: int = 0  # tokens
    resent: int = 0  # of them, sent before
    spend: Spend = field(default_factory=Spend)


@dataclass(slots=True)
class Tally:
    """What a number of turns came to; tokens that are unknown are not in it."""

    requests: int = 0
    failed: int = 0  # for another reason than a limit, or a client that left
    rate_limited: int = 0
    new: int = 0  # prompt tokens
    resent: int = 0
    completion: int = 0
    cache_read: int = 0  # of new and resent
    apportioned: int = 0  # likewise: those that were told apart by estimated sizes
    estimated: int = 0  # tokens of our own count
    new_cost: int = 0  # p$, where known
    resent_cost: int = 0
    warnings: int = 0
    mistakes: int = 0
    spend: Spend = field(default_factory=Spend)
    shares: dict[tuple[str | None, str | None], Share] = field(default_factory=dict)  # by application and model

    def add(self, turn: Turn) -> None:
        """Enter a turn."""
        self.requests += 1
        self.failed += turn.outcome not in _FINE
        self.rate_limited += turn.outcome is Outcome.RATE_LIMITED
        self.spend.add(turn.cost)
        share = self._share((turn.exchange.app, turn.model))
        share.requests += 1
        share.spend.add(turn.cost)
        if turn.usage is not None:
            share.prompt += self._use(turn.usage)
        if turn.standing is not None:
            self._stand(turn.standing)
            share.resent += turn.standing.resent or 0

    def merge(self, other: "Tally") -> None:
        """Enter all that is in another one."""
        _add(self, other, _SUMS)
        _add(self.spend, other.spend, _AMOUNTS)
        for key, theirs in other.shares.items():
            ours = self._share(key)
            _add(ours, theirs, ("requests", "prompt", "resent"))
            _add(ours.spend, theirs.spend, _AMOUNTS)

    def _stand(self, standing: Standing) -> None:
        self.new += standing.new or 0
        self.resent += standing.resent or 0
        self.new_cost += standing.new_cost or 0
        self.resent_cost += standing.resent_cost or 0
        self.warnings += len(standing.crossed)
        self.mistakes += len(standing.mistakes)
        if standing.apportioned and standing.new and standing.resent:
            self.apportioned += standing.new + standing.resent

    def _use(self, usage: Usage) -> int:
        """Return the prompt tokens."""
        prompt, completion = usage.prompt, usage.completion
        self.completion += completion
        self.cache_read += usage.cache_read + usage.audio_cache_read
        if usage.quality is UsageQuality.ESTIMATED:
            self.estimated += prompt + completion
        return prompt

    def _share(self, key: tuple[str | None, str | None]) -> Share:
        share = self.shares.get(key)
        if share is None:
            if len(self.shares) >= MOST_SHARES:
                key = REST
            share = self.shares.setdefault(key, Share())
        return share


def _add(ours: object, theirs: object, names: tuple[str, ...]) -> None:
    for name in names:
        setattr(ours, name, getattr(ours, name) + getattr(theirs, name))


def _counts(of: type) -> Iterator[str]:
    return (each.name for each in fields(of) if each.type == "int" or each.type is int)


_SUMS = tuple(_counts(Tally))
_AMOUNTS = tuple(_counts(Spend))
