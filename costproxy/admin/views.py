"""What the views show: plain values, the same for every source. None is unknown, never 0."""

from dataclasses import dataclass, field

from costproxy.admin.units import Count, Dollars, Moment, Tokens

__all__ = ["Amount", "Near", "Overview", "Points", "Prompt", "Sharing", "Thresholds"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """Dollars by what they are told from; the three are None together, where only their total is remembered."""

    total: Dollars = "0"
    reported: Dollars | None = "0"  # the biller said it
    computed: Dollars | None = "0"  # from reported tokens and a price list
    estimated: Dollars | None = "0"  # from our own count of the tokens
    unknown: Count = 0  # requests of unknown cost, not in any of the amounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """Prompt tokens and what they cost, by whether they were sent before in their conversation."""

    new: Tokens = 0
    resent: Tokens = 0
    new_cost: Dollars = "0"
    resent_cost: Dollars = "0"
    apportioned: Tokens = 0  # of both, those told apart by estimated sizes
    cache_read: Tokens = 0  # of both, those the provider's cache served
    completion: Tokens = 0  # what was generated
    estimated: Tokens = 0  # of all, those of our own count


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """Columns of equal length, one value per step of time, oldest first."""

    at: list[Moment]  # when each step begins
    reported: list[Dollars]
    computed: list[Dollars]
    estimated: list[Dollars]
    unknown: list[Count]
    new: list[Tokens]
    resent: list[Tokens]
    completion: list[Tokens]
    requests: list[Count]
    failed: list[Count]
    rate_limited: list[Count]


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Conversations whose last prompt filled at least this share of its window."""

    percent: Count
    conversations: Count


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """Conversations that are remembered now."""

    enabled: bool = True  # whether conversations are told apart at all
    tracked: Count = 0
    active: Count = 0  # with a request or a reply in the last five minutes
    near_limit: Count = 0  # active ones with three turns left or fewer
    unknown_limit: Count = 0  # whose window nobody knows
    over: list[Thresholds] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """What one application did with one model in the range."""

    app: str | None
    model: str | None
    requests: Count
    prompt: Tokens
    resent: Tokens
    spend: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The state of things at a glance."""

    at: Moment
    since: Moment  # before this moment nothing is known
    range: str
    step: Count  # seconds
    per_hour: Amount  # the pace of the last five minutes, or of what there is of them, in dollars per hour
    today: Amount  # since midnight, UTC
    spend: Amount  # of the range, as all below
    requests: Count
    failed: Count  # for another reason than a limit, or a client that left
    rate_limited: Count
    warnings: Count
    mistakes: Count
    prompt: Prompt
    points: Points
    shares: list[Sharing]  # dearest first, at most 50
    conversations: Near
