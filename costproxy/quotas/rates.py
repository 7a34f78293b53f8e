"""Limits and refusals of all traffic: the one object that is told of every exchange."""

from collections.abc import Mapping
from threading import Lock

from costproxy.model import Resource
from costproxy.model.rates import RateStanding
from costproxy.quotas.attempt import Attempt
from costproxy.quotas.book import QuotaBook, Reading
from costproxy.quotas.retries import Retries
from costproxy.quotas.storms import Place


class Rates:
    """Keeps the quotas, and judges what clients make of being refused.

    All times given to one object are seconds of one clock. Several threads may use it at once: exchanges are settled
    on the event loop or in the recorder's thread, and scrapes come in others.
    """

    def __init__(self, book: QuotaBook | None = None, retries: Retries | None = None) -> None:
        self._book = book if book is not None else QuotaBook()
        self._retries = retries if retries is not None else Retries()
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"<Rates {self._book!r} {self._retries!r}>"

    def settle(self, attempt: Attempt, used: Mapping[Resource, int]) -> RateStanding:
        """Take an exchange that is over; return what it tells of its client.

        `used`: see `used_of`; nothing if it never reached the upstream.
        """
        at = attempt.ended if attempt.replied is None else attempt.replied
        with self._lock:
            self._book.record(attempt.scope, attempt.word, used, at)
            return self._retries.seen(attempt)

    def readings(self, now: float) -> list[Reading]:
        """Return the quotas as of now, those that still say something."""
        with self._lock:
            return self._book.current(now)

    def storming(self) -> list[Place]:
        """Return who storms which upstream: (owner, upstream)."""
        with self._lock:
            return self._retries.storming()

    def calmed(self, now: float) -> list[Place]:
        """Return whose storm has passed in silence since the last call; no exchange will tell it."""
        with self._lock:
            return self._retries.calmed(now)
