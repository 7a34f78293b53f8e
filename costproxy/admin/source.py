"""Where the views get their numbers: live memory, a ledger, or a fake."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from costproxy.admin.conversation_views import ConversationDetail, ConversationPage
from costproxy.admin.limit_views import Health, Limits
from costproxy.admin.views import Overview

LARGEST_PAGE = 200


class Span(StrEnum):
    """How far back an overview looks."""

    QUARTER = "15m"
    HOUR = "1h"
    SIX_HOURS = "6h"
    DAY = "24h"


# Seconds back, and seconds per step.
SPANS = {
    Span.QUARTER: (900, 10),
    Span.HOUR: (3600, 60),
    Span.SIX_HOURS: (21_600, 300),
    Span.DAY: (86_400, 900),
}


class SortKey(StrEnum):
    """What a list of conversations is ordered by; what is unknown comes last."""

    SEEN = "seen"
    BEGAN = "began"
    REQUESTS = "requests"
    COST = "cost"
    BURN = "burn"
    PROMPT = "prompt"
    RESENT = "resent"
    AMPLIFICATION = "amplification"
    CONTEXT = "context"
    GROWTH = "growth"
    TURNS_LEFT = "turns_left"
    MISTAKES = "mistakes"
    APP = "app"
    MODEL = "model"


class State(StrEnum):
    """Which conversations a list has."""

    ALL = "all"
    ACTIVE = "active"
    NEAR_LIMIT = "near_limit"  # three turns left or fewer, idle ones included
    WARNED = "warned"
    MISTAKEN = "mistaken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which conversations, in which order, and which page of them."""

    sort: SortKey = SortKey.SEEN
    descending: bool = True
    state: State = State.ALL
    app: str | None = None  # exactly
    model: str | None = None  # exactly
    text: str = ""  # a part of id, application, model or upstream, whatever the case
    page: int = 1
    size: int = 50  # at most `LARGEST_PAGE`


class Source(Protocol):
    """Answers in any thread, several at once; `now` is in seconds since the epoch."""

    def overview(self, now: float, span: Span) -> Overview:
        """Return the state of things, and what led to it."""

    def conversations(self, now: float, query: Query) -> ConversationPage:
        """Return a page of conversations."""

    def conversation(self, now: float, id: str) -> ConversationDetail | None:  # noqa: A002 — what it is
        """Return one conversation; None: there is none of that id, or it is forgotten."""

    def limits(self, now: float) -> Limits:
        """Return quotas and refusals."""

    def health(self, now: float) -> Health:
        """Return how far the numbers can be trusted."""
