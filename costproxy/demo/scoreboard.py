"""The demo's numbers: read from /metrics as anyone could, shown as a line and as a table."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self

from prometheus_client.parser import text_string_to_metric_families

REQUESTS = "costproxy_requests_total"
TOKENS = "costproxy_tokens_total"
LIMITED = "costproxy_rate_limited_total"
IN_FLIGHT = "costproxy_in_flight_requests"
STREAMS = "costproxy_time_to_first_token_seconds_count"  # plain replies have no first token
KINDS = ("input", "cache_read", "cache_write", "output", "reasoning")
ERRORS = ("upstream_error", "upstream_timeout", "upstream_truncated", "proxy_error", "client_error")

# Column, series, labels: the table has one row per app.
_COLUMNS: Mapping[str, tuple[str, Mapping[str, tuple[str, ...]]]] = MappingProxyType(
    {
        "requests": (REQUESTS, {}),
        "success": (REQUESTS, {"outcome": ("success",)}),
        "429": (REQUESTS, {"outcome": ("rate_limited",)}),
        "too long": (REQUESTS, {"outcome": ("context_exceeded",)}),
        "left": (REQUESTS, {"outcome": ("client_abort",)}),
        "errors": (REQUESTS, {"outcome": ERRORS}),
        "input": (TOKENS, {"kind": ("input",)}),
        "cached": (TOKENS, {"kind": ("cache_read",)}),
        "output": (TOKENS, {"kind": ("output",)}),
        "reasoning": (TOKENS, {"kind": ("reasoning",)}),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One line of /metrics."""

    name: str
    labels: Mapping[str, str]
    value: float

    def fits(self, wanted: Mapping[str, Collection[str]]) -> bool:
        """Tell whether each wanted label has one of its wanted values."""
        return all(self.labels.get(name, "") in values for name, values in wanted.items())


@dataclass(frozen=True, slots=True)
class Score:
    """One reading of /metrics."""

    samples: Sequence[Sample]

    @classmethod
    def read(cls, text: str) -> Self:
        """Read an exposition in Prometheus' text format.

        Raises:
            ValueError: it is not one.
        """
        families = text_string_to_metric_families(text)
        return cls(
            [
                Sample(name=sample.name, labels=sample.labels, value=sample.value)
                for family in families
                for sample in family.samples
                if sample.name.startswith("costproxy_")
            ]
        )

    def total(self, name: str, **wanted: Collection[str]) -> int:
        """Return the sum over the samples of a series whose labels have one of the wanted values each."""
        fitting = (each.value for each in self.samples if each.name == name and each.fits(wanted))
        return round(sum(fitting))

    def apps(self) -> list[str]:
        """Return the apps that made a request, in alphabetical order."""
        return sorted({each.labels["app"] for each in self.samples if each.name == REQUESTS and each.value})


def line(score: Score, seconds: float) -> str:
    """Return the score as one line, `seconds` after the start."""
    tokens = ((kind, score.total(TOKENS, kind=[kind])) for kind in KINDS)
    used = ", ".join(f"{kind.replace('_', ' ')} {short(count)}" for kind, count in tokens if count)
    counts = {
        "requests": score.total(REQUESTS),
        "streams": score.total(STREAMS),
        "in flight": score.total(IN_FLIGHT),
        "429": score.total(LIMITED),
        "too long": score.total(REQUESTS, outcome=["context_exceeded"]),
        "left": score.total(REQUESTS, outcome=["client_abort"]),
        "errors": score.total(REQUESTS, outcome=ERRORS),
    }
    told = "  ".join(f"{name} {count}" for name, count in counts.items())
    return f"{seconds:4.0f} s  {told}  tokens: {used or 'none yet'}"


def table(score: Score) -> list[str]:
    """Return the score as a table with one row per app and a sum."""
    rows = [["app", *_COLUMNS], *([app, *_cells(score, app=[app])] for app in score.apps()), ["all", *_cells(score)]]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [_row(row, widths) for row in rows]


def _cells(score: Score, **app: Collection[str]) -> list[str]:
    return [f"{score.total(name, **labels, **app):,}" for name, labels in _COLUMNS.values()]


def _row(cells: list[str], widths: list[int]) -> str:
    first, *rest = (cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
    return "  ".join([first.strip().ljust(widths[0]), *rest])


def short(count: int) -> str:
    """Return a count in at most about five characters: `950`, `12.3k`, `4.56M`."""
    if count < 10_000:
        return str(count)
    return f"{count / 1000:.1f}k" if count < 1_000_000 else f"{count / 1_000_000:.2f}M"
