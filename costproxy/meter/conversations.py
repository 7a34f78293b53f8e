"""Requests and bills, taken to the conversations they belong to."""

from collections.abc import Mapping
from functools import partial

from costproxy.conversations.account import Price, Step
from costproxy.conversations.tracker import Placed, Tracker
from costproxy.meter.counts import counts_of
from costproxy.model import (
    Asked,
    ContextUse,
    Cost,
    Exchange,
    Foresight,
    Limits,
    Placement,
    Standing,
    Usage,
    UsageQuality,
    Verdict,
)
from costproxy.pricing.context_limits import ContextLimits
from costproxy.pricing.price import Tariff
from costproxy.pricing.prices import Names, Prices
from costproxy.wire import errors

_COUNTED = frozenset({"chat", "messages"})  # APIs whose messages can be counted one by one


class Conversations:
    """Finds the conversation of each request, and settles each bill there."""

    def __init__(self, tracker: Tracker, prices: Prices, *, warn_at: tuple[int, ...] = ()) -> None:
        """Take the thresholds to warn at, in percent of the usable window, ascending; a model may have its own."""
        self.tracker = tracker
        self.limits = ContextLimits(prices)
        self._prices = prices
        self._warn_at = warn_at
        self._under_way: dict[str, Placed] = {}  # by exchange
        self._answered: dict[str, Placed] = {}  # of them, those whose bill is still to come

    def __repr__(self) -> str:
        return f"<Conversations {self.tracker!r} under_way={len(self._under_way)}>"

    def place(self, asked: Asked) -> Placement:
        """Find the conversation of a request; `settle` or `forget` must follow once it is over."""
        placed = self.tracker.place(asked)
        self._under_way[asked.exchange] = placed
        return placed.placement

    def foresee(self, asked: Asked) -> Foresight:
        """Return what can be told of a placed request before its reply: estimates."""
        placed = self._under_way[asked.exchange]
        account = placed.thread.account
        names = Names(dialect=asked.dialect, served=None, requested=asked.request.model, upstream=asked.upstream)
        known = self.limits.of(names)
        usable = known.limits.usable(asked.request.max_output)
        expected = account.expected_prompt(placed.placement)
        context = None
        if expected is not None and usable is not None and known.source is not None:
            context = ContextUse(used=expected, usable=usable, source=known.source)
        return Foresight(
            placement=placed.placement, context=context, turns_left=_after(placed.placement, account.turns_left)
        )

    def answered(self, exchange: Exchange) -> None:
        """Take the reply of an exchange that is over: its next request may come before its bill is known."""
        placed = self._under_way.pop(exchange.id, None)
        if placed is None:
            return
        self._answered[exchange.id] = placed
        reply = exchange.reply
        self.tracker.answered(
            placed,
            reply.messages if reply else (),
            reply_id=reply.id if reply else None,
            accepted=_accepted(exchange),
            at=exchange.started_at + exchange.timing.duration,
        )

    def billed_before(self, exchange: Exchange) -> int | None:
        """Return what the known messages of an exchange were billed at; None where the last bill does not tell."""
        placed = self._answered.get(exchange.id) or self._under_way.get(exchange.id)
        return _billed_before(exchange, placed) if placed is not None else None

    def settle(
        self, exchange: Exchange, names: Names, usage: Usage | None, cost: Cost | None, tariff: Tariff
    ) -> Standing | None:
        """Enter the bill of a finished exchange in its conversation; None if it was not placed in one.

        `tariff` is that of the exchange; what the next request will cost is told from it.
        """
        self.answered(exchange)
        self._learn_from_error(exchange, names)
        placed = self._answered.pop(exchange.id, None)
        if placed is None:
            return None
        step = self._step(exchange, names, placed, usage, cost, price=partial(_price, tariff))
        if step.accepted or placed.thread.model is None:
            placed.thread.model = step.model  # as all series of this exchange call it
        return placed.thread.account.settle(step)

    def forget(self, exchange: str) -> None:
        """Let go of an exchange that will not be settled."""
        self._under_way.pop(exchange, None)
        self._answered.pop(exchange, None)

    def _step(
        self, exchange: Exchange, names: Names, placed: Placed, usage: Usage | None, cost: Cost | None, *, price: Price
    ) -> Step:
        estimated = usage is not None and usage.quality is UsageQuality.ESTIMATED
        known = self.limits.of(names)
        return Step(
            placement=placed.placement,
            at=exchange.started_at,
            upstream=exchange.upstream,
            model=names.served or names.requested,
            anchored=estimated and _billed_before(exchange, placed) is not None,
            context=exchange.reply.context if exchange.reply else None,
            usage=usage,
            cost=cost,
            limits=known.limits,
            limit_source=known.source,
            requested_output=exchange.request.max_output if exchange.request else None,
            thresholds=self._thresholds(names),
            finish_reasons=exchange.reply.finish_reasons if exchange.reply else (),
            refused=_refused(exchange),
            accepted=_accepted(exchange),
            price=price,
        )

    def learn_list(self, upstream: str, windows: Mapping[str, Limits]) -> None:
        """Take the context limits that an upstream's list of models states."""
        self.limits.learn_list(upstream, windows)

    def _thresholds(self, names: Names) -> tuple[int, ...]:
        own = self._prices.override(names)
        return self._warn_at if own is None or own.warn_at is None else own.warn_at

    def _learn_from_error(self, exchange: Exchange, names: Names) -> None:
        error = exchange.reply.error if exchange.reply else None
        if error is None or error.limit is None:
            return
        for name in names.in_order():
            self.limits.learn_error(exchange.upstream, name, error.limit, dialect=exchange.dialect)


def _price(tariff: Tariff, usage: Usage) -> int | None:
    return tariff.price(counts_of(usage)).total


def _billed_before(exchange: Exchange, placed: Placed) -> int | None:
    if exchange.api not in _COUNTED or exchange.request_text is None:
        return None
    return placed.thread.account.billed_before(placed.placement)


def _after(placement: Placement, left: int | None) -> int | None:
    """Return the turns that are left after this one, of those left before it."""
    repeats = placement.verdict in (Verdict.RETRY, Verdict.DUPLICATE, Verdict.REGENERATE)
    return left if left is None or repeats else max(0, left - 1)


def _refused(exchange: Exchange) -> int | None:
    error = exchange.reply.error if exchange.reply else None
    return (error.requested or 0) if error is not None and error.kind == errors.CONTEXT else None


def _accepted(exchange: Exchange) -> bool:
    """Tell whether the upstream took the request on: what it answered may be cut off, but it is an answer."""
    failed = exchange.reply is not None and exchange.reply.error is not None
    return exchange.status is not None and exchange.status < 300 and not failed
