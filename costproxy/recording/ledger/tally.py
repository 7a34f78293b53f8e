"""What the exchanges of a batch come to in each conversation."""

from collections.abc import Iterable, Mapping
from typing import Any

from costproxy.recording.ledger.entry import Entry, Value

ADDED = (
    *("requests", "prompt", "completion", "new", "resent", "exact", "adjusted", "estimated", "unknown", "mistakes"),
)
LATEST = ("upstream", "app", "model", "context_used", "context_usable", "turns_left", "next_cost")
HIGHEST = ("turns", "warned")
COLUMNS = ("id", "first", "last", "parent", *LATEST, *HIGHEST, *ADDED)
_QUALITIES = ("exact", "adjusted", "estimated")


def tallied(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """Return a row per conversation of a batch, to be added to what is known of it."""
    rows: dict[str, dict[str, Any]] = {}
    for entry in entries:
        id = entry.row["conversation"]  # noqa: A001 - what it is
        if isinstance(id, str):
            rows[id] = _joined(rows[id], _row(entry)) if id in rows else _row(entry)
    return list(rows.values())


def _row(entry: Entry) -> dict[str, Any]:
    row = entry.row
    cost = row["cost"] or 0
    return {
        "id": row["conversation"],
        "first": row["started"],
        "last": row["ended"],
        "parent": row["parent"],
        **{name: row[name] for name in LATEST},
        "turns": row["turn"] or 0,
        "warned": max((event.threshold or 0 for event in entry.events), default=0),
        "requests": 1,
        **{name: row[name] or 0 for name in ("prompt", "completion", "new", "resent", "mistakes")},
        **{name: cost if row["quality"] == name else 0 for name in _QUALITIES},
        "unknown": int(row["quality"] == "unknown"),
    }


def _joined(before: Mapping[str, Value], after: Mapping[str, Any]) -> dict[str, Any]:
    joined: dict[str, Any] = {**before, "first": min(before["first"], after["first"])}
    joined["last"] = max(before["last"], after["last"])
    joined["parent"] = before["parent"] or after["parent"]
    for name in LATEST:
        joined[name] = before[name] if after[name] is None else after[name]
    for name in HIGHEST:
        joined[name] = max(joined[name], after[name])
    for name in ADDED:
        joined[name] += after[name]
    return joined
