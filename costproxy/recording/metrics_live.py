"""Gauges of the conversations that are remembered, read when somebody scrapes."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol

from prometheus_client.registry import Collector

from costproxy.recording import series_conversations as series
from costproxy.recording.metrics_conversations import ratio_text
from costproxy.recording.metrics_family import Collected, collected

ACTIVE_WITHIN = 300.0  # seconds since the last request or reply
NEAR_LIMIT = 3  # turns left


class LiveAccount(Protocol):
    """What a conversation has come to."""

    @property
    def ratio(self) -> float | None:
        """Tokens of its last prompt over those that fit; None: unknown."""

    @property
    def turns_left(self) -> int | None:
        """Turns until the window is full; None: nothing tells."""


class LiveConversation(Protocol):
    """What a tracker remembers of one conversation; it may go on while it is read."""

    @property
    def upstream(self) -> str:
        """Name of the upstream of its last request."""

    @property
    def model(self) -> str | None:
        """As that request's turn has it: the model that served, else the one asked for."""

    @property
    def app(self) -> str | None:
        """The application; None means that the request named none."""

    @property
    def seen(self) -> float:
        """When its last request or reply came, seconds since the epoch."""

    @property
    def account(self) -> LiveAccount:
        """What it has come to."""


class LiveConversations(Protocol):
    """The tracker, as a scrape sees it; asked from another thread than the traffic's."""

    def live(self) -> Iterable[LiveConversation]:
        """Return those that are remembered now; what happens meanwhile does not disturb whoever goes through them."""

    @property
    def forgotten(self) -> Mapping[str, int]:
        """How many were forgotten since the start, by every reason there is: idle, age, capacity."""


class _Tally:
    """Sums of one label set."""

    __slots__ = ("active", "known", "near", "over")

    def __init__(self, thresholds: int) -> None:
        self.active = 0
        self.near = 0
        self.known = False  # whether the window of any of its conversations is
        self.over = [0] * thresholds

    def add(self, other: "_Tally") -> None:
        self.active += other.active
        self.near += other.near
        self.known |= other.known
        self.over = [one + more for one, more in zip(self.over, other.over, strict=True)]


class LiveMetrics(Collector):
    """Counts remembered conversations in one pass over them, at every scrape; `watch` says whose.

    `names` gives the label values of model and application for (upstream, model, app). The series of a label set are
    there, if at 0, as long as one of its conversations is remembered.
    """

    def __init__(
        self,
        names: Callable[[str, str | None, str | None], tuple[str, str]],
        thresholds: tuple[int, ...],
        on_failure: Callable[[], None],
    ) -> None:
        self._names = names
        self._thresholds = tuple((each / 100, ratio_text(each)) for each in sorted(thresholds))
        self._on_failure = on_failure
        self._source: tuple[LiveConversations, Callable[[], float]] | None = None

    def watch(self, tracker: LiveConversations, now: Callable[[], float]) -> None:
        """Count the conversations of `tracker` from now on; `now` gives seconds since the epoch."""
        self._source = tracker, now

    def describe(self) -> Iterator[Collected]:
        """Yield the families without values; asked for once, to know their names."""
        for each in series.COLLECTED:
            yield collected(each)

    def collect(self) -> Iterator[Collected]:
        """Yield the families; a tracker that fails costs their values, never the scrape."""
        families = {each.name: collected(each) for each in series.COLLECTED}
        if self._source is not None:
            try:
                self._fill(families, *self._source)
            except Exception:  # noqa: BLE001  # a defect in the tracker must not hide the other series
                self._on_failure()
                families = {each.name: collected(each) for each in series.COLLECTED}
        yield from families.values()

    def _fill(self, families: Mapping[str, Collected], tracker: LiveConversations, now: Callable[[], float]) -> None:
        count, raw = self._counted(tracker.live(), now() - ACTIVE_WITHIN)
        families[series.TRACKED.name].add_metric((), count)
        for labels, tally in self._by_labels(raw).items():
            families[series.ACTIVE.name].add_metric(labels, tally.active)
            if not tally.known:
                continue
            families[series.NEAR_LIMIT.name].add_metric(labels, tally.near)
            for (_, threshold), over in zip(self._thresholds, tally.over, strict=True):
                families[series.OVER_THRESHOLD.name].add_metric((*labels, threshold), over)
        for reason, forgotten in tracker.forgotten.items():
            families[series.FORGOTTEN.name].add_metric((reason,), forgotten)

    def _counted(
        self, conversations: Iterable[LiveConversation], since: float
    ) -> tuple[int, dict[tuple[str, str | None, str | None], _Tally]]:
        """Return how many there are, and the sums by the names that they gave."""
        count, tallies = 0, dict[tuple[str, str | None, str | None], _Tally]()
        for each in conversations:
            count += 1
            key = each.upstream, each.model, each.app
            tally = tallies.get(key)
            if tally is None:
                tally = tallies[key] = _Tally(len(self._thresholds))
            active = each.seen >= since
            tally.active += active
            account = each.account
            ratio = account.ratio
            if ratio is None:
                continue
            tally.known = True
            left = account.turns_left
            tally.near += active and left is not None and left <= NEAR_LIMIT
            for index, (threshold, _) in enumerate(self._thresholds):
                if ratio < threshold:
                    break
                tally.over[index] += 1
        return count, tallies

    def _by_labels(self, raw: Mapping[tuple[str, str | None, str | None], _Tally]) -> dict[tuple[str, ...], _Tally]:
        """Return the sums by label values: names beyond the caps come together under one."""
        tallies: dict[tuple[str, ...], _Tally] = {}
        for (upstream, model, app), tally in raw.items():
            labels = upstream, *self._names(upstream, model, app)
            tallies.setdefault(labels, _Tally(len(self._thresholds))).add(tally)
        return tallies
