"""Turns, ledgers and their files, for the tests of what is kept."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from costproxy.model import (
    ChatReply,
    ChatRequest,
    ContextUse,
    Cost,
    CostQuality,
    CostSource,
    LimitSource,
    Mistake,
    MistakeKind,
    Outcome,
    Turn,
    Usage,
    UsageQuality,
)
from costproxy.model.money import PriceReference
from costproxy.recording.ledger import SqliteLedger
from tests.recording.standings import placement, standing, standing_turn
from tests.support.turns import turn

START = 1_790_000_000.0  # some moment of 2026, within an hour
HOUR = 3600.0


def recorded(number: int, **facts: Any) -> Turn:
    """Return turn `number` of varied traffic: models, apps, conversations, qualities; a minute after the one before."""
    spent = number % 7 * 1_000_003 + 1
    quality = (CostQuality.EXACT, CostQuality.EXACT, CostQuality.ADJUSTED, CostQuality.ESTIMATED)[number % 4]
    mistakes = (Mistake(kind=MistakeKind.REPLY_DROPPED, index=3),) if number % 5 == 0 else ()
    made = standing_turn(
        standing(
            placement(conversation=f"{number % 11:016x}", turn=number // 11 + 1, step=number // 11 + 1),
            mistakes=mistakes,
            crossed=(70, 85) if number % 13 == 0 else (),
            context=ContextUse(used=900 + number, usable=2000, source=LimitSource.CATALOGUE),
        ),
        Cost(
            total=spent,
            parts={"input": spent - 1, "output": 1},
            source=CostSource.CATALOGUE if number % 3 else CostSource.REPORTED,
            quality=quality,
            computed=spent,
            price=PriceReference(model="openai/m", row="openai/m#1", since="2026-01-01", catalogue="1.0"),
        ),
        **{
            "id": f"{number:016x}",
            "app": ("shop", "help", None)[number % 3],
            "upstream": ("default", "local")[number % 2],
            "started_at": START + number * 60.0 + 0.25,
            "request": ChatRequest(model="m", messages=7),
            "reply": ChatReply(
                model=("m", "n")[number % 2],
                usage=Usage(input=300, cache_read=700, output=50),
                raw_usage={"prompt_tokens": 1000, "completion_tokens": 50},
                id=f"chatcmpl-{number}",
                complete=True,
            ),
            **facts,
        },
    )
    usage_quality = UsageQuality(quality.value)
    made = replace(made, model=("m", "n")[number % 2])
    return replace(made, usage=replace(made.usage, quality=usage_quality)) if made.usage else made


def refused(number: int) -> Turn:
    """Return a turn of no conversation, that was refused."""
    made = turn(id=f"f{number:015x}", started_at=START + number * 60.0, status=429, reply=None)
    return replace(made, outcome=Outcome.RATE_LIMITED)


def kept(path: Path, turns: list[Turn], **facts: Any) -> SqliteLedger:
    """Record turns, close the ledger, and return it for its answers."""
    ledger = SqliteLedger(path, **facts)
    for each in turns:
        ledger.record(each)
    ledger.close()
    return ledger


def rows(path: Path, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """Return what a query finds in a file."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql, values).fetchall()


def until(met: Callable[[], Any], within: float = 15.0) -> None:
    """Wait until something holds.

    Raises:
        AssertionError: it did not.
    """
    end = time.monotonic() + within
    while not met():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)
