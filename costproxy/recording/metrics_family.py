"""Metric families: those whose children are kept at hand, and those that are filled at each scrape."""

from collections.abc import Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from costproxy.recording.series_shape import Series

_MAKERS = {"counter": Counter, "gauge": Gauge, "histogram": Histogram}

Collected = GaugeMetricFamily | CounterMetricFamily
_COLLECTED: Mapping[str, type[Collected]] = {"gauge": GaugeMetricFamily, "counter": CounterMetricFamily}


class Family:
    """A metric family whose children are kept by label values: a look-up instead of a lock and a join."""

    def __init__(self, of: Series, registry: CollectorRegistry) -> None:
        extra: dict[str, Any] = {"buckets": of.buckets} if of.buckets else {}
        name = of.name if of.kind == "counter" else of.exported_name.removeprefix("costproxy_")
        self._metric = _MAKERS[of.kind](name, of.help, of.labels, namespace="costproxy", registry=registry, **extra)
        self._children: dict[tuple[str, ...], Any] = {}

    def __contains__(self, labels: tuple[str, ...]) -> bool:
        """Tell whether the child with these label values exists."""
        return labels in self._children

    def at(self, *labels: str) -> Any:
        """Return the child with these label values, made at 0 the first time."""
        child = self._children.get(labels)
        if child is None:
            child = self._children[labels] = self._metric.labels(*labels) if labels else self._metric
        return child


def collected(of: Series) -> Collected:
    """Return an empty family for one scrape."""
    return _COLLECTED[of.kind](of.exported_name.removesuffix("_total"), of.help, labels=of.labels)
