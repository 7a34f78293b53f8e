"""Turns into Prometheus series."""

from collections.abc import Callable, Mapping
from datetime import datetime
from operator import attrgetter
from typing import Any

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector, disable_created_metrics

from costproxy import __version__
from costproxy.model import Cost, CostQuality, CostSource, Outcome, TokenKind, Turn, UsageQuality
from costproxy.model.money import PICO
from costproxy.pricing.catalogue import CatalogueInfo
from costproxy.quotas.rates import Rates
from costproxy.recording import series
from costproxy.recording.labels import LabelBook, PairBook, clean
from costproxy.recording.metrics_conversations import ConversationMetrics
from costproxy.recording.metrics_family import Family
from costproxy.recording.metrics_live import LiveConversations, LiveMetrics
from costproxy.recording.metrics_quotas import QuotaMetrics
from costproxy.recording.metrics_rates import RateMetrics
from costproxy.recording.series_shape import Series
from costproxy.wire.surfaces import SURFACES

DEFAULT_APP = "default"
NO_STATUS = "none"

_FINISH_REASONS = ("stop", "length", "tool_calls", "content_filter", "function_call")
_LESS_COMMON_REASONS = frozenset({"eos", "error", "end_turn", "max_tokens", "stop_sequence", "tool_use", "refusal"})
_USUAL_KINDS = (
    TokenKind.INPUT,
    TokenKind.CACHE_READ,
    TokenKind.CACHE_WRITE,
    TokenKind.OUTPUT,
    TokenKind.REASONING,
)
_KINDS = tuple(kind.value for kind in TokenKind)
_counts = attrgetter(*_KINDS)
_LIMIT_REASONS = ("requests", "tokens", "concurrency", "quota", "oversized", "upstream", "overloaded", "unknown")
_MISSING = ("not_sent", "encoding", "too_large", "error", "client_abort", "truncated", "deferred")
_UNMETERED = (
    "api",
    "request_encoding",
    "request_unreadable",
    "request_too_large",
    "reply_encoding",
    "reply_too_large",
    "fault",
)
_SINKS = ("meter", "metrics", "log", "recent", "ledger")
_ANOMALIES = (
    "cached_exceeds_prompt",
    "cache_write_exceeds_prompt",
    "reasoning_exceeds_completion",
    "total_mismatch",
    "partial_usage",
    "hidden_output",
    "other_model",
)
# The status class an outcome usually comes with: what exists at 0 before the first event.
_USUAL_STATUS = {
    Outcome.SUCCESS: "2xx",
    Outcome.CLIENT_ABORT: "2xx",
    Outcome.CLIENT_ERROR: "4xx",
    Outcome.RATE_LIMITED: "4xx",
    Outcome.CONTEXT_EXCEEDED: "4xx",
    Outcome.UPSTREAM_ERROR: "5xx",
    Outcome.UPSTREAM_TIMEOUT: "5xx",
    Outcome.UPSTREAM_TRUNCATED: "2xx",
    Outcome.PROXY_ERROR: "5xx",
}


class Metrics:
    """All series, in a registry of their own; thread-safe as prometheus_client is.

    `thresholds` are all that are warned of, in percent of the context window, whichever the model.
    """

    def __init__(
        self, *, upstreams: tuple[str, ...], models: int, apps: int, pairs: int, thresholds: tuple[int, ...] = ()
    ) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self._families = {each.name: Family(each, self.registry) for each in series.RECORDED}
        overflow = {label: self._at(series.LABEL_OVERFLOW, label).inc for label in ("model", "app", "pair")}
        self._models = LabelBook(models, overflow["model"])
        self._apps = LabelBook(apps, overflow["app"])
        self._pairs = PairBook(pairs, overflow["pair"])
        self._conversations = ConversationMetrics(self._families, thresholds)
        self._live = LiveMetrics(self._known_names, thresholds, lambda: self.failed("metrics"))
        self._rates = RateMetrics(self._families)
        self._quotas = QuotaMetrics(self._known_names, lambda: self.failed("metrics"))
        for collector in (self._live, self._quotas):
            self.registry.register(collector)
        self._at(series.BUILD_INFO, __version__).set(1)
        for sink in _SINKS:
            self._at(series.RECORD_FAILURES, sink)
        for upstream in upstreams:
            self._start_upstream(upstream)

    def _at(self, of: Series, *labels: str) -> Any:
        return self._families[of.name].at(*labels)

    def _start_upstream(self, upstream: str) -> None:
        unnamed = upstream, "chat", "none", DEFAULT_APP
        self._start(*unnamed)
        self._rates.start_upstream(*unnamed)
        for reason in _MISSING:
            self._at(series.USAGE_MISSING, upstream, reason)
        for reason in _UNMETERED:
            self._at(series.UNMETERED, upstream, reason)
        for kind in _ANOMALIES:
            self._at(series.USAGE_ANOMALIES, upstream, kind)
        for source in CostSource:
            self._at(series.COST_SOURCES, upstream, source)
        self._at(series.OVERHEAD, upstream)
        self._conversations.start_upstream(upstream)

    def _start(self, upstream: str, api: str, model: str, app: str) -> None:
        """Make the series of a new label set, so that their first increment shows in `rate()`."""
        for outcome, status in _USUAL_STATUS.items():
            self._at(series.REQUESTS, upstream, api, model, app, outcome, status)
        if api not in SURFACES:
            return
        for kind in _USUAL_KINDS:
            self._at(series.TOKENS_USED, upstream, model, app, kind, UsageQuality.EXACT)
            self._at(series.COST, upstream, model, app, kind, CostQuality.EXACT, CostSource.CATALOGUE)
        self._at(series.UNPRICED_REQUESTS, upstream, model)
        for reason in _FINISH_REASONS:
            self._at(series.FINISH_REASONS, upstream, model, app, reason)
        for reason in _LIMIT_REASONS:
            self._at(series.RATE_LIMITED, upstream, model, app, reason)
        for source in ("reported", "missing"):
            self._at(series.USAGE, upstream, model, app, source)
        self._conversations.start(upstream, model, app)
        self._rates.start(upstream, api, model, app)

    def watch_in_flight(self, counts: Mapping[str, int]) -> None:
        """Read the in-flight gauge from `counts` (by upstream) at scrape time."""
        for upstream in counts:
            self._at(series.IN_FLIGHT, upstream).set_function(_reader(counts, upstream))

    def watch_conversations(self, tracker: LiveConversations, now: Callable[[], float]) -> None:
        """Count the conversations of `tracker` at scrape time; `now` gives seconds since the epoch."""
        self._live.watch(tracker, now)

    def watch_rates(
        self,
        rates: Rates,
        now: Callable[[], float],
        on_calm: Callable[[str, str], None] = lambda _owner, _upstream: None,
    ) -> None:
        """Read the quotas and the retry storms of `rates` at scrape time; `now` gives the time on its clock.

        A scrape also finds out whose storm has passed in silence: `on_calm` is told the owner and the upstream.
        """
        self._quotas.watch(rates, now, on_calm)

    def failed(self, sink: str) -> None:
        """Count an exchange that a sink could not take."""
        self._at(series.RECORD_FAILURES, sink).inc()

    def announce(self, *, upstream: str, api: str, app: str | None, model: str | None) -> None:
        """Prepare the series that a request under way will add to."""
        labels = upstream, api, *self._names(upstream, model, app, proven=False, tell=False)
        if (*labels, Outcome.SUCCESS, "2xx") not in self._families[series.REQUESTS.name]:
            self._start(*labels)

    def record(self, turn: Turn) -> None:
        """Add a finished turn to all series."""
        exchange = turn.exchange
        model, app = self._names(exchange.upstream, turn.model, exchange.app, proven=turn.model_proven)
        upstream, api = exchange.upstream, exchange.api
        status = f"{exchange.status // 100}xx" if exchange.status is not None else NO_STATUS
        self._at(series.REQUESTS, upstream, api, model, app, turn.outcome, status).inc()
        self._at(series.REQUEST_BYTES, upstream, api).inc(exchange.bytes_in)
        self._at(series.RESPONSE_BYTES, upstream, api).inc(exchange.bytes_out)
        if exchange.unmetered is not None:
            self._at(series.UNMETERED, upstream, exchange.unmetered).inc()
        if turn.limit_reason is not None:
            self._at(series.RATE_LIMITED, upstream, model, app, turn.limit_reason).inc()
        self._rates.record(turn, model, app)
        self._record_times(turn, model)
        if exchange.reply is not None:
            self._record_reply(turn, model, app)
        if turn.cost is not None:
            self._record_cost(turn, turn.cost, model, app)
        if turn.standing is not None:
            self._conversations.record(turn, turn.standing, model, app)

    def _record_times(self, turn: Turn, model: str) -> None:
        exchange, timing = turn.exchange, turn.exchange.timing
        exemplar = {"exchange": exchange.id}
        self._at(series.DURATION, exchange.upstream, exchange.api, model).observe(timing.duration, exemplar)
        self._at(series.OVERHEAD, exchange.upstream).observe(timing.overhead, exemplar)
        reply = exchange.reply
        if reply is None or reply.first_token_at is None or reply.last_token_at is None:
            return
        first = max(0.0, reply.first_token_at - timing.started)
        self._at(series.FIRST_TOKEN, exchange.upstream, model).observe(first, exemplar)
        tokens = reply.usage.completion if reply.usage is not None else 0
        if tokens > 1:
            each = (reply.last_token_at - reply.first_token_at) / (tokens - 1)
            self._at(series.PER_OUTPUT_TOKEN, exchange.upstream, model).observe(each, exemplar)

    def _record_reply(self, turn: Turn, model: str, app: str) -> None:
        upstream, reply = turn.exchange.upstream, turn.exchange.reply
        for reason in reply.finish_reasons if reply is not None else ():
            self._at(series.FINISH_REASONS, upstream, model, app, _finish_reason(reason)).inc()
        if turn.usage_missing is not None:
            self._at(series.USAGE, upstream, model, app, "missing").inc()
            self._at(series.USAGE_MISSING, upstream, turn.usage_missing).inc()
        elif reply is not None and reply.usage is not None:
            self._at(series.USAGE, upstream, model, app, "reported").inc()
        usage = turn.usage
        if usage is None:
            return
        used = self._families[series.TOKENS_USED.name]
        for kind, count in zip(_KINDS, _counts(usage), strict=True):  # as `by_kind`, in a third of the time
            if count:
                used.at(upstream, model, app, kind, usage.quality).inc(count)
        for anomaly in usage.anomalies:
            self._at(series.USAGE_ANOMALIES, upstream, anomaly).inc()
        if turn.usage_missing is None:
            self._at(series.PROMPT_TOKENS, upstream, model).observe(usage.prompt)
            self._at(series.COMPLETION_TOKENS, upstream, model).observe(usage.completion)

    def _record_cost(self, turn: Turn, cost: Cost, model: str, app: str) -> None:
        upstream = turn.exchange.upstream
        self._at(series.COST_SOURCES, upstream, cost.source).inc()
        for kind, amount in cost.parts.items():
            if amount:
                self._at(series.COST, upstream, model, app, kind, cost.quality, cost.source).inc(amount / PICO)
        if cost.total is None:
            self._at(series.UNPRICED_REQUESTS, upstream, model).inc()
            for kind, count in turn.usage.by_kind() if turn.usage is not None else ():
                if count:
                    self._at(series.UNPRICED_TOKENS, upstream, model, kind).inc(count)
        if cost.reported is not None and cost.computed:
            self._at(series.COST_REPORTED, upstream, model).inc(cost.reported / PICO)
            self._at(series.COST_COMPUTED, upstream, model).inc(cost.computed / PICO)
            self._at(series.COST_RATIO, upstream, model).observe(cost.reported / cost.computed)

    def watch_price_table(self, info: CatalogueInfo, now: Callable[[], datetime]) -> None:
        """Show which price table is used, and read its age at scrape time."""
        self._at(series.PRICE_TABLE_INFO, info.version, info.date.isoformat(), info.sha256).set(1)
        self._at(series.PRICE_TABLE_AGE).set_function(lambda: info.age(now()))

    def _names(
        self, upstream: str, model: str | None, app: str | None, *, proven: bool, tell: bool = True
    ) -> tuple[str, str]:
        """Return the label values of a model and of the application that asked for it."""
        model = self._models.name(model, proven=proven, tell=tell)
        if app is None:
            return model, DEFAULT_APP
        app = self._apps.name(app, proven=proven, tell=tell)
        return model, self._pairs.app(app, model, upstream, proven=proven, tell=tell)

    def _known_names(self, upstream: str, model: str | None, app: str | None) -> tuple[str, str]:
        return self._names(upstream, model, app, proven=False, tell=False)


def _reader(counts: Mapping[str, int], upstream: str) -> Callable[[], float]:
    return lambda: float(counts[upstream])


def _finish_reason(reason: str) -> str:
    reason = clean(reason)
    return reason if reason in _FINISH_REASONS or reason in _LESS_COMMON_REASONS else "other"
