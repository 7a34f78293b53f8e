"""The views of what is in memory: useful without a database, and forgotten at the end."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from costproxy.admin.conversation_views import ConversationDetail, ConversationPage
from costproxy.admin.limit_views import Health, Limits
from costproxy.admin.live_conversations import detail, listed
from costproxy.admin.live_health import health
from costproxy.admin.live_limits import limits
from costproxy.admin.live_overview import overview
from costproxy.admin.source import Query, Span
from costproxy.admin.views import Overview
from costproxy.conversations.tracker import Tracker
from costproxy.quotas.rates import Rates
from costproxy.recording.recent import Recent


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSource:
    """A `Source` over the parts of a running proxy."""

    recent: Recent
    tracker: Tracker | None  # None: conversations are not told apart
    rates: Rates
    registry: CollectorRegistry
    in_flight: Callable[[], Mapping[str, int]]
    steady: Callable[[], float]  # the clock of the quotas, in seconds
    started: float  # seconds since the epoch
    thresholds: tuple[int, ...] = ()  # percent

    def overview(self, now: float, span: Span) -> Overview:
        """Return the state of things, and what led to it."""
        return overview(self.recent, self.tracker, now=now, span=span, started=self.started, thresholds=self.thresholds)

    def conversations(self, now: float, query: Query) -> ConversationPage:
        """Return a page of conversations."""
        threads = self.tracker.live() if self.tracker is not None else []
        return listed(threads, self.recent, now=now, query=query)

    def conversation(self, now: float, id: str) -> ConversationDetail | None:  # noqa: A002 — what it is
        """Return one conversation; None: there is none of that id, or it is forgotten."""
        thread = self.tracker.get(id) if self.tracker is not None else None
        return detail(thread, self.recent, now=now) if thread is not None else None

    def limits(self, now: float) -> Limits:
        """Return quotas and refusals."""
        return limits(self.rates, self.recent, now=now, steady=self.steady())

    def health(self, now: float) -> Health:
        """Return how far the numbers can be trusted."""
        return health(self.registry, now=now, started=self.started, in_flight=sum(self.in_flight().values()))
