"""What a ledger can do, whatever database it is kept in."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from costproxy.model import Turn
from costproxy.recording.ledger.answers import Conversation, MistakeSum, Spend
from costproxy.recording.ledger.question import Question

Row = Mapping[str, Any]  # a row by column: text, numbers, None for unknown


class LedgerReader(Protocol):
    """Answers questions; each of them from what was written when it was asked."""

    def spend(self, question: Question) -> list[Spend]:
        """Return sums by what the question groups by, and by quality and source: amounts that may not be added up."""

    def conversations(self, question: Question, *, most: int) -> list[Conversation]:
        """Return the conversations with the largest known cost, in the time and by the filters of the question."""

    def conversation(self, id: str) -> Conversation | None:  # noqa: A002 - what it is
        """Return one conversation; None: it is not known, or no longer."""

    def turns(self, conversation: str) -> Iterator[Row]:
        """Yield the exchanges of a conversation, oldest first."""

    def events(self, conversation: str) -> list[Row]:
        """Return the mistakes and warnings of a conversation, oldest first."""

    def mistakes(self, question: Question) -> list[MistakeSum]:
        """Return mistakes by kind, the most frequent first."""

    def export(self, question: Question) -> Iterator[Row]:
        """Yield exchanges in the order in which they were recorded; what is recorded meanwhile comes too."""


class Ledger(LedgerReader, Protocol):
    """Takes turns, and keeps them."""

    def record(self, turn: Turn) -> None:
        """Take a turn: never waits; what cannot be taken is counted."""

    def close(self) -> None:
        """Write what still waits."""
