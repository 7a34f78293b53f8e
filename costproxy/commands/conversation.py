"""`costproxy conversation ID`: one conversation, turn by turn."""

import sys
from datetime import UTC, datetime
from typing import Any

from costproxy.commands.sheet import Column, Sheet, show
from costproxy.recording.ledger import LedgerReader

_TURNS = (
    Column(name="at", heading="at (UTC)", kind="time"),
    Column(name="turn", heading="turn", kind="count"),
    Column(name="step", heading="step", kind="count"),
    Column(name="verdict", heading="verdict"),
    Column(name="outcome", heading="outcome"),
    Column(name="model", heading="model"),
    Column(name="prompt", heading="prompt", kind="count"),
    Column(name="new", heading="new", kind="count"),
    Column(name="resent", heading="sent again", kind="count"),
    Column(name="completion", heading="completion", kind="count"),
    Column(name="usage_quality", heading="tokens"),
    Column(name="cost", heading="cost, $", kind="dollars"),
    Column(name="quality", heading="cost"),
    Column(name="source", heading="source"),
    Column(name="context_ratio", heading="context", kind="share"),
    Column(name="turns_left", heading="left", kind="count"),
    Column(name="seconds", heading="seconds", kind="seconds"),
    Column(name="exchange", heading="exchange"),
)
_EVENTS = (
    Column(name="at", heading="at (UTC)", kind="time"),
    Column(name="type", heading="event"),
    Column(name="kind", heading="kind"),
    Column(name="message", heading="message", kind="count"),
    Column(name="tokens", heading="tokens", kind="count"),
    Column(name="cost", heading="cost, $", kind="dollars"),
    Column(name="exchange", heading="exchange"),
)


def conversation(ledger: LedgerReader, id: str, *, form: str) -> int:  # noqa: A002 - what it is
    """Print a conversation; return the exit code: 1 if it is not known.

    Raises:
        NoLedgerError: there is no ledger, or none that can be read.
    """
    found = ledger.conversation(id)
    if found is None:
        print(f"costproxy: expected the id of a conversation in the ledger, found {id!r:.60}", file=sys.stderr)
        print("  costproxy report --by conversation lists them", file=sys.stderr)
        return 1
    rows = [_turn(row) for row in ledger.turns(id)]
    whose = f"{found.app or 'no application'} at {found.upstream}"
    parent = f", seems to go on from {found.parent}" if found.parent else ""
    sheets = (
        Sheet(name="turns", title=f"conversation {id}, {whose}{parent}", columns=_TURNS, rows=rows, empty="no turns"),
        Sheet(
            name="events",
            title="mistakes and warnings",
            columns=_EVENTS,
            rows=[_event(row) for row in ledger.events(id)],
            empty="none",
        ),
    )
    facts = {"conversation": id, "app": found.app, "upstream": found.upstream, "parent": found.parent}
    show(sheets, form, sys.stdout, facts)
    return 0


def _turn(row: Any) -> tuple[Any, ...]:
    used, usable = row["context_used"], row["context_usable"]
    names = ("turn", "step", "verdict", "outcome", "model", "prompt", "new", "resent", "completion")
    return (
        _moment(row["started"]),
        *(row[name] for name in names),
        row["usage_quality"] or "unknown",
        row["cost"],
        *(row[name] for name in ("quality", "source")),
        used / usable if used is not None and usable else None,
        row["turns_left"],
        row["ended"] - row["started"],
        row["id"],
    )


def _event(row: Any) -> tuple[Any, ...]:
    kind = row["kind"] if row["type"] == "mistake" else f"{row['threshold']} % of the window"
    return _moment(row["at"]), row["type"], kind, row["message"], row["tokens"], row["cost"], row["exchange"]


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")
