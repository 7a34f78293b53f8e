"""Sums of exchanges by the hour, gathered for a batch and then added to those in the file."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from costproxy.recording.ledger.entry import Entry, Value

KEYS = ("hour", "upstream", "model", "app", "usage_quality", "quality", "source")
MEASURES = (
    *("requests", "succeeded", "rate_limited", "prompt", "cached", "completion", "new", "resent"),
    *("cost", "new_cost", "resent_cost", "mistakes"),
)
HOUR = 3600  # seconds
HOURS = 24  # of a day

Sums = dict[tuple[Any, ...], list[int]]


def hour_of(at: float) -> int:
    """Return the hour since the epoch that a moment lies in."""
    return int(at) // HOUR


def key_of(row: Mapping[str, Value]) -> tuple[Any, ...]:
    """Return what a row is summed by."""
    return hour_of(float(row["started"] or 0)), *(row[name] or "" for name in KEYS[1:])


def measures_of(row: Mapping[str, Value]) -> tuple[int, ...]:
    """Return what a row adds to its sums."""
    outcome = row["outcome"]
    return (
        1,
        int(outcome == "success"),
        int(outcome == "rate_limited"),
        _whole(row["prompt"]),
        _whole(row["cache_read"]) + _whole(row["audio_cache_read"]),
        _whole(row["completion"]),
        _whole(row["new"]),
        _whole(row["resent"]),
        _whole(row["cost"]),
        _whole(row["new_cost"]),
        _whole(row["resent_cost"]),
        _whole(row["mistakes"]),
    )


def summed(entries: Iterable[Entry]) -> tuple[Sums, Sums, Sums]:
    """Return the sums of a batch by hour, by day, and by hour and conversation."""
    hourly: Sums = {}
    daily: Sums = {}
    by_conversation: Sums = {}
    for entry in entries:
        key, measures = key_of(entry.row), measures_of(entry.row)
        _add(hourly, key, measures)
        if entry.row["conversation"] is not None:
            _add(by_conversation, (*key, entry.row["conversation"]), measures)
    for key, sums in hourly.items():
        _add(daily, (key[0] // HOURS, *key[1:]), sums)
    return hourly, daily, by_conversation


def _add(sums: Sums, key: tuple[Any, ...], measures: Sequence[int]) -> None:
    found = sums.get(key)
    sums[key] = list(measures) if found is None else [a + b for a, b in zip(found, measures, strict=True)]


def _whole(value: Value) -> int:
    return value if isinstance(value, int) else 0
