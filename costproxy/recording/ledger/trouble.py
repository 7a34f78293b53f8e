"""What can be wrong with a ledger, and what helps."""

import sqlite3
from enum import StrEnum

from costproxy.recording.ledger.schema import NewerLedgerError


class Trouble(StrEnum):
    """Why exchanges could not be written just now; safe as a label's value."""

    LOCKED = "locked"  # another process holds the file
    FULL = "full"  # no space, or a limit on it
    CORRUPT = "corrupt"  # no ledger, or a damaged one: it is set aside, and a new one begun
    NEWER = "newer"  # a newer costproxy has written it: it is left alone
    REFUSED = "refused"  # the file or its directory may not be written to, or is not there
    ODD = "odd"  # an exchange that the file does not take: it is left out, and counted
    OTHER = "other"


_CORRUPT = frozenset({"SQLITE_CORRUPT", "SQLITE_NOTADB"})
_BY_CODE = {
    "SQLITE_BUSY": Trouble.LOCKED,
    "SQLITE_LOCKED": Trouble.LOCKED,
    "SQLITE_FULL": Trouble.FULL,
    "SQLITE_IOERR": Trouble.FULL,  # what a limit of the operating system looks like, and a failing disk
    "SQLITE_CORRUPT": Trouble.CORRUPT,
    "SQLITE_NOTADB": Trouble.CORRUPT,
    "SQLITE_READONLY": Trouble.REFUSED,
    "SQLITE_CANTOPEN": Trouble.REFUSED,
    "SQLITE_PERM": Trouble.REFUSED,
    "SQLITE_AUTH": Trouble.REFUSED,
    "SQLITE_CONSTRAINT": Trouble.ODD,
    "SQLITE_MISMATCH": Trouble.ODD,
    "SQLITE_TOOBIG": Trouble.ODD,
}
# A table or column that is not there, though the version says so, and a database that is another program's.
_STRANGE = ("no such table", "no such column", "has no column", "already exists")


def trouble_of(error: Exception) -> Trouble:
    """Return what an error of writing means."""
    if isinstance(error, NewerLedgerError):
        return Trouble.NEWER
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorname", None)
        if code is None:  # the module's own: a value that has no place in a column
            return Trouble.ODD
        if any(words in str(error) for words in _STRANGE):
            return Trouble.CORRUPT
        return _BY_CODE.get("_".join(code.split("_")[:2]), Trouble.OTHER)
    if isinstance(error, OSError):
        return Trouble.FULL if error.errno in _NO_SPACE else Trouble.REFUSED
    return Trouble.ODD if isinstance(error, OverflowError | ValueError | TypeError) else Trouble.OTHER


_NO_SPACE = frozenset({27, 28, 122})  # EFBIG, ENOSPC, EDQUOT
