"""Conversations as the API gives them. None is unknown, never 0."""

from dataclasses import dataclass

from costproxy.admin.units import Count, Dollars, Moment, Ratio, Seconds, Tokens
from costproxy.admin.views import Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """How full the context window is with the last prompt."""

    used: Tokens
    usable: Tokens  # that fit beside the reply
    ratio: Ratio
    source: str  # who said how large it is


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationRow:
    """One conversation as a line of a list."""

    id: str
    app: str | None
    model: str | None
    upstream: str
    began: Moment
    seen: Moment  # the last request or reply
    active: bool
    requests: Count  # that were billed or estimated
    prompt: Tokens  # of all requests
    new: Tokens
    resent: Tokens
    completion: Tokens
    amplification: Ratio | None  # prompt tokens for each new one
    cost: Amount
    context: Window | None
    growth: Tokens | None  # from one prompt to the next, of late
    turns_left: Count | None  # requests that still fit at that pace
    confident: bool  # told from three prompts or more
    warned: Count  # the highest threshold that was crossed, percent; 0: none
    mistakes: Count
    burn: Dollars | None  # dollars per hour, of late


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationPage:
    """A part of a list."""

    items: list[ConversationRow]
    page: Count  # from 1
    size: Count  # at most so many items
    total: Count  # items that the filter lets through
    all: Count  # without the filter
    apps: list[str]  # that can be filtered by, at most 200
    models: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnMistake:
    """What the application did wrong."""

    kind: str
    message: Count | None  # of the request, from 0
    region: str | None
    tokens: Tokens | None  # that it cost
    cost: Dollars | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a part of the prompt takes up; the sum is billed, how it is split is an estimate."""

    kind: str
    tokens: Tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnView:
    """One request of a conversation and its reply."""

    exchange: str
    at: Moment
    seconds: Seconds
    first_token: Seconds | None
    step: Count
    turn: Count
    verdict: str
    outcome: str
    status: Count | None
    failure: str | None
    attempt: Count
    model: str | None
    finish: list[str]
    quality: str | None  # of the token counts: exact, adjusted, estimated
    new: Tokens | None
    resent: Tokens | None
    apportioned: bool  # whether new and resent are told apart by estimated sizes
    cache_read: Tokens | None
    completion: Tokens | None
    reasoning: Tokens | None  # of the completion
    cost: Dollars | None
    basis: str | None  # of the cost: reported, computed, estimated; None: unknown, or nothing was billed
    new_cost: Dollars | None
    resent_cost: Dollars | None
    context: Window | None
    turns_left: Count | None
    crossed: list[Count]  # thresholds, percent
    mistakes: list[TurnMistake]
    cache_missed: Tokens | None
    composition: list[Part]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventView:
    """A mistake or a warning that is remembered."""

    at: Moment
    step: Count
    mistake: TurnMistake | None
    threshold: Count | None  # percent


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationDetail:
    """One conversation, turn by turn."""

    at: Moment
    conversation: ConversationRow
    turns: list[TurnView]  # oldest first; the last ones, if there are many
    left_out: Count  # turns before these
    events: list[EventView]  # oldest first, at most 16
    next_cost: Dollars | None  # what the next turn is expected to cost
