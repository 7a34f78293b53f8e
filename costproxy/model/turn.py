"""What the meter makes of an exchange."""

from dataclasses import dataclass
from enum import StrEnum

from costproxy.model.conversation import Standing
from costproxy.model.exchange import Exchange
from costproxy.model.money import Cost
from costproxy.model.rates import Failure, RateStanding
from costproxy.model.usage import Usage


class Outcome(StrEnum):
    """Disjoint endings as an operator counts them."""

    SUCCESS = "success"
    CLIENT_ABORT = "client_abort"
    CLIENT_ERROR = "client_error"  # a 4xx that is neither of the next two
    RATE_LIMITED = "rate_limited"
    CONTEXT_EXCEEDED = "context_exceeded"
    UPSTREAM_ERROR = "upstream_error"
    UPSTREAM_TIMEOUT = "upstream_timeout"
    UPSTREAM_TRUNCATED = "upstream_truncated"
    PROXY_ERROR = "proxy_error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One metered exchange."""

    exchange: Exchange
    outcome: Outcome
    model: str | None  # the model that served, else the one asked for
    model_proven: bool  # the upstream itself named it, or answered it with success
    limit_reason: str | None = None  # why a rate-limited exchange was, see `costproxy.wire.errors`
    usage_missing: str | None = None  # why a reply that should carry usage has none
    usage: Usage | None = None  # as reported, else as estimated; None means unknown
    cost: Cost | None = None  # None for what costs nothing anywhere: other APIs than chat
    standing: Standing | None = None  # in its conversation; None for an exchange that has none
    failure: Failure | None = None  # why it did not succeed; None: it did
    retries: RateStanding | None = None  # among the attempts of its request; None for an API that nobody limits
