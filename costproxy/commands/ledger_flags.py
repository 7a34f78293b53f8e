"""The flags of the commands that read the ledger, and what their help teaches."""

import argparse
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from costproxy.recording.ledger import Question

FORMATS = ("table", "csv", "json", "md")
EXPORTS = ("jsonl", "csv")
# As the ledger has them; it is not loaded for the sake of a help text.
GROUPS = ("model", "app", "upstream", "conversation", "day", "hour", "quality", "source")

_SPAN = re.compile(r"([0-9]{1,6})([mhdw])")
_SECONDS = {"m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}

REPORT_NOTE = """\
  costproxy report                                     what is in the ledger, by model
  costproxy report --since 24h --by app,model          of the last day, by application and model
  costproxy report --since 2026-11-01 --until 2026-12-01 --by day
  costproxy report --app support-chat --by conversation --top 20
  costproxy report --since 7d --format csv > week.csv  the first table, for a spreadsheet

what the columns mean:
  tokens, cost   how far the counts and the amounts can be trusted: exact (the provider said so), adjusted (it
                 contradicted itself and was repaired), estimated (we counted), unknown, not billed
  source         who said what it cost: reported (the biller), operator (your prices), catalogue (ours)
  sent again     the share of prompt tokens that the conversation had sent before, and what these cost
Rows of different quality are never added up: unknown is not 0, and an estimate is no bill.

Times are UTC. Sums are kept by the hour for longer than the exchanges; where only they are left, a range is widened to
whole hours, and the report says so. It works beside a running proxy, and changes nothing."""

CONVERSATION_NOTE = """\
  costproxy report --by conversation         lists ids; they are in the log and in x-costproxy-conversation too
  costproxy conversation 0cb2a391ea2df2d8    how it grew, turn by turn, and what went wrong in it

  prompt       tokens that were sent; new: those sent for the first time; sent again: the others
  context      how full the window was with this prompt; left: turns that still fit, at that pace"""

EXPORT_NOTE = """\
  costproxy export --since 30d > exchanges.jsonl           one exchange a line, with every field; null is unknown
  costproxy export --format csv --app shop > shop.csv      the same as a table with a header; empty is unknown
  costproxy export | jq -s 'map(.cost // 0) | add'         in p$ (10⁻¹² $), whole numbers: sums are exact

Times are seconds since the epoch, UTC. What is recorded while it is written is in it too."""


def add_report_flags(parser: argparse.ArgumentParser) -> None:
    """Add what `report` takes, but for the place of the ledger."""
    parser.epilog = REPORT_NOTE
    add_filters(parser)
    parser.add_argument(
        "--by",
        metavar="NAME,...",
        type=_groups,
        default=("model",),
        help=f"What to sum up by, one or more of {', '.join(GROUPS)}. [model]",
    )
    parser.add_argument(
        "--top", metavar="N", type=_number, default=10, help="Conversations that are listed, at most. [%(default)s]"
    )
    parser.add_argument("--format", choices=FORMATS, default="table", help="Form of the output. [%(default)s]")


def add_conversation_flags(parser: argparse.ArgumentParser) -> None:
    """Add what `conversation` takes, but for the place of the ledger."""
    parser.epilog = CONVERSATION_NOTE
    parser.add_argument("id", metavar="ID", help="The conversation, 16 hexadecimal digits.")
    parser.add_argument("--format", choices=FORMATS, default="table", help="Form of the output. [%(default)s]")


def add_export_flags(parser: argparse.ArgumentParser) -> None:
    """Add what `export` takes, but for the place of the ledger."""
    parser.epilog = EXPORT_NOTE
    add_filters(parser)
    parser.add_argument("--conversation", metavar="ID", help="Only those of one conversation.")
    parser.add_argument("--format", choices=EXPORTS, default="jsonl", help="Form of the output. [%(default)s]")


def add_filters(parser: argparse.ArgumentParser) -> None:
    """Add a range of time and filters."""
    when = "a date, a moment such as 2026-11-01T09:30, or a span before now such as 90m, 24h, 7d, 4w"
    parser.add_argument("--since", metavar="TIME", type=moment, help=f"Only what started then or later: {when}.")
    parser.add_argument("--until", metavar="TIME", type=moment, help="Only what started before then, likewise.")
    for name in ("app", "model", "upstream"):
        parser.add_argument(f"--{name}", metavar="NAME", help=f"Only of this {name}; none: of no known one.")


def add_place_flag(parser: argparse.ArgumentParser) -> None:
    """Add where the ledger is."""
    parser.add_argument(
        "--data-dir",
        metavar="PATH",
        type=Path,
        help="The proxy's data directory, or the ledger's file. [that of the settings]",
    )


def question_of(options: argparse.Namespace) -> "Question":
    """Return what is asked for."""
    from costproxy.recording.ledger import Question  # noqa: PLC0415 - see above

    named = {name: getattr(options, name, None) for name in ("app", "model", "upstream")}
    return Question(
        since=options.since,
        until=options.until,
        by=getattr(options, "by", ()),
        conversation=getattr(options, "conversation", None),
        **{name: "" if value == "none" else value for name, value in named.items()},
    )


def moment(text: str) -> float:
    """Return seconds since the epoch; a date is its beginning, and what names no zone is UTC."""
    span = _SPAN.fullmatch(text)
    now = datetime.now(UTC)
    if span is not None:
        return now.timestamp() - int(span[1]) * _SECONDS[span[2]]
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        expected = "a date such as 2026-11-01, a moment such as 2026-11-01T09:30, or a span such as 24h or 7d"
        raise argparse.ArgumentTypeError(f"expected {expected}, found {text!r:.40}") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _groups(text: str) -> Sequence[str]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names or len(set(names)) < len(names) or set(names) - set(GROUPS):
        raise argparse.ArgumentTypeError(f"expected one or more of {', '.join(GROUPS)}, found {text!r:.60}")
    return names


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        raise argparse.ArgumentTypeError(f"expected a whole number from 0 on, found {text!r:.40}")
    return int(text)
