"""Which attempts are of one request."""

from bisect import bisect_right, insort
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Self

from costproxy.model import Failure
from costproxy.quotas.attempt import Attempt, Scope

_SWEEPING = 256  # requests between two looks for those that are idle, while none fails
_MOST_KEPT = 32  # attempts of one request that are remembered apart; older ones are only counted


@dataclass(frozen=True, slots=True)
class Failed:
    """An attempt that failed."""

    at: float  # when it was over
    failure: Failure
    scope: Scope
    until: float | None  # before when not to try again, as its reply said; None: it did not


class Request:
    """One request that was made once or more, by whatever attempts of it are over."""

    __slots__ = ("_begun", "_earlier", "_failed", "_original", "_seen", "answered", "number")

    def __init__(self, number: int) -> None:
        self.number = number
        self.answered: float | None = None  # when the first attempt that succeeded was over
        self._begun: list[float] = []  # when the last attempts began, in order
        self._earlier = 0  # attempts before those
        self._failed: list[Failed] = []  # the last ones, in the order of their ends
        self._original = False  # the attempt that was no repetition is among them
        self._seen = 0.0

    def __repr__(self) -> str:
        return f"<Request {self.number} attempts={self._earlier + len(self._begun)}>"

    @classmethod
    def answered_at_once(cls, number: int, attempt: Attempt) -> Self:
        """Return a request whose only attempt was no repetition, and succeeded."""
        request = cls(number)
        request.answered = request._seen = attempt.ended
        request._begun.append(attempt.began)
        request._original = True
        return request

    @property
    def seen(self) -> float:
        """When the last attempt was over."""
        return self._seen

    def takes(self, attempt: Attempt) -> bool:
        """Tell whether an attempt of the same words or place is one of this request, not the same asked anew."""
        if attempt.before:
            return True
        if attempt.placement is None:  # one that was answered may be asked again
            return self.answered is None or attempt.began < self.answered
        return not self._original and attempt.began <= self._begun[0]  # it began it all, and took longer to end

    def enter(self, attempt: Attempt) -> int:
        """Take an attempt; return its number, from 1. Attempts end in any order, and count by their beginnings."""
        self._seen = max(self._seen, attempt.ended)
        self._original = self._original or not attempt.before
        place = bisect_right(self._begun, attempt.began)
        before = max(self._earlier + place, attempt.before)
        if place == len(self._begun):
            self._earlier = before - place
        elif not place and not attempt.before:
            before, self._earlier = 0, max(0, self._earlier - 1)  # a repetition of it had counted it in
        insort(self._begun, attempt.began)
        if len(self._begun) > _MOST_KEPT:
            del self._begun[0]
            self._earlier += 1
        return before + 1

    def answer(self, at: float) -> bool:
        """Take a success; tell whether it is the first."""
        if self.answered is not None:
            return False
        self.answered = at
        return True

    def fail(self, failed: Failed) -> None:
        """Take how an attempt failed."""
        insort(self._failed, failed, key=lambda each: each.at)
        del self._failed[:-_MOST_KEPT]

    def failed_before(self, at: float) -> Sequence[Failed]:
        """Return the attempts that had failed by then, in order."""
        return self._failed[: bisect_right(self._failed, at, key=lambda each: each.at)]


class Repeats:
    """The requests that are remembered: at most `most`, for `idle` seconds after their last attempt."""

    def __init__(self, *, most: int = 10_000, idle: float = 7200.0) -> None:
        self._most = max(1, most)
        self._idle = idle
        self._requests: OrderedDict[Hashable, Request] = OrderedDict()
        self._born = 0

    def __repr__(self) -> str:
        return f"<Repeats keys={len(self)}>"

    def __len__(self) -> int:
        return len(self._requests)

    def of(self, attempt: Attempt) -> Request:
        """Return the request that an attempt is of; a new one if it is not known, or asked anew."""
        self._forget(attempt.ended)
        keys = _keys(attempt)
        found = (self._requests.get(key) for key in keys)
        request = next((each for each in found if each is not None and each.takes(attempt)), None)
        if request is None:
            self._born += 1
            request = Request(self._born)
        for key in keys:
            self._requests[key] = request
            self._requests.move_to_end(key)
        while len(self._requests) > self._most:
            self._requests.popitem(last=False)
        return request

    def add_answered(self, attempt: Attempt) -> int | None:
        """Take the only attempt of a request, which is plain; return the request's number.

        None: it may be one of a request that is known, and nothing was taken; ask `of`.
        """
        placement = attempt.placement
        key = None if placement is None else (placement.conversation, placement.step)
        if key in self._requests:
            return None
        self._born += 1
        if key is not None:
            self._requests[key] = Request.answered_at_once(self._born, attempt)
            if len(self._requests) > self._most:
                self._requests.popitem(last=False)
        if not self._born % _SWEEPING:
            self._forget(attempt.ended)
        return self._born

    def _forget(self, now: float) -> None:
        while self._requests:
            key, request = next(iter(self._requests.items()))
            if now - request.seen <= self._idle:
                return
            del self._requests[key]


def _keys(attempt: Attempt) -> list[Hashable]:
    """Return what its request is found by, the surest first."""
    keys: list[Hashable] = []
    if attempt.same is not None:
        keys.append((attempt.owner, attempt.upstream, attempt.same))
    if attempt.placement is not None:
        keys.append((attempt.placement.conversation, attempt.placement.step))
    return keys
