"""Why an exchange did not succeed, by what the upstream said and by how the passing of bytes ended."""

from costproxy.model import Exchange, Failure, Outcome
from costproxy.wire import failures

_BY_OUTCOME = {
    Outcome.CLIENT_ABORT: Failure.CLIENT_GONE,
    Outcome.CLIENT_ERROR: Failure.BAD_REQUEST,
    Outcome.RATE_LIMITED: Failure.RATE_OTHER,
    Outcome.CONTEXT_EXCEEDED: Failure.CONTEXT_EXCEEDED,
    Outcome.UPSTREAM_ERROR: Failure.CONNECTION,
    Outcome.UPSTREAM_TIMEOUT: Failure.TIMEOUT,
    Outcome.UPSTREAM_TRUNCATED: Failure.CONNECTION,
    Outcome.PROXY_ERROR: Failure.PROXY,
}
# Whoever said no in these is not the upstream, or what it had said before does not matter.
_OURS = frozenset({Outcome.CLIENT_ABORT, Outcome.PROXY_ERROR})


def failure_of(exchange: Exchange, outcome: Outcome) -> Failure | None:
    """Return why an exchange with that outcome did not succeed; None if it did."""
    if outcome is Outcome.SUCCESS:
        return None
    if outcome in _OURS or exchange.refusal is not None:
        return _BY_OUTCOME[outcome]
    error = exchange.reply.error if exchange.reply else None
    return failures.failure(error, status=exchange.status, word=exchange.rate) or _BY_OUTCOME[outcome]
