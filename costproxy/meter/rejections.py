"""Exchanges, told to whoever keeps the quotas and watches how clients take a refusal."""

from costproxy.model import Ending, Exchange, Failure, RateStanding, Usage
from costproxy.quotas.attempt import Attempt, owner_of, used_of
from costproxy.quotas.rates import Rates

_UNLIMITED = frozenset({"models", "other"})  # APIs that nobody has a quota for


def settle(rates: Rates, exchange: Exchange, failure: Failure | None, usage: Usage | None) -> RateStanding | None:
    """Enter an exchange that is over; None for an API that nobody limits."""
    if exchange.api in _UNLIMITED:
        return None
    timing = exchange.timing
    attempt = Attempt(
        owner=owner_of(exchange.app, exchange.caller),
        upstream=exchange.upstream,
        model=exchange.request.model if exchange.request else None,
        began=timing.started,
        ended=timing.ended,
        replied=timing.replied,
        failure=failure,
        word=exchange.rate,
        placement=exchange.placement,
        told=exchange.retry_count,
        prompt=usage.prompt if usage is not None else None,
    )
    reached = timing.sent is not None and exchange.ending is not Ending.REFUSED
    return rates.settle(attempt, used_of(usage) if reached else {})
