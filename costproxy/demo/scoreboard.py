"""The demo's numbers: read from /metrics as anyone could, shown as a line and as tables."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self

from prometheus_client.parser import text_string_to_metric_families

REQUESTS = "costproxy_requests_total"
TOKENS = "costproxy_tokens_total"
CONVERSATIONS = "costproxy_conversation_requests_total"
PROMPTS = "costproxy_conversation_prompt_tokens_total"
WARNINGS = "costproxy_context_warnings_total"
FILLED = "costproxy_context_used_ratio_bucket"
MISTAKES = "costproxy_conversation_mistakes_total"
BEGUN = ("new", "compaction_suspected")  # how the first request of a conversation relates to it
ERRORS = ("upstream_error", "upstream_timeout", "upstream_truncated", "proxy_error", "client_error")

# Column, series, labels: the tables have one row per app.
_Columns = Mapping[str, tuple[str, Mapping[str, tuple[str, ...]]]]
_OUTCOMES: _Columns = MappingProxyType(
    {
        "requests": (REQUESTS, {}),
        "success": (REQUESTS, {"outcome": ("success",)}),
        "429": (REQUESTS, {"outcome": ("rate_limited",)}),
        "too long": (REQUESTS, {"outcome": ("context_exceeded",)}),
        "left": (REQUESTS, {"outcome": ("client_abort",)}),
        "errors": (REQUESTS, {"outcome": ERRORS}),
    }
)
_TOKENS: _Columns = MappingProxyType(
    {
        "input": (TOKENS, {"kind": ("input",)}),
        "cached": (TOKENS, {"kind": ("cache_read",)}),
        "output": (TOKENS, {"kind": ("output",)}),
        "reasoning": (TOKENS, {"kind": ("reasoning",)}),
    }
)
_App = Mapping[str, Collection[str]]  # {"app": [name]}, or nothing for all
_NOTHING = "-"  # where there is nothing to tell it from


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

    def by(self, name: str, label: str, **wanted: Collection[str]) -> dict[str, float]:
        """Return those sums by the values of one label, those of 0 left out."""
        sums: dict[str, float] = {}
        for each in self.samples:
            if each.name == name and each.value and each.fits(wanted):
                value = each.labels.get(label, "")
                sums[value] = sums.get(value, 0.0) + each.value
        return sums

    def apps(self) -> list[str]:
        """Return the apps that made a request, in alphabetical order."""
        return sorted(self.by(REQUESTS, "app"))


def line(score: Score, seconds: float) -> str:
    """Return the score as one line of at most 80 columns, `seconds` after the start."""
    told = {
        "requests": short(score.total(REQUESTS)),
        "chats": short(score.total(CONVERSATIONS, verdict=BEGUN)),
        "resent": _resent(score),
        "fullest": _fullest(score),
        "mistakes": short(score.total(MISTAKES)),
    }
    return "  ".join([f"{seconds:4.0f} s", *(f"{name} {value}" for name, value in told.items())])


def tables(score: Score) -> list[str]:
    """Return the score as three tables, of outcomes, tokens and conversations, with one row per app and a sum."""
    head = ["app", "conversations", "resent", "over", "mistakes", "most often"]
    parts = [
        _table(["app", *_OUTCOMES], score, lambda of, app: _sums(_OUTCOMES, of, app)),
        _table(["app", *_TOKENS], score, lambda of, app: _sums(_TOKENS, of, app)),
        _table(head, score, _conversations),
    ]
    return [row for part in parts for row in ("", *part)][1:]


def _table(head: list[str], score: Score, cells: Callable[[Score, _App], list[str]]) -> list[str]:
    each = [[app, *cells(score, {"app": [app]})] for app in score.apps()]
    rows = [head, *each, ["all", *cells(score, {})]]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [_row(row, widths) for row in rows]


def _sums(columns: _Columns, score: Score, app: _App) -> list[str]:
    return [f"{score.total(name, **labels, **app):,}" for name, labels in columns.values()]


def _conversations(score: Score, app: _App) -> list[str]:
    """Return how many began, what they sent again, the highest threshold that one came over, and what went wrong."""
    over = max((float(each) for each in score.by(WARNINGS, "threshold", **app)), default=None)
    mistakes = score.by(MISTAKES, "kind", **app)
    return [
        f"{score.total(CONVERSATIONS, verdict=BEGUN, **app):,}",
        _resent(score, **app),
        _NOTHING if over is None else f"{over:.0%}",
        f"{sum(mistakes.values()):,.0f}",
        max(mistakes, key=lambda kind: mistakes[kind], default=_NOTHING),
    ]


def _resent(score: Score, **app: Collection[str]) -> str:
    """Return the share of prompt tokens that had been sent before."""
    parts = score.by(PROMPTS, "part", **app)
    whole = sum(parts.values())
    return f"{parts.get('resent', 0.0) / whole:.0%}" if whole else _NOTHING


def _fullest(score: Score) -> str:
    """Return between which shares of its window the fullest prompt was; a histogram knows no more."""
    buckets = {float(bound): count for bound, count in score.by(FILLED, "le").items()}
    most = max(buckets.values(), default=0.0)
    if not most:
        return _NOTHING
    below = [bound for bound in buckets if buckets[bound] < most]
    return f">{max(below):.0%}" if below else f"<{min(buckets):.0%}"


def _row(cells: list[str], widths: list[int]) -> str:
    first, *rest = (cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
    return "  ".join([first.strip().ljust(widths[0]), *rest])


def short(count: int) -> str:
    """Return a count in at most about five characters: `950`, `12.3k`, `4.56M`."""
    if count < 10_000:
        return str(count)
    return f"{count / 1000:.1f}k" if count < 1_000_000 else f"{count / 1_000_000:.2f}M"
