"""`costproxy export`: every exchange, one a line, as it is read."""

import csv
import json
import sys

from costproxy.commands.progress import Progress
from costproxy.recording.ledger import LedgerReader, Question

_JSON = ("raw_usage", "cost_parts", "composition")  # columns that hold JSON
_FORMULA = ("=", "+", "-", "@")


def export(ledger: LedgerReader, question: Question, *, form: str) -> int:
    """Write exchanges to stdout as JSON Lines or CSV; return the exit code.

    Raises:
        NoLedgerError: there is no ledger, or none that can be read.
    """
    progress, count = Progress("exchanges"), 0
    writer = csv.writer(sys.stdout, lineterminator="\n")
    try:
        for count, row in enumerate(ledger.export(question), 1):
            if form == "jsonl":
                parsed = {name: json.loads(row[name]) for name in _JSON if row[name] is not None}
                sys.stdout.write(json.dumps({**row, **parsed}, separators=(",", ":"), ensure_ascii=False) + "\n")
            else:
                if count == 1:
                    writer.writerow(row)
                writer.writerow([_safe(value) for value in row.values()])
            progress.show(count)
    finally:
        progress.clear()
    return 0


def _safe(value: object) -> object:
    """Return a value that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
