"""Gauges of quotas and retry storms, read when somebody scrapes."""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client.registry import Collector

from costproxy.quotas.book import Reading
from costproxy.quotas.rates import Rates
from costproxy.recording import series_rates as series
from costproxy.recording.labels import NONE, OTHER
from costproxy.recording.metrics_family import Collected, collected

MOST_KEYS = 50  # upstream, model and key; each has a label set per resource and window, four with most upstreams
_KEY = re.compile(r"[0-9a-f]{8}")  # the alias of an API key, see `owner_of`

Names = Callable[[str, str | None, str | None], tuple[str, str]]


class _Places:
    """Who is shown by name, of those that there are at the time: whoever came first, until there is no more of them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: dict[tuple[str, ...], None] = {}

    def __contains__(self, place: tuple[str, ...]) -> bool:
        return place in self._held

    def renew(self, present: Iterable[tuple[str, ...]]) -> None:
        wanted = dict.fromkeys(present)
        held = {place: None for place in self._held if place in wanted}
        for place in wanted:
            if len(held) >= self._most:
                break
            held[place] = None
        self._held = held


class QuotaMetrics(Collector):
    """Reads the quotas and the storms at every scrape; `watch` says whose.

    `names` gives the label values of model and application for (upstream, model, app). An owner is an application, or
    the alias of a key where a request names no application. Whoever is beyond a cap comes together under `other`; of
    several quotas under one name the tightest is shown.
    """

    def __init__(self, names: Names, on_failure: Callable[[], None]) -> None:
        self._names = names
        self._on_failure = on_failure
        self._source: tuple[Rates, Callable[[], float], Callable[[str, str], None]] | None = None
        self._keys = _Places(MOST_KEYS)
        self._storming_keys = _Places(MOST_KEYS)

    def watch(self, rates: Rates, now: Callable[[], float], on_calm: Callable[[str, str], None]) -> None:
        """Read `rates` from now on; `now` gives the time on its clock.

        `on_calm` is told owner and upstream of a storm that passed in silence.
        """
        self._source = rates, now, on_calm

    def describe(self) -> Iterator[Collected]:
        """Yield the families without values; asked for once, to know their names."""
        yield from _empty().values()

    def collect(self) -> Iterator[Collected]:
        """Yield the families; what fails costs their values, never the scrape."""
        families = _empty()
        if self._source is not None:
            try:
                self._fill(families, *self._source)
            except Exception:  # noqa: BLE001  # a defect in the quotas must not hide the other series
                self._on_failure()
                families = _empty()
        yield from families.values()

    def _fill(
        self,
        families: Mapping[str, Collected],
        rates: Rates,
        now: Callable[[], float],
        on_calm: Callable[[str, str], None],
    ) -> None:
        at = now()
        for owner, upstream in rates.calmed(at):
            on_calm(owner, upstream)
        for labels, count in self._storms(rates.storming()).items():
            families[series.STORMS.name].add_metric(labels, count)
        for quota, reading in self._tightest(rates.readings(at)).items():
            values = reading.limit, reading.remaining, reading.ratio, reading.resets_in, reading.exhausted_in
            for of, value in zip(series.QUOTAS, values, strict=True):
                if value is not None:
                    families[of.name].add_metric(quota, value)

    def _storms(self, storming: Iterable[tuple[str, str]]) -> Counter[tuple[str, str]]:
        places = list(storming)
        self._storming_keys.renew(place for place in places if _is_key(place[0]))
        return Counter((upstream, self._storming(owner, upstream)) for owner, upstream in places)

    def _storming(self, owner: str, upstream: str) -> str:
        if _is_key(owner):
            return owner if (owner, upstream) in self._storming_keys else OTHER
        return NONE if owner == NONE else self._names(upstream, None, owner)[1]

    def _tightest(self, readings: Iterable[Reading]) -> dict[tuple[str, ...], Reading]:
        named = [(each, *self._names(each.upstream, each.model, _app(each.owner))) for each in readings]
        self._keys.renew((each.upstream, model, each.owner) for each, model, _ in named if _is_key(each.owner))
        tightest: dict[tuple[str, ...], Reading] = {}
        for each, model, app in named:
            owner = self._owner(each, model, app)
            labels = each.upstream, model, owner, each.resource.value, each.window.value
            known = tightest.get(labels)
            if known is None or _tightness(each) < _tightness(known):
                tightest[labels] = each
        return tightest

    def _owner(self, reading: Reading, model: str, app: str) -> str:
        if _is_key(reading.owner):
            return reading.owner if (reading.upstream, model, reading.owner) in self._keys else OTHER
        return NONE if reading.owner == NONE else app


def _empty() -> dict[str, Collected]:
    return {each.name: collected(each) for each in series.COLLECTED}


def _is_key(owner: str) -> bool:
    return _KEY.fullmatch(owner) is not None


def _app(owner: str) -> str | None:
    """Return the application that an owner is; None: it is none, and takes no application's room."""
    return None if owner == NONE or _is_key(owner) else owner


def _tightness(reading: Reading) -> tuple[float, float]:
    """Order readings by the share that is left, then by how much that is; what does not say it comes last."""
    return (
        math.inf if reading.ratio is None else reading.ratio,
        math.inf if reading.remaining is None else reading.remaining,
    )
