"""A replayed request as one line of JSON."""

import json
from collections.abc import Iterator
from typing import Any

from costproxy.model import Mistake, Standing, Turn
from costproxy.offline.audit_text import plain_dollars
from costproxy.offline.recorded_request import RecordedRequest
from costproxy.offline.replay_sums import not_answered

WARNING = "context_warning"


def replay_line(recorded: RecordedRequest, turn: Turn) -> str:
    """Return the line: ASCII, without a line end; `null` stands for what is unknown."""
    known = {"source": recorded.source, "request": recorded.index, "api": turn.exchange.api, "model": turn.model}
    return json.dumps(
        known | _placed(turn.standing) | _used(recorded, turn) | _told(turn.standing), separators=(",", ":")
    )


def _placed(standing: Standing | None) -> dict[str, Any]:
    placement = standing.placement if standing else None
    return {
        "conversation": placement.conversation if placement else None,
        "turn": placement.turn if placement else None,
        "step": placement.step if placement else None,
        "verdict": placement.verdict if placement else None,
        "ambiguous": placement.ambiguous if placement else None,
        "identity_source": placement.source if placement else None,
    }


def _used(recorded: RecordedRequest, turn: Turn) -> dict[str, Any]:
    usage, cost, standing = turn.usage, turn.cost, turn.standing
    completion = usage.completion if usage and not not_answered(recorded) else None
    return {
        "prompt_tokens": usage.prompt if usage else None,
        "new_tokens": standing.new if standing else None,
        "resent_tokens": standing.resent if standing else None,
        "quality": usage.quality if usage else None,
        "completion_tokens": completion,
        "cost_usd": plain_dollars(cost.total) if cost and cost.total is not None else None,
        "cost_quality": cost.quality if cost else None,
    }


def _told(standing: Standing | None) -> dict[str, Any]:
    context = standing.context if standing else None
    return {
        "context_used": context.used if context else None,
        "context_limit": context.usable if context else None,
        "context_ratio": round(context.ratio, 4) if context else None,
        "turns_left": standing.outlook.turns_left if standing else None,
        "events": list(_events(standing)) if standing else [],
    }


def _events(standing: Standing) -> Iterator[dict[str, Any]]:
    yield from map(_mistake, standing.mistakes)
    for threshold in standing.crossed:
        yield {"kind": WARNING, "percent": threshold}


def _mistake(mistake: Mistake) -> dict[str, Any]:
    said = {
        "kind": mistake.kind,
        "index": mistake.index,
        "region": mistake.region,
        "tokens": mistake.tokens,
        "cost_usd": None if mistake.cost is None else plain_dollars(mistake.cost),
    }
    return {name: value for name, value in said.items() if value is not None or name in ("kind", "index")}
