"""How an exchange ended, as an operator counts it."""

from collections.abc import Collection

from costproxy.model import ChatReply, Ending, Exchange, Failure, Outcome
from costproxy.wire import errors

_BY_ENDING = {
    Ending.CLIENT_LEFT: Outcome.CLIENT_ABORT,
    Ending.UPSTREAM_UNREACHABLE: Outcome.UPSTREAM_ERROR,
    Ending.UPSTREAM_LOST: Outcome.UPSTREAM_TRUNCATED,
    Ending.UPSTREAM_TIMEOUT: Outcome.UPSTREAM_TIMEOUT,
    Ending.REFUSED: Outcome.CLIENT_ERROR,
    Ending.SHUTDOWN: Outcome.PROXY_ERROR,
    Ending.PROXY_FAULT: Outcome.PROXY_ERROR,
}
_MISSING_BY_ENDING = {
    Ending.CLIENT_LEFT: "client_abort",
    Ending.UPSTREAM_LOST: "truncated",
    Ending.UPSTREAM_TIMEOUT: "truncated",
}
# An overload inside a 200 stream, as one with a 5xx, is the upstream's failure, not a limit of the application.
_LIMITS_IN_STREAMS = frozenset(errors.LIMIT_REASONS) - {errors.OVERLOADED}


def outcome(exchange: Exchange) -> Outcome:
    """Return the one outcome that an exchange is counted under.

    Once the last fact of a reply is in, the exchange is a success however the connection went on: the
    official SDK hangs up at the end marker.
    """
    reply, status = exchange.reply, exchange.status
    if reply is not None and reply.error is not None:
        return _of_error(reply.error.kind, status)
    if exchange.ending is not Ending.COMPLETE and not (reply and reply.complete):
        return _BY_ENDING[exchange.ending]
    if status is not None and status >= 400:
        return _of_error(errors.classify(b"", status), status)
    if reply is not None and reply.streamed and not (reply.complete or reply.finish_reasons):
        return Outcome.UPSTREAM_TRUNCATED
    return Outcome.SUCCESS


def _of_error(kind: str, status: int | None) -> Outcome:
    if kind == errors.CONTEXT:
        return Outcome.CONTEXT_EXCEEDED
    if status == 429 or (kind in _limits_with(status) and (status or 200) < 500):
        return Outcome.RATE_LIMITED
    if status in (408, 504):
        return Outcome.UPSTREAM_TIMEOUT
    if status is None or status < 300 or status >= 500:
        return Outcome.UPSTREAM_ERROR
    return Outcome.CLIENT_ERROR


def _limits_with(status: int | None) -> Collection[str]:
    return errors.LIMIT_REASONS if status is not None and status >= 400 else _LIMITS_IN_STREAMS


def limit_reason(outcome: Outcome, failure: Failure | None) -> str | None:
    """Return which limit a rejection was for: requests, tokens, concurrency, quota, oversized, overloaded or unknown.

    Not every one is a 429: money that ran out is 402 with some providers, a full tier 498 with Groq.
    """
    if outcome is not Outcome.RATE_LIMITED:
        return None
    return errors.LIMIT_REASONS.get(failure or "", "unknown")


def usage_missing(exchange: Exchange) -> str | None:
    """Return why a chat reply that the provider began with success carries no usage, None if it does."""
    reply = exchange.reply
    if reply is None or reply.usage is not None or exchange.status is None or exchange.status >= 300:
        return None
    if exchange.unmetered is not None and exchange.unmetered.startswith("reply"):
        return "encoding" if exchange.unmetered == "reply_encoding" else "too_large"
    if reply.error is not None:
        return "error"
    if reply.deferred:
        return "deferred"
    if reply.complete:
        return "not_sent"
    return _MISSING_BY_ENDING.get(exchange.ending, _without_end(reply))


def _without_end(reply: ChatReply) -> str:
    return "truncated" if reply.streamed and not reply.finish_reasons else "not_sent"
