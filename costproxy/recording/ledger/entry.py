"""A turn as the ledger writes it down: made when it is recorded, so that nothing of a message waits in a queue."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import msgspec

from costproxy.model import Cost, Exchange, Outcome, RateStanding, Standing, TokenKind, Turn, Usage
from costproxy.recording.labels import clean

MOST = 10**16  # tokens or p$ ($10,000) of one exchange: what is more is a mistake, and sums of it would not be whole

_KINDS = tuple(kind.value for kind in TokenKind)
_counts = attrgetter(*_KINDS)
_MOST_JSON = 4096  # bytes
_LONGEST_ID = 200
_PLAIN = re.compile(r"[a-z0-9_.+-]{1,48}")  # a field's name, a tier, an amount: no sentence and hardly a key
_KEY = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_encode = msgspec.json.Encoder().encode

Value = str | int | float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A mistake, or a threshold that was crossed."""

    type: str
    kind: str | None = None
    threshold: int | None = None
    message: int | None = None
    region: str | None = None
    tokens: int | None = None
    cost: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One exchange: its row by column, and what happened in its conversation."""

    row: Mapping[str, Value]
    events: tuple[Event, ...] = ()


def entry_of(turn: Turn) -> Entry:
    """Return a turn as it is written down.

    Raises:
        OverflowError: it has a number that no exchange has.
    """
    exchange = turn.exchange
    row: dict[str, Value] = {
        **_identity(turn),
        **_request(exchange),
        **_reply(turn),
        **_usage(turn.usage),
        **_cost(turn.cost),
        **_place(turn),
        **_standing(turn.standing),
        **_retries(turn.retries),
        **_times(exchange),
    }
    for name in ("prompt", "completion", "cost", "reported", "computed"):
        value = row[name]
        if isinstance(value, int) and value > MOST:
            raise OverflowError(f"{name}: expected at most {MOST}, found {value}")
    return Entry(row=row, events=tuple(_events(turn.standing)) if turn.standing is not None else ())


def _identity(turn: Turn) -> dict[str, Value]:
    exchange = turn.exchange
    reply = exchange.reply
    return {
        "id": exchange.id,
        "reply_id": _id(reply.id) if reply is not None else None,
        "started": exchange.started_at,
        "ended": exchange.started_at + exchange.timing.duration,
        "upstream": exchange.upstream,
        "dialect": exchange.dialect,
        "api": exchange.api,
        "app": _name(exchange.app),
        "method": clean(exchange.method),
        "served": _name(reply.model) if reply is not None else None,
        "model": _name(turn.model),
        "tier": _name(reply.service_tier) if reply is not None else None,
        "status": exchange.status,
        "outcome": turn.outcome.value,
        "ending": exchange.ending.value,
        "refusal": exchange.refusal,
        "failure": turn.failure and turn.failure.value,
        "limit_reason": turn.limit_reason,
        "unmetered": exchange.unmetered,
        "usage_missing": turn.usage_missing,
        "injected": int(exchange.injected),
        "bytes_in": exchange.bytes_in,
        "bytes_out": exchange.bytes_out,
    }


def _request(exchange: Exchange) -> dict[str, Value]:
    asked = exchange.request
    return {
        "asked": _name(asked.model) if asked else None,
        "stream": int(asked.stream) if asked else None,
        "messages": asked.messages if asked else None,
        "tools": asked.tools if asked else None,
        "max_output": asked.max_output if asked else None,
    }


def _reply(turn: Turn) -> dict[str, Value]:
    reply = turn.exchange.reply
    return {
        "error": reply.error.kind if reply and reply.error else None,
        "finish": ",".join(map(clean, reply.finish_reasons)) or None if reply else None,
        "raw_usage": _json(_plain(reply.raw_usage)) if reply and reply.raw_usage else None,
    }


def _usage(usage: Usage | None) -> dict[str, Value]:
    counts = _counts(usage) if usage else (None,) * len(_KINDS)
    return {
        **dict(zip(_KINDS, counts, strict=True)),
        "usage_quality": usage.quality.value if usage else None,
        "anomalies": ",".join(usage.anomalies) or None if usage else None,
        "prompt": usage.prompt if usage else None,
        "completion": usage.completion if usage else None,
    }


def _cost(cost: Cost | None) -> dict[str, Value]:
    price = cost.price if cost else None
    return {
        "cost": cost.total if cost else None,
        "cost_parts": _json(dict(cost.parts)) if cost and cost.parts else None,
        "source": cost.source.value if cost else None,
        "quality": cost.quality.value if cost else None,
        "reported": cost.reported if cost else None,
        "reported_text": _id(cost.reported_text) if cost else None,
        "computed": cost.computed if cost else None,
        "cost_reason": clean(cost.reason) if cost and cost.reason else None,
        "price_model": price.model if price else None,
        "price_row": price.row if price else None,
        "price_since": price.since if price else None,
        "catalogue": price.catalogue if price else None,
    }


def _place(turn: Turn) -> dict[str, Value]:
    placed = turn.standing.placement if turn.standing is not None else turn.exchange.placement
    return {
        "conversation": placed.conversation if placed else None,
        "verdict": placed.verdict.value if placed else None,
        "identity": placed.source.value if placed else None,
        "ambiguous": int(placed.ambiguous) if placed else None,
        "parent": placed.parent if placed else None,
        "turn": placed.turn if placed else None,
        "step": placed.step if placed else None,
        "known_messages": placed.known_messages if placed else None,
    }


def _standing(standing: Standing | None) -> dict[str, Value]:
    context = standing.context if standing else None
    missed = standing.cache_miss if standing else None
    return {
        "new": standing.new if standing else None,
        "resent": standing.resent if standing else None,
        "apportioned": int(standing.apportioned) if standing else None,
        "new_cost": standing.new_cost if standing else None,
        "resent_cost": standing.resent_cost if standing else None,
        "composition": _json(_sizes(standing.composition)) if standing and standing.composition else None,
        "context_used": context.used if context else None,
        "context_usable": context.usable if context else None,
        "limit_source": context.source.value if context else None,
        "turns_left": standing.outlook.turns_left if standing else None,
        "next_cost": standing.outlook.next_turn_cost if standing else None,
        "mistakes": len(standing.mistakes) if standing else 0,
        "cache_missed": missed.tokens if missed else None,
        "cache_missed_cost": missed.cost if missed else None,
    }


def _retries(retries: RateStanding | None) -> dict[str, Value]:
    return {
        "attempt": retries.attempt if retries else None,
        "retried_after": retries.retried_after.value if retries and retries.retried_after else None,
        "violation": int(retries.violation) if retries else None,
        "in_vain_tokens": retries.in_vain_tokens if retries else None,
        "succeeded_after": retries.succeeded_after if retries else None,
    }


def _times(exchange: Exchange) -> dict[str, Value]:
    timing, reply = exchange.timing, exchange.reply
    return {
        "sent_after": _after(timing.started, timing.sent),
        "replied_after": _after(timing.started, timing.replied),
        "first_token_after": _after(timing.started, reply.first_token_at) if reply else None,
        "last_token_after": _after(timing.started, reply.last_token_at) if reply else None,
        "overhead": round(timing.overhead, 6),
    }


def _events(standing: Standing) -> Iterator[Event]:
    for mistake in standing.mistakes:
        yield Event(
            type="mistake",
            kind=mistake.kind.value,
            message=mistake.index,
            region=mistake.region and mistake.region.value,
            tokens=mistake.tokens,
            cost=mistake.cost,
        )
    for percent in standing.crossed:
        yield Event(type="warning", threshold=percent)


def is_success(row: Mapping[str, Value]) -> bool:
    """Tell whether the exchange went well."""
    return row["outcome"] == Outcome.SUCCESS.value


def _after(start: float, moment: float | None) -> float | None:
    return None if moment is None else round(max(0.0, moment - start), 6)


def _name(text: str | None) -> str | None:
    return None if text is None else clean(text)


def _id(text: str | None) -> str | None:
    """Return an id of somebody else's; None for what is too long to be one, or has odd characters."""
    return text if text is not None and len(text) <= _LONGEST_ID and text.isascii() and text.isprintable() else None


def _sizes(parts: Mapping[Any, int]) -> dict[str, int]:
    return {part.value: count for part, count in parts.items() if count}


def _json(value: Any) -> str | None:
    text = _encode(value)
    return text.decode() if len(text) <= _MOST_JSON else None


def _plain(value: Any, depth: int = 0) -> Any:
    """Return a provider's usage object without what could be somebody's words: these become `?`."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return value if _PLAIN.fullmatch(value) else "?"
    if isinstance(value, Mapping) and depth < 4:
        return {name: _plain(each, depth + 1) for name, each in value.items() if _KEY.fullmatch(str(name))}
    if isinstance(value, list | tuple) and depth < 4:
        return [_plain(each, depth + 1) for each in value[:20]]
    return str(value) if type(value).__name__ == "Decimal" else "?"
