"""Why an exchange did not succeed, as the wire tells it: body and status first, headers where those leave it open."""

from costproxy.model import NO_WORD, Failure, RateWord, ReplyError, Resource
from costproxy.wire import errors

_BY_KIND = {failure.value: failure for failure in Failure}
_RATES = {
    Resource.REQUESTS: Failure.RATE_REQUESTS,
    Resource.TOKENS: Failure.RATE_TOKENS,
    Resource.INPUT_TOKENS: Failure.RATE_TOKENS,
    Resource.OUTPUT_TOKENS: Failure.RATE_TOKENS,
}


def failure(error: ReplyError | None, *, status: int | None, word: RateWord = NO_WORD) -> Failure | None:
    """Return why the upstream said no; None if it did not.

    `error` is what the reply's body said, None if it was not read or said nothing; `status` None means that no
    reply came. How the passing of bytes ended is not the wire's to judge.
    """
    if error is None and (status is None or status < 400):
        return None
    kind = error.kind if error is not None else errors.classify(b"", status or 0)
    said = _BY_KIND.get(kind, Failure.OTHER)
    if said is Failure.RATE_OTHER:
        return _exhausted(word) or said
    return Failure.OVERSIZED if _never_fits(said, status, word) else said


def _never_fits(said: Failure, status: int | None, word: RateWord) -> bool:
    """Tell a request that is larger than a limit allows at all, where the body does not compare the two.

    Anthropic advises against another try, and names no time for it, if the one request is over the limit of tokens.
    """
    if said is Failure.RATE_TOKENS:
        return word.should_retry is False and word.retry_after is None
    return said is Failure.BAD_REQUEST and status == 413  # bytes, of the body or of a gateway's buffer


def _exhausted(word: RateWord) -> Failure | None:
    """Return the one limit of which nothing is left; None if that is none, or several."""
    empty = {_RATES.get(quota.resource, Failure.RATE_OTHER) for quota in word.quotas if quota.remaining == 0}
    return empty.pop() if len(empty) == 1 else None
