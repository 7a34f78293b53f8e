"""What clients make of being refused."""

from collections.abc import Sequence
from dataclasses import replace

from costproxy.model import Failure
from costproxy.model.rates import RateStanding
from costproxy.quotas.attempt import HOPELESS, REFUSALS, Attempt
from costproxy.quotas.deadlines import Deadlines
from costproxy.quotas.repeats import Failed, Repeats, Request
from costproxy.quotas.storms import Place, Storms

EARLY = 0.1  # seconds before the time that was named from which nobody is blamed
_CONCERNING_ALL = REFUSALS - {Failure.OVERSIZED}  # the others need not wait for what one request is too large for

_AT_ONCE = RateStanding(succeeded_after=1)


class Retries:
    """Judges attempts once they are over; bounded memory.

    What a refusal named to the request itself goes before what refusals named to others of its owner, upstream and
    model: a client that keeps to its own `Retry-After` is never blamed.
    """

    def __init__(self, *, requests: int = 10_000, idle: float = 7200.0, scopes: int = 2000) -> None:
        self._repeats = Repeats(most=requests, idle=idle)
        self._deadlines = Deadlines(scopes=scopes)
        self._storms = Storms(places=scopes)

    def __repr__(self) -> str:
        return f"<Retries {self._repeats!r} {self._deadlines!r} {self._storms!r}>"

    def seen(self, attempt: Attempt) -> RateStanding:
        """Take an attempt that is over; return what it tells of its client."""
        if attempt.is_plain and not self._deadlines.cover(attempt.scope, attempt.began):
            number = self._repeats.add_answered(attempt)
            if number is not None:
                return self._seen_plain(attempt, number)
        return self._seen(attempt)

    def _seen_plain(self, attempt: Attempt, number: int) -> RateStanding:
        """Take the only attempt of a new request, which succeeded in time; the short way for most of them."""
        storm = self._storms.enter((attempt.owner, attempt.upstream), number, attempt.ended, refused=False)
        return _AT_ONCE if storm is None else replace(_AT_ONCE, storm=storm)

    def _seen(self, attempt: Attempt) -> RateStanding:
        request = self._repeats.of(attempt)
        before = request.failed_before(attempt.began)
        number = request.enter(attempt)
        violation = self._is_early(attempt, before)
        if attempt.failure is not None:
            self._fail(attempt, attempt.failure, request)
        unknown = attempt.is_nameless and number > 1
        return RateStanding(
            attempt=number,
            retried_after=before[-1].failure if before else None,
            violation=violation,
            in_vain_tokens=attempt.tokens if attempt.is_refused else 0,
            retry_in_vain=attempt.failure is not None and _was_hopeless(attempt, before),
            succeeded_after=number if attempt.failure is None and request.answer(attempt.ended) else None,
            storm=self._storms.enter(
                (attempt.owner, attempt.upstream),
                None if unknown else request.number,
                attempt.ended,
                refused=attempt.is_refused,
            ),
        )

    def storming(self) -> list[Place]:
        """Return who storms which upstream: (owner, upstream)."""
        return self._storms.raging()

    def calmed(self, now: float) -> list[Place]:
        """Return whose storm has passed in silence since the last call; nobody was told yet."""
        return self._storms.calmed(now)

    def _is_early(self, attempt: Attempt, before: Sequence[Failed]) -> bool:
        own = next(
            (each.until for each in reversed(before) if each.scope == attempt.scope and each.until is not None), None
        )
        if own is not None:
            return attempt.began < own
        return self._deadlines.cover(attempt.scope, attempt.began)

    def _fail(self, attempt: Attempt, failure: Failure, request: Request) -> None:
        wait = attempt.word.retry_after
        told = attempt.ended if attempt.replied is None else attempt.replied  # the client may know from then on
        until = None if wait is None else told + wait - EARLY
        request.fail(Failed(attempt.ended, failure, attempt.scope, until))
        if until is not None and failure in _CONCERNING_ALL:
            self._deadlines.add(attempt.scope, attempt.ended, until)


def _was_hopeless(attempt: Attempt, before: Sequence[Failed]) -> bool:
    return any(each.failure in HOPELESS and each.scope == attempt.scope for each in before)
