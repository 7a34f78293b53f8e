"""The commands that read the ledger: what each is for, what it takes, and what it does."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from costproxy.commands.ledger_flags import (
    add_conversation_flags,
    add_export_flags,
    add_place_flag,
    add_report_flags,
    question_of,
)

if TYPE_CHECKING:
    from costproxy.recording.ledger import SqliteReader


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerCommand:
    """One of them."""

    name: str
    purpose: str
    flags: Callable[[argparse.ArgumentParser], None]
    run: Callable[["SqliteReader", argparse.Namespace], int]

    def add_flags(self, parser: argparse.ArgumentParser) -> None:
        """Add what it takes."""
        self.flags(parser)
        add_place_flag(parser)


def _report(ledger: "SqliteReader", options: argparse.Namespace) -> int:
    from costproxy.commands.report import report  # noqa: PLC0415 - the other commands need not wait for it

    return report(ledger, question_of(options), top=options.top, form=options.format)


def _conversation(ledger: "SqliteReader", options: argparse.Namespace) -> int:
    from costproxy.commands.conversation import conversation  # noqa: PLC0415 - likewise

    return conversation(ledger, options.id, form=options.format)


def _export(ledger: "SqliteReader", options: argparse.Namespace) -> int:
    from costproxy.commands.export import export  # noqa: PLC0415 - likewise

    return export(ledger, question_of(options), form=options.format)


LEDGER_COMMANDS = (
    LedgerCommand(
        name="report",
        purpose="what was spent, by model, application, conversation, day and more, and what went wrong",
        flags=add_report_flags,
        run=_report,
    ),
    LedgerCommand(
        name="conversation",
        purpose="one recorded conversation, turn by turn",
        flags=add_conversation_flags,
        run=_conversation,
    ),
    LedgerCommand(
        name="export",
        purpose="write every recorded exchange to stdout, as JSON Lines or CSV",
        flags=add_export_flags,
        run=_export,
    ),
)
