"""How far the numbers can be trusted, from the series that Prometheus gets."""

from collections.abc import Iterable
from typing import Any

from prometheus_client import CollectorRegistry

from costproxy import __version__
from costproxy.admin.limit_views import Drift, Health, Labelled, PriceTable, Reason, Unpriced
from costproxy.admin.units import dollars
from costproxy.model.money import PICO
from costproxy.recording import series, series_conversations
from costproxy.recording.series_shape import Series

_READ = (
    series.REQUESTS,
    series.TOKENS_USED,
    series.PRICE_TABLE_INFO,
    series.PRICE_TABLE_AGE,
    series.COST_SOURCES,
    series.UNPRICED_REQUESTS,
    series.UNPRICED_TOKENS,
    series.COST_REPORTED,
    series.COST_COMPUTED,
    series.UNMETERED,
    series.USAGE_MISSING,
    series.USAGE_ANOMALIES,
    series_conversations.LIMIT_SOURCES,
    series_conversations.FORGOTTEN,
    series.RECORD_FAILURES,
    series.LABEL_OVERFLOW,
)


class Readings:
    """The values of some series, summed by some of their labels."""

    def __init__(self, registry: CollectorRegistry, of: Iterable[Series]) -> None:
        names = [each.exported_name for each in of]
        restricted = registry.restricted_registry(names)
        self._samples = [sample for family in restricted.collect() for sample in family.samples]

    def by(self, of: Series, *labels: str) -> dict[tuple[str, ...], float]:
        """Return sums by the values of labels, those of 0 left out, largest first."""
        sums: dict[tuple[str, ...], float] = {}
        for each in self._samples:
            if each.name == of.exported_name and each.value:
                key = tuple(each.labels[label] for label in labels)
                sums[key] = sums.get(key, 0.0) + each.value
        return dict(sorted(sums.items(), key=lambda item: -item[1]))


def health(registry: CollectorRegistry, *, now: float, started: float, in_flight: int) -> Health:
    """Return how far the numbers can be trusted, since the start."""
    read = Readings(registry, _READ)
    tokens = read.by(series.TOKENS_USED, "quality")
    return Health(
        at=now,
        version=__version__,
        started=started,
        in_flight=in_flight,
        requests=round(sum(read.by(series.REQUESTS).values())),
        exact=round(tokens.get(("exact",), 0)),
        adjusted=round(tokens.get(("adjusted",), 0)),
        estimated=round(tokens.get(("estimated",), 0)),
        price_table=_price_table(read),
        cost_sources=_reasons(read, series.COST_SOURCES, "source"),
        unpriced=_unpriced(read),
        unmetered=_labelled(read, series.UNMETERED, "reason"),
        usage_missing=_labelled(read, series.USAGE_MISSING, "reason"),
        anomalies=_labelled(read, series.USAGE_ANOMALIES, "kind"),
        limit_sources=_reasons(read, series_conversations.LIMIT_SOURCES, "source"),
        drift=_drift(read),
        failures=_reasons(read, series.RECORD_FAILURES, "sink"),
        overflow=_reasons(read, series.LABEL_OVERFLOW, "label"),
        forgotten=_reasons(read, series_conversations.FORGOTTEN, "reason"),
    )


def _reasons(read: Readings, of: Series, label: str) -> list[Reason]:
    return [Reason(reason=reason, count=round(count)) for (reason,), count in read.by(of, label).items()]


def _labelled(read: Readings, of: Series, label: str) -> list[Labelled]:
    return [
        Labelled(upstream=upstream, name=name, count=round(count))
        for (upstream, name), count in read.by(of, "upstream", label).items()
    ]


def _unpriced(read: Readings) -> list[Unpriced]:
    tokens = read.by(series.UNPRICED_TOKENS, "upstream", "model")
    return [
        Unpriced(upstream=upstream, model=model, requests=round(count), tokens=round(tokens.get((upstream, model), 0)))
        for (upstream, model), count in read.by(series.UNPRICED_REQUESTS, "upstream", "model").items()
    ]


def _drift(read: Readings) -> list[Drift]:
    computed = read.by(series.COST_COMPUTED, "upstream", "model")
    return [
        Drift(
            upstream=upstream,
            model=model,
            reported=dollars(round(said * PICO)),
            computed=dollars(round(computed[upstream, model] * PICO)),
            ratio=said / computed[upstream, model],
        )
        for (upstream, model), said in read.by(series.COST_REPORTED, "upstream", "model").items()
        if computed.get((upstream, model))
    ]


def _price_table(read: Readings) -> PriceTable | None:
    table = next(iter(read.by(series.PRICE_TABLE_INFO, "version", "date")), None)
    age: dict[Any, float] = read.by(series.PRICE_TABLE_AGE)
    if table is None:
        return None
    return PriceTable(version=table[0], date=table[1], age=age.get((), 0.0))
