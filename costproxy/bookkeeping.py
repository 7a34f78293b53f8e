"""The ledger of a running proxy: where it is, under which secret, and what is said when it cannot be kept."""

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from costproxy.recording.ledger import SqliteLedger, data_directory
from costproxy.recording.ledger.place import ledger_file, secret_file
from costproxy.recording.ledger.retention import Retention
from costproxy.recording.ledger.secret import fingerprint, keep_secret
from costproxy.recording.ledger.threads import Live, Threads
from costproxy.recording.ledger.trouble import Trouble
from costproxy.settings import Settings

_DAY = 86_400.0  # seconds


class Tell(Protocol):
    """The log."""

    def event(self, event: str, **facts: object) -> None:
        """Say something."""

    def warning(self, event: str, **facts: object) -> None:
        """Say something that somebody should look at."""


class Count(Protocol):
    """The metrics."""

    def failed(self, sink: str) -> None:
        """Count an exchange that a sink could not take."""


class Bookkeeping:
    """Opens the ledger, if there is to be one; nothing that is wrong with it keeps a proxy from starting."""

    def __init__(self, settings: Settings, env: Mapping[str, str], log: Tell, metrics: Count) -> None:
        self._settings = settings
        self._log = log
        self._metrics = metrics
        self._data = data_directory(settings.data_dir, env) if settings.ledger.enabled else None
        self.secret = self._secret()  # keys all digests; without a ledger they mean nothing to another process

    def __repr__(self) -> str:
        return f"<Bookkeeping in {self._data}>" if self._data else "<Bookkeeping: none>"

    def open(self, live: Live | None) -> SqliteLedger | None:
        """Open the ledger and restore the conversations of `live`; None: nothing is to be kept, or nowhere."""
        own = self._settings.ledger
        if self._data is None:
            if own.enabled:
                self._log.warning("ledger", problem="no directory for it is known; set data_dir to have one")
            return None
        path = ledger_file(self._data)
        ledger = SqliteLedger(
            path,
            threads=Threads(live, idle=self._settings.conversations.idle),
            fingerprint=fingerprint(self.secret),
            queue=own.queue,
            retention=Retention(
                exchanges=own.keep_days * _DAY,
                totals=own.totals_days * _DAY,
                most_bytes=own.most_bytes,
                threads=self._settings.conversations.idle,
            ),
            on_loss=lambda: self._metrics.failed("ledger"),
            on_trouble=self._tell,
        )
        self._log.event("ledger", file=str(path), conversations_restored=ledger.restored)
        return ledger

    def _secret(self) -> bytes:
        if self._data is None:
            return secrets.token_bytes(32)
        path = secret_file(self._data)
        try:
            return keep_secret(path)
        except OSError as error:
            self._warn(path, error)
            return secrets.token_bytes(32)

    def _warn(self, path: Path, error: OSError) -> None:
        problem = f"the secret can be neither read nor written ({error.strerror}): a restart splits conversations"
        self._log.warning("ledger", file=str(path), problem=problem)

    def _tell(self, trouble: Trouble | None, detail: str) -> None:
        if trouble is None:
            self._log.event("ledger", recovered=True)
        else:
            self._log.warning("ledger", problem=trouble.value, detail=detail or None)
