"""One answered request of a conversation, as its account is told of it."""

from collections.abc import Callable
from dataclasses import dataclass

from costproxy.model import Cost, Limits, LimitSource, Placement, Usage

Price = Callable[[Usage], int | None]  # p$ that such usage would cost now; None: unknown

NO_LIMITS = Limits()


def no_price(usage: Usage) -> None:
    """Know no price."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One request that is over: where it stands, and what it came to."""

    placement: Placement
    at: float  # seconds since the epoch, UTC, of the request's start
    upstream: str
    model: str | None  # that served, else the one asked for
    anchored: bool = False  # the usage is estimated, and begins with the conversation's last bill
    context: int | None = None  # prompt tokens of the last pass, where the usage adds up several; None: one pass
    usage: Usage | None = None  # None: nothing was billed, or nobody knows; it changes no totals
    cost: Cost | None = None
    limits: Limits = NO_LIMITS
    limit_source: LimitSource | None = None  # None: no limit is known
    requested_output: int | None = None  # tokens that the request allows for the reply; None: does not say
    thresholds: tuple[int, ...] = ()  # percent of the usable window, that are warned of
    finish_reasons: tuple[str, ...] = ()  # as the provider wrote them, one per choice
    refused: int | None = None  # tokens of a prompt that was refused as too long; 0: not said; None: it was not
    accepted: bool = True  # the upstream took the request on: its status was below 300
    price: Price = no_price
