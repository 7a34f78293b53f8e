"""What turns tell of rejections and retries, as series."""

from collections.abc import Mapping

from costproxy.model import Failure, Outcome, RateStanding, StormEvent, Turn
from costproxy.recording import series_rates as series
from costproxy.recording.metrics_family import Family

FIRST, RETRY = "first", "retry"
_MOST_NAMED = 5  # attempts until a success that have a label's value of their own
MORE = "more"
# Why an upstream turns a request down that it could have taken at another time, or from another account.
_LIMITS = (
    Failure.RATE_REQUESTS,
    Failure.RATE_TOKENS,
    Failure.RATE_CONCURRENCY,
    Failure.RATE_UPSTREAM,
    Failure.RATE_OTHER,
    Failure.OVERSIZED,
    Failure.OVERLOADED,
    Failure.AUTHENTICATION,
)


class RateMetrics:
    """The series of rejections and retries."""

    def __init__(self, families: Mapping[str, Family]) -> None:
        self._failures = families[series.FAILURES.name]
        self._attempts = families[series.ATTEMPTS.name]
        self._violations = families[series.VIOLATIONS.name]
        self._retry_success = families[series.RETRY_SUCCESS.name]
        self._in_vain = families[series.IN_VAIN.name]
        self._rejected_tokens = families[series.REJECTED_TOKENS.name]
        self._waits = families[series.RETRY_AFTER.name]
        self._storms = families[series.STORMS_BEGUN.name]

    def start_upstream(self, upstream: str, api: str, model: str, app: str) -> None:
        """Make every reason there is, for the label set of what nobody has named yet."""
        for kind in Failure:
            self._failures.at(upstream, api, model, app, kind)

    def start(self, upstream: str, api: str, model: str, app: str) -> None:
        """Make what alerts wait for, of a new label set."""
        self._failures.at(upstream, api, model, app, Failure.QUOTA)
        self._attempts.at(upstream, model, app, FIRST)
        self._attempts.at(upstream, model, app, RETRY)
        self._violations.at(upstream, model, app)
        self._storms.at(upstream, app)

    def record(self, turn: Turn, model: str, app: str) -> None:
        """Add what became of a turn's request, and what its client made of being refused."""
        exchange = turn.exchange
        upstream = exchange.upstream
        if turn.failure is not None:
            self._failures.at(upstream, exchange.api, model, app, turn.failure).inc()
        elif turn.outcome is Outcome.SUCCESS:
            self._start_rare(upstream, exchange.api, model, app)
        if exchange.rate.retry_after is not None:
            self._waits.at(upstream, model).observe(exchange.rate.retry_after, {"exchange": exchange.id})
        if turn.retries is not None:
            self._record_attempt(turn.retries, upstream, model, app)

    def _start_rare(self, upstream: str, api: str, model: str, app: str) -> None:
        """Make the other limits, once a label set is known to be real: strangers can make up many."""
        if (upstream, api, model, app, _LIMITS[0]) in self._failures:
            return
        for kind in _LIMITS:
            self._failures.at(upstream, api, model, app, kind)
        self._in_vain.at(upstream, model, app)
        self._rejected_tokens.at(upstream, model, app)

    def _record_attempt(self, retries: RateStanding, upstream: str, model: str, app: str) -> None:
        if retries.attempt == 1:
            self._attempts.at(upstream, model, app, FIRST).inc()
        else:
            self._attempts.at(upstream, model, app, RETRY).inc()
            if retries.succeeded_after is not None:
                self._retry_success.at(upstream, model, app, _attempts_text(retries.succeeded_after)).inc()
        if retries.violation:
            self._violations.at(upstream, model, app).inc()
        if retries.retry_in_vain:
            self._in_vain.at(upstream, model, app).inc()
        if retries.in_vain_tokens:
            self._rejected_tokens.at(upstream, model, app).inc(retries.in_vain_tokens)
        if retries.storm is StormEvent.BEGAN:
            self._storms.at(upstream, app).inc()


def _attempts_text(attempts: int) -> str:
    return str(attempts) if attempts <= _MOST_NAMED else MORE
