"""Attempts for the tests of retries."""

from types import MappingProxyType
from typing import Any

from costproxy.model import Failure, IdentitySource, Part, Placement, RateWord, Verdict, Weights
from costproxy.quotas.attempt import Attempt


def placed(verdict: Verdict = Verdict.NEW, *, conversation: str = "c1", step: int = 1, whole: int = 0) -> Placement:
    return Placement(
        conversation=conversation,
        verdict=verdict,
        source=IdentitySource.MESSAGES,
        turn=step,
        step=step,
        messages=1,
        known_messages=0,
        extends=False,
        weights=Weights(common=0, by_part=MappingProxyType({Part.USER: whole} if whole else {})),
    )


def attempt(began: float = 0.0, ended: float | None = None, failure: Failure | None = None, **changes: Any) -> Attempt:
    """Return an attempt of 10 ms; `wait` is its `retry-after`, `verdict` and `conversation` make its placement."""
    wait, verdict = changes.pop("wait", None), changes.pop("verdict", None)
    where = {key: changes.pop(key) for key in ("conversation", "step", "whole") if key in changes}
    facts: dict[str, Any] = {
        "owner": "crm",
        "upstream": "openai",
        "model": "gpt-4o",
        "began": began,
        "ended": began + 0.01 if ended is None else ended,
        "failure": failure,
        "word": RateWord(retry_after=wait),
        "placement": placed(verdict, **where) if verdict is not None else None,
    }
    return Attempt(**facts | changes)


def refused(began: float, wait: float | None = None, **changes: Any) -> Attempt:
    """Return one that a limit on requests turned down at the very moment it began."""
    facts: dict[str, Any] = {"ended": began, "failure": Failure.RATE_REQUESTS, "wait": wait}
    return attempt(began, **facts | changes)
