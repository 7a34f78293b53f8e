"""What metrics export, read by the formats' own parsers."""

from typing import Any

from prometheus_client.exposition import choose_encoder
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as plain
from prometheus_client.samples import Sample

from costproxy.recording.metrics import Metrics

OPENMETRICS = "application/openmetrics-text; version=1.0.0"


def made(**facts: Any) -> Metrics:
    """Return the metrics of two upstreams, `default` and `local`, with small caps but for `facts`."""
    return Metrics(
        **{
            "upstreams": ("default", "local"),
            "models": 10,
            "apps": 10,
            "pairs": 50,
            "thresholds": (70, 85, 95),
            **facts,
        }
    )


def samples(metrics: Metrics, accept: str = "") -> list[Sample]:
    """Return what a scrape says, the series of the process left out."""
    encode, _ = choose_encoder(accept)
    text = encode(metrics.registry).decode()
    parse = openmetrics if accept else plain
    return [sample for family in parse(text) for sample in family.samples if sample.name.startswith("costproxy_")]


def counted(source: Metrics | list[Sample], name: str, *by: str) -> dict[Any, float]:
    """Return the sums of a series by the values of some labels, those of 0 left out."""
    sums: dict[Any, float] = {}
    for each in samples(source) if isinstance(source, Metrics) else source:
        if each.name == f"costproxy_{name}" and each.value:
            key = each.labels[by[0]] if len(by) == 1 else tuple(each.labels[label] for label in by)
            sums[key] = sums.get(key, 0) + each.value
    return sums
