"""Turns that were refused or tried again, for tests of what is made of them."""

from dataclasses import replace
from typing import Any

from costproxy.model import ChatRequest, Failure, RateStanding, RateWord, ReplyError, Turn
from costproxy.model.chat import ChatReply
from tests.support.turns import turn

CALLER = bytes.fromhex("00c0ffee11223344")


def refused(kind: Failure = Failure.RATE_REQUESTS, *, wait: float | None = None, **facts: Any) -> Turn:
    """Return a turn of model `m` that the upstream turned down; `attempt`, `violation` … are those of its standing."""
    standing = {name: facts.pop(name) for name in RateStanding.__dataclass_fields__ if name in facts}
    made = turn(
        **{
            "status": 429,
            "app": "shop",
            "request": ChatRequest(model="m"),
            "reply": ChatReply(error=ReplyError(kind=kind.value)),
            "rate": RateWord(retry_after=wait),
            **facts,
        }
    )
    return replace(made, retries=RateStanding(**standing))


def answered(**facts: Any) -> Turn:
    """Return a turn of model `m` that was answered; `attempt`, `violation` … are those of its standing."""
    standing = {name: facts.pop(name) for name in RateStanding.__dataclass_fields__ if name in facts}
    made = turn(**{"app": "shop", "reply": ChatReply(model="m", complete=True), **facts})
    return replace(made, retries=RateStanding(**{"succeeded_after": standing.get("attempt", 1), **standing}))
