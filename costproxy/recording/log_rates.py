"""What the log says of rejections and retries: numbers and our own words, nothing that an upstream worded."""

from collections.abc import Callable, Iterator
from threading import Lock

from costproxy.model import Failure, StormEvent, Turn
from costproxy.quotas.attempt import owner_of
from costproxy.recording.labels import NONE, clean

_HOUR = 3600.0
_MOST_TOLD = 10_000
# What an upstream turns down. The rest breaks on the way, or is the upstream's own fault.
_REJECTIONS = frozenset(Failure) - {
    Failure.TIMEOUT,
    Failure.SERVER,
    Failure.CONNECTION,
    Failure.CLIENT_GONE,
    Failure.PROXY,
}

Event = tuple[str, dict[str, object]]  # what happened, and its facts; None is what is not known


def rejection_facts(turn: Turn) -> dict[str, object]:
    """Return what the canonical line says of a rejection, and of the attempts of its request."""
    retries = turn.retries
    facts: dict[str, object] = {"failure": turn.failure and turn.failure.value}
    facts["retry_after_s"] = turn.exchange.rate.retry_after
    if retries is not None:
        facts["attempt"] = retries.attempt if retries.attempt > 1 else None
        facts["retried_after"] = retries.retried_after and retries.retried_after.value
        facts["retry_violation"] = retries.violation or None
        facts["retry_in_vain"] = retries.retry_in_vain or None
        facts["rejected_prompt_tokens"] = retries.in_vain_tokens or None
    return facts


def rejection_warnings(turn: Turn, seldom: "Seldom", clock: Callable[[], float]) -> Iterator[Event]:
    """Yield what a turn is a warning of, the first of its kind in an hour; `clock` gives monotonic seconds."""
    if turn.failure in _REJECTIONS and turn.exchange.refusal is None:
        yield from _rejected(turn, seldom, clock())
    retries = turn.retries
    if retries is None:
        return
    if retries.violation:
        yield from _ignored(turn, seldom, clock())
    if retries.storm is not None:
        owner = owner_of(turn.exchange.app, turn.exchange.caller)
        yield storm_event(retries.storm, owner=owner, upstream=turn.exchange.upstream)


def storm_event(event: StormEvent, *, owner: str, upstream: str) -> Event:
    """Return what is said of a retry storm that began or is over."""
    return "retry_storm", {"state": event.value, "upstream": upstream, "owner": clean(owner)}


class Seldom:
    """Remembers what was told within the hour, and how much was not; of as much as there is room for."""

    def __init__(self, *, room: int = _MOST_TOLD, pause: float = _HOUR) -> None:
        self._room = room
        self._pause = pause
        self._told: dict[tuple[str, ...], tuple[float, int]] = {}  # when, and how many since; the oldest first
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"<Seldom {len(self._told)} of {self._room}>"

    def tell(self, event: tuple[str, ...], now: float) -> int | None:
        """Return how many were left out since it was told last, 0 for the first; None: leave this one out too."""
        with self._lock:
            when, left_out = self._told.get(event, (None, 0))
            if when is not None and now - when < self._pause:
                self._told[event] = when, left_out + 1
                return None
            self._told.pop(event, None)
            while len(self._told) >= self._room:
                del self._told[next(iter(self._told))]
            self._told[event] = now, 0
            return left_out


def _rejected(turn: Turn, seldom: Seldom, now: float) -> Iterator[Event]:
    facts = _where(turn)
    failure = turn.failure.value if turn.failure is not None else NONE
    left_out = seldom.tell(("rejected", *_key(facts), failure), now)
    if left_out is not None:
        facts |= {"failure": failure, "retry_after_s": turn.exchange.rate.retry_after}
        yield "rejected", {**facts, "left_out": left_out or None}


def _ignored(turn: Turn, seldom: Seldom, now: float) -> Iterator[Event]:
    facts = _where(turn)
    owner = clean(owner_of(turn.exchange.app, turn.exchange.caller))
    left_out = seldom.tell(("retry_after_ignored", turn.exchange.upstream, owner), now)
    if left_out is not None:
        attempt = turn.retries.attempt if turn.retries is not None else None
        yield "retry_after_ignored", {**facts, "owner": owner, "attempt": attempt, "left_out": left_out or None}


def _where(turn: Turn) -> dict[str, object]:
    exchange = turn.exchange
    return {
        "exchange": exchange.id,
        "upstream": exchange.upstream,
        "model": clean(turn.model or NONE),
        "app": exchange.app and clean(exchange.app),
    }


def _key(facts: dict[str, object]) -> tuple[str, ...]:
    return tuple(str(facts[name] or NONE) for name in ("upstream", "model", "app"))
