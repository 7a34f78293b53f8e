"""One turn as it is remembered for a while: numbers and words of our own, no text of anybody's."""

from collections.abc import Mapping

import msgspec

from costproxy.model import Exchange, Mistake, MistakeKind, Outcome, Part, Turn, UsageQuality, Verdict
from costproxy.recording.tally import Basis, basis_of

PARTS = tuple(Part)
_LONGEST = 200  # characters of a model's name
_MOST_MISTAKES = 16


class RecentMistake(msgspec.Struct, frozen=True, array_like=True):
    """One mistake; None means that there is no such thing, or nobody knows."""

    kind: MistakeKind
    index: int | None = None  # of the message, from 0
    region: str | None = None
    tokens: int | None = None
    cost: int | None = None  # p$


class RecentWindow(msgspec.Struct, frozen=True, array_like=True):
    """How full the context window was."""

    used: int  # prompt tokens
    usable: int  # that fit
    source: str  # who said how large it is


class RecentTurn(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """What is kept of a turn; None means unknown. An array on the wire: 64 of them for 500 conversations are few MB."""

    exchange: str
    at: float  # when the request came, seconds since the epoch, UTC
    seconds: float  # until the last byte of the reply
    first_token: float | None  # seconds
    step: int
    turn: int
    verdict: Verdict
    outcome: Outcome
    status: int | None
    model: str | None
    finish: tuple[str, ...]
    failure: str | None
    attempt: int
    quality: UsageQuality | None  # of the token counts
    new: int | None
    resent: int | None
    apportioned: bool
    cache_read: int | None
    completion: int | None
    reasoning: int | None
    cost: int | None  # p$
    basis: Basis | None
    new_cost: int | None
    resent_cost: int | None
    next_cost: int | None
    parts: tuple[int, ...]  # tokens, in the order of `PARTS`; empty: unknown
    window: RecentWindow | None  # None: nobody knows how large it is
    left: int | None  # turns
    confident: bool
    crossed: tuple[int, ...]  # percent
    mistakes: tuple[RecentMistake, ...]
    missed: int | None  # tokens that the provider's cache should have held


def recent_turn(turn: Turn) -> RecentTurn | None:
    """Return what is kept of a turn; None where it has no conversation."""
    standing = turn.standing
    if standing is None:
        return None
    exchange, reply, usage, context = turn.exchange, turn.exchange.reply, turn.usage, standing.context
    return RecentTurn(
        exchange=exchange.id,
        at=exchange.started_at,
        seconds=round(exchange.timing.duration, 4),
        first_token=_first_token(exchange),
        step=standing.placement.step,
        turn=standing.placement.turn,
        verdict=standing.placement.verdict,
        outcome=turn.outcome,
        status=exchange.status,
        model=turn.model and _text(turn.model[:_LONGEST]),
        finish=tuple([_text(each[:40]) for each in reply.finish_reasons[:4]]) if reply is not None else (),
        failure=turn.failure,
        attempt=turn.retries.attempt if turn.retries is not None else 1,
        quality=usage.quality if usage is not None else None,
        new=standing.new,
        resent=standing.resent,
        apportioned=standing.apportioned,
        cache_read=usage.cache_read + usage.audio_cache_read if usage is not None else None,
        completion=usage.completion if usage is not None else None,
        reasoning=usage.reasoning if usage is not None else None,
        cost=turn.cost.total if turn.cost is not None else None,
        basis=basis_of(turn.cost),
        new_cost=standing.new_cost,
        resent_cost=standing.resent_cost,
        next_cost=standing.outlook.next_turn_cost,
        parts=_parts(standing.composition),
        window=RecentWindow(context.used, context.usable, context.source) if context is not None else None,
        left=standing.outlook.turns_left,
        confident=standing.outlook.confident,
        crossed=standing.crossed,
        mistakes=_mistakes(standing.mistakes) if standing.mistakes else (),
        missed=standing.cache_miss.tokens if standing.cache_miss is not None else None,
    )


def _first_token(exchange: Exchange) -> float | None:
    first = exchange.reply.first_token_at if exchange.reply is not None else None
    return None if first is None else round(max(0.0, first - exchange.timing.started), 4)


def _parts(composition: Mapping[Part, int]) -> tuple[int, ...]:
    return tuple([composition.get(each, 0) for each in PARTS]) if composition else ()


def _mistakes(found: tuple[Mistake, ...]) -> tuple[RecentMistake, ...]:
    return tuple(
        RecentMistake(kind=each.kind, index=each.index, region=each.region, tokens=each.tokens, cost=each.cost)
        for each in found[:_MOST_MISTAKES]
    )


def _text(said: str) -> str:
    """Return what can be written as UTF-8: JSON may bring halves of surrogate pairs."""
    return said if said.isascii() else said.encode("utf-8", "replace").decode()
