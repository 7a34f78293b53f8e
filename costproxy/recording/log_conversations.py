"""What the log says of conversations: numbers, our own words and our own ids, nothing that was said in them."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from threading import Lock

from costproxy.model import Mistake, Placement, Standing, Turn
from costproxy.recording.labels import NONE, clean

_MOST_FIRSTS = 10_000
_MOST_LISTED = 20


def conversation_facts(turn: Turn) -> dict[str, object]:
    """Return what the canonical line says of the conversation; None is what is not known."""
    standing = turn.standing
    placement = standing.placement if standing is not None else turn.exchange.placement
    if placement is None:
        return {}
    facts = _place(placement)
    return facts | _state(standing) if standing is not None else facts


def context_warnings(turn: Turn) -> Iterator[dict[str, object]]:
    """Yield the facts of a warning for each threshold that the conversation came over."""
    standing = turn.standing
    if standing is None or not standing.crossed:
        return
    facts = _where(turn, standing)
    if standing.context is not None:
        facts |= {"used": standing.context.used, "usable": standing.context.usable}
    facts |= {"turns_left": standing.outlook.turns_left, "next_turn_cost_usd": dollars(standing.outlook.next_turn_cost)}
    for threshold in standing.crossed:
        yield {"threshold": threshold / 100, **facts}


def mistakes_of(turn: Turn, firsts: "Firsts") -> Iterator[dict[str, object]]:
    """Yield the facts of each mistake that is the first of its kind in its conversation."""
    standing = turn.standing
    for mistake in standing.mistakes if standing is not None else ():
        if standing is not None and firsts.is_first((standing.placement.conversation, mistake.kind)):
            yield {**_where(turn, standing), **_details(mistake)}


def dollars(amount: int | None) -> str | None:
    """Return p$ as dollars, as text, since a float would change the digits."""
    return None if amount is None else f"{Decimal(amount).scaleb(-12).normalize():f}"


class Firsts:
    """Remembers what has happened before, of as much as there is room for; what came first is forgotten first."""

    def __init__(self, room: int = _MOST_FIRSTS) -> None:
        self._room = room
        self._seen: dict[tuple[str, ...], None] = {}
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"<Firsts {len(self._seen)} of {self._room}>"

    def is_first(self, event: tuple[str, ...]) -> bool:
        """Remember an event and tell whether it is new."""
        with self._lock:
            if event in self._seen:
                return False
            while len(self._seen) >= self._room:
                del self._seen[next(iter(self._seen))]
            self._seen[event] = None
            return True


def _place(placement: Placement) -> dict[str, object]:
    return {
        "conversation": placement.conversation,
        "verdict": placement.verdict.value,
        "turn": placement.turn,
        "step": placement.step,
        "identity_source": placement.source.value,
        "ambiguous": placement.ambiguous or None,
        "parent": placement.parent,
        "messages": placement.messages,
        "session_ids_ignored": placement.ignored_ids or None,
    }


def _state(standing: Standing) -> dict[str, object]:
    context, outlook, totals, miss = standing.context, standing.outlook, standing.totals, standing.cache_miss
    facts: dict[str, object] = {
        "new_tokens": standing.new,
        "resent_tokens": standing.resent,
        "amplification": _rounded(totals.amplification, 2),
        "resent_share": _rounded(totals.resent_share, 4),
        "turns_left": outlook.turns_left,
        "turns_left_confident": None if outlook.turns_left is None else outlook.confident,
        "next_turn_cost_usd": dollars(outlook.next_turn_cost),
        "mistakes": _in_short(standing.mistakes),
    }
    if miss is not None:
        facts |= {"cache_missed_tokens": miss.tokens, "cache_missed_usd": dollars(miss.cost)}
        facts["cache_expired"] = miss.expired
    if context is not None:
        facts |= {"context_used": context.used, "context_limit": context.usable}
        facts |= {"context_ratio": round(context.ratio, 4), "limit_source": context.source.value}
    return facts


def _where(turn: Turn, standing: Standing) -> dict[str, object]:
    exchange = turn.exchange
    return {
        "conversation": standing.placement.conversation,
        "exchange": exchange.id,
        "upstream": exchange.upstream,
        "model": clean(turn.model or NONE),
        "app": exchange.app and clean(exchange.app),
    }


def _details(mistake: Mistake) -> dict[str, object]:
    return {
        "kind": mistake.kind.value,
        "message": mistake.index,
        "region": mistake.region and mistake.region.value,
        "tokens": mistake.tokens,
        "cost_usd": dollars(mistake.cost),
    }


def _in_short(mistakes: Sequence[Mistake]) -> str | None:
    """Return the kinds with the indexes of their messages; of very many the first, and how many more there are."""
    texts = [_short(each) for each in mistakes[:_MOST_LISTED]]
    if len(mistakes) > _MOST_LISTED:
        texts.append(f"+{len(mistakes) - _MOST_LISTED}")
    return ",".join(texts) or None


def _short(mistake: Mistake) -> str:
    return mistake.kind.value if mistake.index is None else f"{mistake.kind.value}@{mistake.index}"


def _rounded(number: float | None, digits: int) -> float | None:
    return None if number is None else round(number, digits)
