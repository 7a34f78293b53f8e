"""The ledger: every exchange on disk, as numbers, names and digests; never what was said."""

from costproxy.recording.ledger.answers import Conversation, MistakeSum, Spend
from costproxy.recording.ledger.interface import Ledger, LedgerReader
from costproxy.recording.ledger.place import data_directory
from costproxy.recording.ledger.question import GROUPS, Question
from costproxy.recording.ledger.reader import NoLedgerError, SqliteReader
from costproxy.recording.ledger.sqlite import SqliteLedger

__all__ = [
    "GROUPS",
    "Conversation",
    "Ledger",
    "LedgerReader",
    "MistakeSum",
    "NoLedgerError",
    "Question",
    "Spend",
    "SqliteLedger",
    "SqliteReader",
    "data_directory",
]
