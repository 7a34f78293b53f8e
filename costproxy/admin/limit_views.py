"""Limits, refusals, and the meter's own health as the API gives them. None is unknown, never 0."""

from dataclasses import dataclass

from costproxy.admin.units import Count, Dollars, Moment, Ratio, Seconds, Tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaView:
    """One quota as the upstream stated it last."""

    upstream: str
    model: str | None
    owner: str  # an application, or the alias of a key
    resource: str
    window: str
    limit: Count | None
    remaining: Count | None
    ratio: Ratio | None  # remaining over limit
    resets_in: Seconds | None
    exhausted_in: Seconds | None  # at the pace of late; None: it will not be, or nothing tells


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """How often something happened."""

    reason: str
    count: Count


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalView:
    """What one application met at one model, and made of it, since its first refusal."""

    upstream: str
    app: str | None
    model: str | None
    last: Moment
    requests: Count
    refused: list[Reason]
    retries: Count
    too_early: Count  # attempts before the time that a refusal had named
    in_vain: Count  # attempts after a refusal that no retrying can help
    tokens_in_vain: Tokens  # estimated, sent only to be refused
    storming: bool  # it mostly repeats itself against an upstream that refuses


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Quotas and refusals."""

    at: Moment
    quotas: list[QuotaView]  # fullest use first, at most 500
    refusals: list[RefusalView]  # last refused first, at most 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """A count by what it is of."""

    upstream: str
    name: str
    count: Count


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """Reported against computed cost of the requests that have both."""

    upstream: str
    model: str
    reported: Dollars
    computed: Dollars
    ratio: Ratio  # reported over computed; 1 is agreement


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpriced:
    """Requests of unknown cost."""

    upstream: str
    model: str
    requests: Count
    tokens: Tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceTable:
    """The price list that is used."""

    version: str
    date: str
    age: Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How far the numbers can be trusted, since the start."""

    at: Moment
    version: str
    started: Moment
    in_flight: Count
    requests: Count
    exact: Tokens
    adjusted: Tokens
    estimated: Tokens
    price_table: PriceTable | None
    cost_sources: list[Reason]
    unpriced: list[Unpriced]
    unmetered: list[Labelled]
    usage_missing: list[Labelled]
    anomalies: list[Labelled]
    limit_sources: list[Reason]  # who said how large the context window is
    drift: list[Drift]
    failures: list[Reason]  # by where a record could not be kept
    overflow: list[Reason]  # label values beyond a cap
    forgotten: list[Reason]  # conversations, by why
