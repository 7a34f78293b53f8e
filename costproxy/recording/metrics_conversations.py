"""What turns did to their conversations, as series."""

from collections.abc import Mapping

from costproxy.model import (
    CacheMiss,
    Cost,
    CostQuality,
    CostSource,
    IdentitySource,
    LimitSource,
    Mistake,
    MistakeKind,
    Outcome,
    Standing,
    Turn,
    UsageQuality,
    Verdict,
)
from costproxy.model.money import PICO
from costproxy.recording import series_conversations as series
from costproxy.recording.labels import NONE
from costproxy.recording.metrics_family import Family

EXPIRED, UNEXPLAINED = "expired", "unexplained"  # why a cache was missed
PARTS = NEW, RESENT = "new", "resent"
UNKNOWN_LIMIT = "unknown"


def ratio_text(threshold: int) -> str:
    """Return a threshold in percent as its label has it: `0.7` for 70."""
    return f"{threshold / 100:g}"


class ConversationMetrics:
    """The series of conversations; `thresholds`, in percent, are those whose warnings exist at 0."""

    def __init__(self, families: Mapping[str, Family], thresholds: tuple[int, ...]) -> None:
        self._thresholds = tuple(ratio_text(each) for each in thresholds)
        self._requests = families[series.REQUESTS.name]
        self._sources = families[series.SOURCES.name]
        self._ambiguous = families[series.AMBIGUOUS.name]
        self._ignored_ids = families[series.IGNORED_IDS.name]
        self._tokens = families[series.PROMPT_TOKENS.name]
        self._cost = families[series.PROMPT_COST.name]
        self._composition = families[series.COMPOSITION.name]
        self._growth = families[series.GROWTH.name]
        self._length = families[series.LENGTH.name]
        self._context_used = families[series.CONTEXT_USED.name]
        self._warnings = families[series.CONTEXT_WARNINGS.name]
        self._limits = families[series.LIMIT_SOURCES.name]
        self._mistakes = families[series.MISTAKES.name]
        self._broken_tokens = families[series.CACHE_BROKEN_TOKENS.name]
        self._broken_cost = families[series.CACHE_BROKEN_COST.name]
        self._missed_tokens = families[series.CACHE_MISSED_TOKENS.name]
        self._missed_cost = families[series.CACHE_MISSED_COST.name]

    def start_upstream(self, upstream: str) -> None:
        """Make what can be counted of an upstream."""
        for source in IdentitySource:
            self._sources.at(upstream, source)
        for limit in (*LimitSource, UNKNOWN_LIMIT):
            self._limits.at(upstream, limit)
        self._ambiguous.at(upstream)
        self._ignored_ids.at(upstream)

    def start(self, upstream: str, model: str, app: str) -> None:
        """Make the sums that every request of a label set adds to, before the first has ended."""
        for part in PARTS:
            self._tokens.at(upstream, model, app, part, UsageQuality.EXACT)
            self._cost.at(upstream, model, app, part, CostQuality.EXACT, CostSource.CATALOGUE)

    def record(self, turn: Turn, standing: Standing, model: str, app: str) -> None:
        """Add what a turn did to its conversation."""
        upstream, placement = turn.exchange.upstream, standing.placement
        if turn.outcome is Outcome.SUCCESS:
            self._start_rare(upstream, model, app)
        self._requests.at(upstream, model, app, placement.verdict).inc()
        self._sources.at(upstream, placement.source).inc()
        if placement.ambiguous:
            self._ambiguous.at(upstream).inc()
        if placement.ignored_ids:
            self._ignored_ids.at(upstream).inc(placement.ignored_ids)
        self._length.at(upstream, model).observe(placement.messages)
        if standing.new is not None and standing.resent is not None:
            self._record_growth(turn, standing, model, app)
        for threshold in standing.crossed:
            self._warnings.at(upstream, model, app, ratio_text(threshold)).inc()
        for mistake in standing.mistakes:
            self._record_mistake(mistake, upstream, model, app)
        if standing.cache_miss is not None:
            self._record_miss(standing.cache_miss, upstream, model, app)

    def _start_rare(self, upstream: str, model: str, app: str) -> None:
        """Make what alerts wait for, once a label set is known to be real: strangers can make up many."""
        if (upstream, model, app, MistakeKind.REPLY_DROPPED) in self._mistakes:
            return
        for threshold in self._thresholds:
            self._warnings.at(upstream, model, app, threshold)
        for kind in MistakeKind:
            self._mistakes.at(upstream, model, app, kind)
        for verdict in Verdict:
            self._requests.at(upstream, model, app, verdict)

    def _record_growth(self, turn: Turn, standing: Standing, model: str, app: str) -> None:
        upstream, at = turn.exchange.upstream, (turn.exchange.upstream, model, app)
        quality = turn.usage.quality if turn.usage is not None else UsageQuality.ESTIMATED
        if _split_is_estimated(standing):
            quality = UsageQuality.ESTIMATED
        if standing.new:
            self._tokens.at(*at, NEW, quality).inc(standing.new)
        if standing.resent:
            self._tokens.at(*at, RESENT, quality).inc(standing.resent)
        if turn.cost is not None:
            self._record_cost(turn.cost, standing, *at)
        for kind, count in standing.composition.items():
            if count:
                self._composition.at(*at, kind).inc(count)
        context = standing.context
        self._limits.at(upstream, UNKNOWN_LIMIT if context is None else context.source).inc()
        if turn.usage_missing is not None:
            return
        exemplar = {"conversation": standing.placement.conversation}
        self._growth.at(upstream, model).observe(standing.new or 0, exemplar)
        if context is not None:
            self._context_used.at(upstream, model).observe(context.ratio, exemplar)

    def _record_cost(self, cost: Cost, standing: Standing, *at: str) -> None:
        quality = CostQuality.ESTIMATED if _split_is_estimated(standing) else cost.quality
        if standing.new_cost:
            self._cost.at(*at, NEW, quality, cost.source).inc(standing.new_cost / PICO)
        if standing.resent_cost:
            self._cost.at(*at, RESENT, quality, cost.source).inc(standing.resent_cost / PICO)

    def _record_mistake(self, mistake: Mistake, *at: str) -> None:
        self._mistakes.at(*at, mistake.kind).inc()
        if mistake.kind is MistakeKind.CACHE_BROKEN:
            region = mistake.region or NONE
            self._broken_tokens.at(*at, region).inc(mistake.tokens or 0)
            self._broken_cost.at(*at, region).inc((mistake.cost or 0) / PICO)

    def _record_miss(self, miss: CacheMiss, *at: str) -> None:
        reason = EXPIRED if miss.expired else UNEXPLAINED
        self._missed_tokens.at(*at, reason).inc(miss.tokens)
        self._missed_cost.at(*at, reason).inc((miss.cost or 0) / PICO)


def _split_is_estimated(standing: Standing) -> bool:
    """Tell whether new and resent tokens were told apart by estimated sizes, not by two bills or not at all."""
    return standing.apportioned and bool(standing.new and standing.resent)
