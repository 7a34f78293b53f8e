"""The meter itself: what an exchange used, and what it cost."""

from collections.abc import Mapping
from datetime import UTC, datetime

from costproxy.meter.conversations import Conversations
from costproxy.meter.counts import counts_of
from costproxy.meter.estimator import Estimator
from costproxy.meter.failure import failure_of
from costproxy.meter.outcome import limit_reason, outcome, usage_missing
from costproxy.meter.rejections import settle
from costproxy.model import (
    Asked,
    ChatReply,
    Cost,
    CostQuality,
    CostSource,
    Ending,
    Exchange,
    Foresight,
    Limits,
    Outcome,
    Placement,
    Standing,
    Turn,
    Usage,
    UsageQuality,
    not_billed,
)
from costproxy.pricing.price import Tariff
from costproxy.pricing.prices import Names, Prices
from costproxy.pricing.reported import reported_cost
from costproxy.pricing.terms import Terms
from costproxy.pricing.units import units_of
from costproxy.quotas.rates import Rates
from costproxy.wire import errors
from costproxy.wire.surfaces import SURFACES

# Why usage is missing -> what was processed can be estimated from what was seen of it.
_ESTIMABLE = frozenset({"not_sent", "client_abort", "truncated", "error"})
# Documented as free: what an upstream rejects before it generates. Source: the providers' help pages on errors.
_REJECTED = frozenset({Outcome.CLIENT_ERROR, Outcome.RATE_LIMITED, Outcome.CONTEXT_EXCEEDED})
_COST_QUALITY = {
    UsageQuality.EXACT: CostQuality.EXACT,
    UsageQuality.ADJUSTED: CostQuality.ADJUSTED,
    UsageQuality.ESTIMATED: CostQuality.ESTIMATED,
}
_NO_TARIFF = Tariff(reason="no prices")


class Meter:
    """Makes turns of exchanges; what it was not given stays unknown: costs, missing usage, conversations."""

    def __init__(
        self,
        prices: Prices | None = None,
        estimator: Estimator | None = None,
        conversations: Conversations | None = None,
        rates: Rates | None = None,
    ) -> None:
        self._prices = prices
        self._estimator = estimator
        self._conversations = conversations
        self._rates = rates

    def place(self, asked: Asked) -> Placement | None:
        """Find the conversation of a request; `turn` or `forget` must follow once it is over."""
        return self._conversations.place(asked) if self._conversations is not None else None

    def foresee(self, asked: Asked) -> Foresight | None:
        """Return what can be told of a placed request before its reply."""
        return self._conversations.foresee(asked) if self._conversations is not None else None

    def answered(self, exchange: Exchange) -> None:
        """Take the reply of an exchange into its conversation; quick, where `turn` may have to count first."""
        if self._conversations is not None:
            self._conversations.answered(exchange)

    def forget(self, exchange: str) -> None:
        """Let go of a placed exchange, by its id, of which there will be no turn."""
        if self._conversations is not None:
            self._conversations.forget(exchange)

    def learn_list(self, upstream: str, windows: Mapping[str, Limits]) -> None:
        """Take the context limits that an upstream's list of models states."""
        if self._conversations is not None:
            self._conversations.learn_list(upstream, windows)

    def needs_counting(self, exchange: Exchange) -> bool:
        """Tell whether `turn` will count tokens, which takes too long for an event loop."""
        return self._estimator is not None and usage_missing(exchange) in _ESTIMABLE

    def wants_to_learn(self, exchange: Exchange) -> bool:
        """Tell whether `learn` has something to learn from the exchange."""
        return self._estimator is not None and self._estimator.wants(exchange)

    def learn(self, exchange: Exchange) -> None:
        """Let the estimator learn from a bill; this may count tokens."""
        if self._estimator is not None:
            self._estimator.learn(exchange)

    def turn(self, exchange: Exchange) -> Turn:
        """Return the turn of a finished exchange."""
        reply = exchange.reply
        served = reply.model if reply else None
        asked = exchange.request.model if exchange.request else None
        missing = usage_missing(exchange)
        usage = reply.usage if reply else None
        if usage is None and missing in _ESTIMABLE and not _waived(exchange):
            usage = self._estimated(exchange)
        names = _names(exchange, reply)
        terms = self._terms(exchange, names)
        cost = _cost(exchange, usage, terms) if exchange.api in SURFACES else None
        ended = outcome(exchange)
        failure = failure_of(exchange, ended)
        return Turn(
            exchange=exchange,
            outcome=ended,
            model=served or asked,
            model_proven=exchange.status is not None and exchange.status < 300,
            limit_reason=limit_reason(ended, failure),
            usage_missing=missing,
            usage=usage,
            cost=cost,
            standing=self._standing(exchange, names, usage, cost, terms),
            failure=failure,
            retries=settle(self._rates, exchange, failure, usage) if self._rates is not None else None,
        )

    def _estimated(self, exchange: Exchange) -> Usage | None:
        if self._estimator is None:
            return None
        before = self._conversations.billed_before(exchange) if self._conversations is not None else None
        return self._estimator.usage(exchange, billed_before=before)

    def _terms(self, exchange: Exchange, names: Names) -> Terms | None:
        if self._prices is None or exchange.api not in SURFACES:
            return None
        at = datetime.fromtimestamp(exchange.started_at, UTC)
        return self._prices.terms(names, at=at, service_tier=exchange.reply.service_tier if exchange.reply else None)

    def _standing(
        self, exchange: Exchange, names: Names, usage: Usage | None, cost: Cost | None, terms: Terms | None
    ) -> Standing | None:
        if self._conversations is None:
            return None
        return self._conversations.settle(exchange, names, usage, cost, terms.tariff if terms else _NO_TARIFF)


def _cost(exchange: Exchange, usage: Usage | None, terms: Terms | None) -> Cost:
    if usage is None:
        return not_billed() if _free(exchange) else _unknown("no token counts")
    if terms is None:
        return _unknown("no prices")
    raw = exchange.reply.raw_usage if exchange.reply and exchange.reply.raw_usage else {}
    return terms.cost(
        counts_of(usage),
        units=units_of(raw),
        reported=reported_cost(raw, dialect=exchange.dialect),
        quality=_COST_QUALITY[usage.quality],
    )


def _names(exchange: Exchange, reply: ChatReply | None) -> Names:
    return Names(
        dialect=exchange.dialect,
        served=reply.model if reply else None,
        requested=exchange.request.model if exchange.request else None,
        upstream=exchange.upstream,
    )


def _unknown(reason: str) -> Cost:
    return Cost(total=None, source=CostSource.UNKNOWN, quality=CostQuality.UNKNOWN, reason=reason)


def _free(exchange: Exchange) -> bool:
    """Tell whether it is documented, or plain, that nothing was charged."""
    if exchange.ending is not Ending.COMPLETE and exchange.timing.sent is None:
        return True  # it never reached the upstream, whoever gave up
    if exchange.ending in (Ending.UPSTREAM_UNREACHABLE, Ending.REFUSED):
        return False  # the status is our own, and what was sent may have been worked on
    error = exchange.reply.error if exchange.reply else None
    if error is not None and error.kind == errors.CONTENT_FILTER:
        return False  # Azure does not say what those cost
    rejected = exchange.status is not None and 400 <= exchange.status < 500
    return (rejected and outcome(exchange) in _REJECTED) or _waived(exchange)


def _waived(exchange: Exchange) -> bool:
    """Tell whether a router waives a failed reply, or one without a token.

    Source: openrouter.ai, zero completion insurance: it covers finish reason `error`, and no tokens with a blank one.
    """
    reply = exchange.reply
    if exchange.dialect != "openrouter" or reply is None:
        return False
    if "error" in reply.finish_reasons:
        return True
    blank = reply.seen is None and not reply.finish_reasons
    return blank and (reply.error is not None or (reply.streamed and reply.complete))
