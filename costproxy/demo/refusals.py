"""The demo provider's errors, in OpenAI's shape and wording."""

import math
from collections.abc import Sequence

from costproxy.demo.accounts import Account, go_duration
from costproxy.demo.offer import DemoModel
from costproxy.demo.plan import Plan
from costproxy.demo.replies import Header, json_reply


def refusal(
    status: int,
    message: str,
    *,
    kind: str = "invalid_request_error",
    code: str | None = None,
    param: str | None = None,
    headers: Sequence[Header] = (),
) -> Plan:
    """Return an error reply."""
    error = {"message": message, "type": kind, "param": param, "code": code}
    return json_reply({"error": error}, status, headers=headers)


def unreadable(headers: Sequence[Header]) -> Plan:
    """Refuse a body that is not a chat request."""
    message = "We could not parse the JSON body of your request, or it lacks a list of messages."
    return refusal(400, message, headers=headers)


def no_such_path(method: str, path: str, headers: Sequence[Header]) -> Plan:
    """Refuse a path that this provider does not have."""
    return refusal(404, f"Invalid URL ({method} {path})", headers=headers)


def no_such_model(name: str, headers: Sequence[Header]) -> Plan:
    """Refuse a model that this provider does not have."""
    message = f"The model `{name}` does not exist or you do not have access to it."
    return refusal(404, message, code="model_not_found", headers=headers)


def too_long(model: DemoModel, prompt: int, reserved: int, headers: Sequence[Header]) -> Plan:
    """Refuse a prompt that does not fit, alone (`reserved` 0) or with the reply it asks room for."""
    found = f"your messages resulted in {prompt} tokens. Please reduce the length of the messages."
    if reserved:
        found = (
            f"you requested {prompt + reserved} tokens ({prompt} in the messages, {reserved} in the "
            "completion). Please reduce the length of the messages or completion."
        )
    message = f"This model's maximum context length is {model.window} tokens. However, {found}"
    return refusal(400, message, code="context_length_exceeded", param="messages", headers=headers)


def out_of_money(headers: Sequence[Header]) -> Plan:
    """Refuse for want of money: the 429 that waiting does not cure."""
    message = "You exceeded your current quota, please check your plan and billing details."
    return refusal(429, message, kind="insufficient_quota", code="insufficient_quota", headers=headers)


def too_fast(
    model: DemoModel, account: Account, quota: str, wait: float, headers: Sequence[Header], *, announced: bool
) -> Plan:
    """Refuse for being too fast; `wait` is in seconds, `announced` says whether Retry-After tells it."""
    unit, limit = {
        "requests": ("requests per min (RPM)", account.requests_per_minute),
        "tokens": ("tokens per min (TPM)", account.tokens_per_minute),
    }[quota]
    message = (
        f"Rate limit reached for {model.name} in organization org-demo on {unit}: Limit {limit}, "
        f"Used {limit}, Requested 1. Please try again in {go_duration(wait)}."
    )
    told = [("retry-after-ms", f"{wait * 1000:.0f}"), ("retry-after", str(math.ceil(wait)))] if announced else []
    return refusal(429, message, kind=quota, code="rate_limit_exceeded", headers=[*headers, *told])
