"""Why a provider said no, from our own finite list of kinds.

Source of the texts: recorded error bodies of 20 providers, and for SGLang, Text Generation Inference and LM Studio
bodies quoted in public reports (read 2026-11); help pages are not quoted where no body was seen.
"""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from costproxy.errors import WireError
from costproxy.model import ReplyError
from costproxy.wire import error_words as words
from costproxy.wire import jsontext, overflow
from costproxy.wire.numbers import token_count

CONTEXT = "context_exceeded"
QUOTA = "quota"
RATE_REQUESTS = "rate_requests"
RATE_TOKENS = "rate_tokens"
RATE_CONCURRENCY = "rate_concurrency"
RATE_UPSTREAM = "rate_upstream"  # a router's own upstream
RATE_OTHER = "rate_other"
OVERSIZED = "oversized"  # larger than a rate allows at all: waiting does not help
OVERLOADED = "overloaded"
AUTHENTICATION = "authentication"
NOT_FOUND = "not_found"
CONTENT_FILTER = "content_filter"
BAD_REQUEST = "bad_request"
TIMEOUT = "timeout"
SERVER = "server"
OTHER = "other"

# `reason` of rate limits, by kind.
LIMIT_REASONS = {
    RATE_REQUESTS: "requests",
    RATE_TOKENS: "tokens",
    RATE_CONCURRENCY: "concurrency",
    QUOTA: "quota",
    RATE_UPSTREAM: "upstream",
    OVERLOADED: "overloaded",
    RATE_OTHER: "unknown",
    OVERSIZED: "oversized",
}
LONGEST_READ = 64 * 1024  # bytes of a body: errors are short, and what pretends to be one need not be kept

_CODES = {
    "context_length_exceeded": CONTEXT,
    "exceed_context_size_error": CONTEXT,
    "too_many_prompt_tokens": CONTEXT,
    "too_many_tokens": CONTEXT,
    "model_max_prompt_tokens_exceeded": CONTEXT,  # GitHub Copilot
    "tokens_limit_reached": CONTEXT,  # GitHub Models
    "context_window_exceeded": CONTEXT,
    "3051": CONTEXT,  # Mistral
    "1261": CONTEXT,  # Zhipu
    "insufficient_quota": QUOTA,
    "credit_balance_exhausted": QUOTA,
    "billing_error": QUOTA,
    "organization_spend_limit_exceeded": QUOTA,
    "project_spend_limit_exceeded": QUOTA,
    "organization_usage_limit_exceeded": QUOTA,
    "enforced_spend_limit_reached": QUOTA,
    "exceeded_current_quota_error": QUOTA,  # Moonshot
    "arrearage": QUOTA,  # Alibaba
    "1113": QUOTA,  # Zhipu
    "1302": RATE_CONCURRENCY,  # Zhipu
    "1303": RATE_REQUESTS,  # Zhipu
    "dynamic_request_limited": RATE_REQUESTS,  # Together
    "dynamic_token_limited": RATE_TOKENS,  # Together
    "overloaded_error": OVERLOADED,
    "engine_overloaded_error": OVERLOADED,  # Moonshot
    "capacity_exceeded": OVERLOADED,
    "invalid_api_key": AUTHENTICATION,
    "authentication_error": AUTHENTICATION,
    "model_not_found": NOT_FOUND,
    "deploymentnotfound": NOT_FOUND,
    "invalid_model": NOT_FOUND,  # Mistral and Perplexity, as a 400
    "unknown_model": NOT_FOUND,  # GitHub Models
    "model_not_available": NOT_FOUND,  # Together
    "model_decommissioned": NOT_FOUND,  # Groq
    "content_filter": CONTENT_FILTER,
    "responsibleaipolicyviolation": CONTENT_FILTER,
    "content_policy_violation": CONTENT_FILTER,
    "data_inspection_failed": CONTENT_FILTER,  # Alibaba
}
# Inside a 200 these stand for the status 429.
_RATE_CODES = frozenset({"rate_limit_exceeded", "rate_limit_error", "rate_limited", "too_many_requests", "slow_down"})
# Statuses under which a prompt that is too long is reported; None is that of an error inside a 200.
_CONTEXT_STATUSES = frozenset({None, 400, 413, 422})
# Inside a 200 these types stand for a status, where no number does.
_STATUS_OF_TYPE = {
    "invalid_request_error": 400,
    "invalid_prompt": 400,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "api_error": 500,
    "server_error": 500,
    "timeout_error": 504,
}
# Kinds that also come under statuses which mean something else; None is that of an error inside a 200.
_WORDINGS = (
    (words.BAD_KEY, frozenset({None, 400}), AUTHENTICATION),
    (words.NO_MONEY, frozenset({None, 400, 403, 429}), QUOTA),
    (words.FILTERED, frozenset({None, 400, 403}), CONTENT_FILTER),
    (words.RATE_AS_400, frozenset({None, 400}), RATE_TOKENS),
    (words.NO_MODEL, frozenset({None, 400}), NOT_FOUND),
)
_RATE_WORDINGS = (
    (words.OF_AN_UPSTREAM, RATE_UPSTREAM),
    (words.OF_CONCURRENCY, RATE_CONCURRENCY),
    (words.OF_TOKENS, RATE_TOKENS),
    (words.OF_REQUESTS, RATE_REQUESTS),
    (words.OVERLOAD, OVERLOADED),
)
_BY_STATUS = {
    401: AUTHENTICATION,
    402: QUOTA,
    403: AUTHENTICATION,
    404: NOT_FOUND,
    408: TIMEOUT,
    429: RATE_OTHER,
    498: OVERLOADED,
    503: OVERLOADED,
    504: TIMEOUT,
    522: TIMEOUT,  # Cloudflare's two
    524: TIMEOUT,
    529: OVERLOADED,
}


def read(body: bytes, status: int) -> ReplyError:
    """Return what an error body says; plain text and HTML are told by status and wording."""
    try:
        value = jsontext.decode(body[:LONGEST_READ].lstrip())
    except WireError:
        value = body[:LONGEST_READ].decode("utf-8", "replace")
    if isinstance(value, list) and value:  # Gemini wraps its error in a list
        value = value[0]
    if isinstance(value, dict):
        return _read(value, status, in_stream=False)
    text = value if isinstance(value, str) else _name(value)
    return _error(_by_text(text, text, status), text, {}, in_stream=False)


def read_object(value: Mapping[str, Any], status: int | None = None) -> ReplyError:
    """Return what a decoded error inside a 200 says.

    Without a status, a number inside the error is taken for one, as routers mean it.
    """
    return _read(value, status, in_stream=True)


def classify(body: bytes, status: int) -> str:
    """Return the kind of an error body."""
    return read(body, status).kind


def classify_object(value: Mapping[str, Any], status: int | None = None) -> str:
    """Return the kind of a decoded error, by its code, then its type, then its wording, then the status."""
    return read_object(value, status).kind


def _read(value: Mapping[str, Any], status: int | None, *, in_stream: bool) -> ReplyError:
    error = value.get("error")
    fields = error if isinstance(error, dict) else value
    message = error if isinstance(error, str) else fields.get("message")
    message = message if isinstance(message, str) else ""
    whole = "\n".join((message, *_further_texts(value), *_further_texts(fields)))
    return _error(_kind(fields, message, whole, status), whole, fields, in_stream=in_stream)


def _kind(fields: Mapping[str, Any], message: str, whole: str, status: int | None) -> str:
    inner = fields.get("innererror")
    codes = [fields.get("code"), inner.get("code") if isinstance(inner, dict) else None]
    names = [_name(code) for code in (*codes, fields.get("type"), fields.get("error_type"))]
    if kind := next((_CODES[name] for name in names if name in _CODES), None):
        return kind
    if status is None:
        status = _status_inside(codes, names, fields)
    elif status == 413 and not _RATE_CODES.isdisjoint(names):
        status = 429  # Groq: larger than the rate allows at once
    if status == 429 and fields.get("type") in ("tokens", "requests") and not words.never_fits(whole):
        return RATE_TOKENS if fields["type"] == "tokens" else RATE_REQUESTS
    return _by_text(message, whole, status)


def _error(kind: str, text: str, fields: Mapping[str, Any], *, in_stream: bool) -> ReplyError:
    if kind != CONTEXT:
        return ReplyError(kind=kind, in_stream=in_stream)
    limit, requested = overflow.numbers(text)
    return ReplyError(
        kind=kind,
        in_stream=in_stream,
        limit=limit or token_count(fields.get("n_ctx")) or None,  # llama.cpp says it beside the message
        requested=requested or token_count(fields.get("n_prompt_tokens")) or None,
    )


def _further_texts(fields: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is said elsewhere than in the message: by an upstream's upstream, or by a validator."""
    metadata = fields.get("metadata")
    for text in (fields.get("detail"), metadata.get("raw") if isinstance(metadata, dict) else None):
        if isinstance(text, str):
            yield text
        for part in text if isinstance(text, list) else ():
            if isinstance(part, dict) and isinstance(part.get("msg"), str):
                yield part["msg"]


def _name(code: Any) -> str:
    return str(code).lower() if isinstance(code, str | int) else ""


def _status_inside(codes: list[Any], names: list[str], fields: Mapping[str, Any]) -> int | None:
    if not _RATE_CODES.isdisjoint(names):
        return 429
    numbers = (code for code in (*codes, fields.get("status_code")) if isinstance(code, int))
    by_type = (_STATUS_OF_TYPE[name] for name in names if name in _STATUS_OF_TYPE)
    return next(chain(numbers, by_type), None)


def _by_text(text: str, whole: str, status: int | None) -> str:
    text, whole = text[: words.MOST_SEARCHED], whole[: words.MOST_SEARCHED]
    if status in _CONTEXT_STATUSES and overflow.says_so(whole):
        return CONTEXT
    if kind := next((kind for said, under, kind in _WORDINGS if status in under and said.search(whole)), None):
        return kind
    if status == 429:
        return OVERSIZED if words.never_fits(whole) else _which_rate(text or whole)
    if status is None:
        return OVERLOADED if "overloaded" in text.lower() else SERVER
    return _BY_STATUS.get(status) or (SERVER if status >= 500 else BAD_REQUEST if status >= 400 else OTHER)


def _which_rate(text: str) -> str:
    return next((kind for said, kind in _RATE_WORDINGS if said.search(text)), RATE_OTHER)
