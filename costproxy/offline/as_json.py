"""An audited exchange as one line of JSON."""

import json
from typing import Any

from costproxy.model import TokenKind, Turn, Usage
from costproxy.model.money import Cost
from costproxy.offline.audit_text import plain_dollars
from costproxy.offline.auditor import Audited


def json_line(audited: Audited, *, place: str) -> str:
    """Return the line: ASCII, without a line end; `null` stands for what is unknown."""
    recorded, turn = audited.recorded, audited.turn
    exchange, request, reply = turn.exchange, turn.exchange.request, turn.exchange.reply
    fields = {
        "place": place,
        "at": recorded.at.isoformat().replace("+00:00", "Z"),
        "at_from": recorded.at_from,
        "host": recorded.host or None,
        "dialect": exchange.dialect,
        "api": exchange.api,
        "status": exchange.status,
        "model": turn.model,
        "model_requested": request.model if request else None,
        "model_served": reply.model if reply else None,
        "service_tier": reply.service_tier if reply else None,
        "classification": _classification(turn),
        "usage": _usage(turn.usage),
        "cost": _cost(turn.cost),
        "prompt_estimate": audited.prompt_estimate,
    }
    return json.dumps(fields, separators=(",", ":"))


def _classification(turn: Turn) -> dict[str, Any]:
    reply = turn.exchange.reply
    return {
        "outcome": turn.outcome,
        "error": reply.error.kind if reply and reply.error else None,
        "limit_reason": turn.limit_reason,
        "finish_reasons": list(reply.finish_reasons) if reply else [],
        "streamed": reply.streamed if reply else None,
        "usage_missing": turn.usage_missing,
        "unmetered": turn.exchange.unmetered,
    }


def _usage(usage: Usage | None) -> dict[str, Any] | None:
    if usage is None:
        return None
    kinds = {kind.value: getattr(usage, kind) for kind in TokenKind}
    totals = {"prompt": usage.prompt, "completion": usage.completion}
    return {"by_kind": kinds, **totals, "quality": usage.quality, "anomalies": list(usage.anomalies)}


def _cost(cost: Cost | None) -> dict[str, Any] | None:
    if cost is None:
        return None
    price = cost.price
    return {
        "pico_usd": cost.total,
        "usd": None if cost.total is None else plain_dollars(cost.total),
        "by_kind": {str(kind): amount for kind, amount in cost.parts.items()},
        "quality": cost.quality,
        "source": cost.source,
        "reported_pico_usd": cost.reported,
        "reported_text": cost.reported_text,
        "computed_pico_usd": cost.computed,
        "reason": cost.reason,
        "price": None
        if price is None
        else {"model": price.model, "row": price.row, "since": price.since, "catalogue": price.catalogue},
    }
