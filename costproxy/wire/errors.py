"""Why a provider said no, from our own finite list of kinds.

Source of the texts: recorded error bodies of 20 providers, and for SGLang, Text Generation Inference and LM Studio
bodies quoted in public reports (read 2026-11); help pages are not quoted where no body was seen.
"""

import re
from collections.abc import Mapping
from typing import Any

from costproxy.errors import WireError
from costproxy.wire import jsontext

CONTEXT = "context_exceeded"
QUOTA = "quota"
RATE_REQUESTS = "rate_requests"
RATE_TOKENS = "rate_tokens"
RATE_CONCURRENCY = "rate_concurrency"
RATE_UPSTREAM = "rate_upstream"  # a router's own upstream
RATE_OTHER = "rate_other"
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
}
LONGEST_READ = 64 * 1024  # bytes of a body: errors are short, and what pretends to be one need not be kept

_CODES = {
    "context_length_exceeded": CONTEXT,
    "exceed_context_size_error": CONTEXT,
    "too_many_prompt_tokens": CONTEXT,
    "too_many_tokens": CONTEXT,
    "3051": CONTEXT,
    "insufficient_quota": QUOTA,
    "credit_balance_exhausted": QUOTA,
    "billing_error": QUOTA,
    "organization_spend_limit_exceeded": QUOTA,
    "project_spend_limit_exceeded": QUOTA,
    "organization_usage_limit_exceeded": QUOTA,
    "enforced_spend_limit_reached": QUOTA,
    "overloaded_error": OVERLOADED,
    "capacity_exceeded": OVERLOADED,
    "invalid_api_key": AUTHENTICATION,
    "authentication_error": AUTHENTICATION,
    "model_not_found": NOT_FOUND,
    "deploymentnotfound": NOT_FOUND,
    "content_filter": CONTENT_FILTER,
    "responsibleaipolicyviolation": CONTENT_FILTER,
}
# Inside a 200 these stand for the status 429.
_RATE_CODES = frozenset({"rate_limit_exceeded", "rate_limit_error", "rate_limited", "too_many_requests", "slow_down"})
_CONTEXT_TEXT = re.compile(
    r"maximum (?:context|prompt) length"
    r"|exceeds the (?:available )?context (?:window|size|length)"
    r"|prompt is too long"
    r"|prompt too long; exceeded"
    r"|too large for model with \d+ maximum context"
    r"|reduce the length of the messages"
    r"|total length of all messages is too long"
    r"|user input tokens exceeds"
    r"|input token count \(?\d+\)? exceeds the maximum"
    r"|too many tokens: size limit exceeded"
    r"|number of input tokens exceeds maximum length"
    r"|longer than the model's context length"
    r"|`inputs` (?:must have less than|tokens \+ `max_new_tokens` must be)"
    r"|loaded with context length of only",
    re.IGNORECASE,
)
# Some answer 400 to a bad key.
_KEY_TEXT = re.compile(r"incorrect api key|api key not valid", re.IGNORECASE)
_RATE_WORDS = (
    (re.compile(r"provider returned error|rate-limited upstream", re.IGNORECASE), RATE_UPSTREAM),
    (re.compile(r"concurren", re.IGNORECASE), RATE_CONCURRENCY),
    (re.compile(r"tokens? (?:per|rate)|\(TPM\)|\(TPD\)|input tokens|token_count", re.IGNORECASE), RATE_TOKENS),
    (re.compile(r"requests? (?:per|rate)|\(RPM\)|\(RPD\)|too many requests|_requests\b", re.IGNORECASE), RATE_REQUESTS),
    (re.compile(r"overloaded|capacity", re.IGNORECASE), OVERLOADED),
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
    529: OVERLOADED,
}


def classify(body: bytes, status: int) -> str:
    """Return the kind of an error body; plain text and HTML are told by status and wording."""
    try:
        value = jsontext.decode(body[:LONGEST_READ].lstrip())
    except WireError:
        return _by_text(body[:LONGEST_READ].decode("utf-8", "replace"), status)
    if isinstance(value, list) and value:  # Gemini wraps its error in a list
        value = value[0]
    return classify_object(value, status) if isinstance(value, dict) else _by_text(_name(value), status)


def classify_object(value: Mapping[str, Any], status: int | None = None) -> str:
    """Return the kind of a decoded error, by its code, then its type, then its wording, then the status.

    Without a status, a number inside the error is taken for one, as routers mean it.
    """
    error = value.get("error")
    fields = error if isinstance(error, dict) else value
    inner = fields.get("innererror")
    codes = [fields.get("code"), inner.get("code") if isinstance(inner, dict) else None]
    names = [_name(code) for code in (*codes, fields.get("type"), fields.get("error_type"))]
    if kind := next((_CODES[name] for name in names if name in _CODES), None):
        return kind
    if status is None:
        status = _status_inside(codes, names, fields)
    message = error if isinstance(error, str) else fields.get("message")
    if status == 429 and fields.get("type") in ("tokens", "requests"):
        return RATE_TOKENS if fields["type"] == "tokens" else RATE_REQUESTS
    return _by_text(message if isinstance(message, str) else "", status)


def _name(code: Any) -> str:
    return str(code).lower() if isinstance(code, str | int) else ""


def _status_inside(codes: list[Any], names: list[str], fields: Mapping[str, Any]) -> int | None:
    if not _RATE_CODES.isdisjoint(names):
        return 429
    return next((code for code in (*codes, fields.get("status_code")) if isinstance(code, int)), None)


def _by_text(text: str, status: int | None) -> str:
    if status in (None, 400, 413, 422) and _CONTEXT_TEXT.search(text):
        return CONTEXT
    if status == 429:
        return next((kind for words, kind in _RATE_WORDS if words.search(text)), RATE_OTHER)
    if status in (None, 400) and _KEY_TEXT.search(text):
        return AUTHENTICATION
    if status is None:
        return OVERLOADED if "overloaded" in text.lower() else SERVER
    return _BY_STATUS.get(status) or (SERVER if status >= 500 else BAD_REQUEST if status >= 400 else OTHER)
