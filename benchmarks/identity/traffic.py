"""Many conversations at once through one tracker, as they come by a proxy."""

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from benchmarks.identity.ask import Sent
from costproxy.conversations.step import Step
from costproxy.conversations.tracker import Placed, Tracker
from costproxy.model import Asked, Placement, Standing, Usage

_SECRET = b"a secret of the benchmark, which no one needs to guess"
_BEGIN = 1_800_000_000.0  # seconds since the epoch
_APART = 0.4  # seconds from one event to the next

Bill = Callable[[Sent, float], Usage]  # what a request is billed, sent at that time


@dataclass(slots=True, kw_only=True)
class Seen:
    """A request, and what it was taken for."""

    sent: Sent
    placement: Placement
    standing: Standing | None = None  # None: nothing is billed


class Traffic:
    """Conversations under way, each waiting for its reply before it goes on; their order is that of the seed."""

    def __init__(self, *, at_once: int, seed: int, bill: Bill | None = None) -> None:
        """Take how many are under way at once; without `bill` nothing is settled."""
        self._at_once = at_once
        self._chance = random.Random(seed)
        self._bill = bill
        self._at = _BEGIN
        self._tracker = Tracker(secret=_SECRET)
        self._seen: list[Seen] = []

    def run(self, conversations: Iterable[Iterable[Sent]], done: Callable[[], None] = lambda: None) -> list[Seen]:
        """Send all of them; return the requests in their order. `done` is called after each conversation."""
        waiting = (self._steps(conversation) for conversation in conversations)
        under_way: list[Iterator[None]] = []
        while True:
            while len(under_way) < self._at_once and (steps := next(waiting, None)) is not None:
                under_way.append(steps)
            if not under_way:
                return self._seen
            chosen = self._chance.randrange(len(under_way))
            if next(under_way[chosen], self) is self:
                under_way.pop(chosen)
                done()

    def _steps(self, conversation: Iterable[Sent]) -> Iterator[None]:
        """Ask, and some time later be answered: others come in between."""
        late: list[Callable[[], None]] = []
        for sent in conversation:
            late.append(self._ask(sent))
            yield
            if not sent.overlaps:
                for answer in late:
                    answer()
                    yield
                late.clear()
        for answer in late:
            answer()

    def _ask(self, sent: Sent) -> Callable[[], None]:
        """Send a request; return what is to be called when its reply is there."""
        self._at += _APART
        placed = self._tracker.place(
            Asked(
                exchange=f"{len(self._seen)}",
                upstream=sent.upstream,
                api=sent.api,
                app=None,
                caller=b"everybody",
                at=self._at,
                request=sent.request,
                prompt=sent.prompt,
            )
        )
        seen = Seen(sent=sent, placement=placed.placement)
        self._seen.append(seen)
        usage = self._bill(sent, self._at) if self._bill else None
        return partial(self._answer, seen, placed, usage, self._at)

    def _answer(self, seen: Seen, placed: Placed, usage: Usage | None, asked_at: float) -> None:
        self._at += _APART
        sent = seen.sent
        self._tracker.answered(placed, sent.replies, reply_id=sent.reply_id, accepted=sent.accepted, at=self._at)
        if usage is not None:
            seen.standing = placed.thread.account.settle(
                Step(
                    placement=placed.placement,
                    at=asked_at,
                    upstream=sent.upstream,
                    model=sent.model,
                    usage=usage,
                    finish_reasons=(sent.finish_reason,),
                    accepted=sent.accepted,
                )
            )
