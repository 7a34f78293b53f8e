"""Who was refused of late, and what was made of it."""

from collections import OrderedDict
from dataclasses import dataclass, field

from costproxy.model import Failure, Turn

MOST = 500  # applications by upstream and model

REFUSALS = frozenset(
    {
        Failure.RATE_REQUESTS,
        Failure.RATE_TOKENS,
        Failure.RATE_CONCURRENCY,
        Failure.RATE_UPSTREAM,
        Failure.RATE_OTHER,
        Failure.QUOTA,
        Failure.OVERSIZED,
        Failure.OVERLOADED,
    }
)


@dataclass(slots=True)
class Refusals:
    """What one application met at one model of one upstream since the start."""

    last: float = 0.0  # when it was refused, seconds since the epoch
    requests: int = 0  # since it was refused first
    refused: dict[Failure, int] = field(default_factory=dict)
    retries: int = 0  # attempts after the first
    too_early: int = 0  # attempts before the time that a refusal had named
    in_vain: int = 0  # attempts after a refusal that no retrying can help
    tokens_in_vain: int = 0  # estimated, sent only to be refused


class Refused:
    """The refusals by upstream, application and model asked for; at most 500 of these, those refused last."""

    def __init__(self) -> None:
        self._by: OrderedDict[tuple[str, str | None, str | None], Refusals] = OrderedDict()

    def add(self, turn: Turn) -> None:
        """Enter a turn."""
        request = turn.exchange.request
        key = (turn.exchange.upstream, turn.exchange.app, request.model if request is not None else None)
        known, refused = self._by.get(key), turn.failure in REFUSALS
        if known is None and not refused:
            return
        if known is None:
            known = self._by[key] = Refusals()
            if len(self._by) > MOST:
                self._by.popitem(last=False)
        known.requests += 1
        if refused and turn.failure is not None:
            self._by.move_to_end(key)
            known.last = turn.exchange.started_at + turn.exchange.timing.duration
            known.refused[turn.failure] = known.refused.get(turn.failure, 0) + 1
        if turn.retries is not None:
            known.retries += turn.retries.attempt > 1
            known.too_early += turn.retries.violation
            known.in_vain += turn.retries.retry_in_vain
            known.tokens_in_vain += turn.retries.in_vain_tokens or 0

    def items(self) -> list[tuple[tuple[str, str | None, str | None], Refusals]]:
        """Return all, least recently refused first."""
        return list(self._by.items())
