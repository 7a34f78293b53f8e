"""Retry storms: an application that mostly repeats itself against an upstream that refuses."""

from collections import OrderedDict, deque

from costproxy.model.rates import StormEvent

WINDOW = 60.0  # seconds
ATTEMPTS = 2.0  # per distinct request
REFUSED = 20
_MOST_KEPT = 1024  # attempts of one owner, the last of the window

Place = tuple[str, str]  # owner, upstream


class _Minute:
    """The attempts of the last minute."""

    __slots__ = ("_attempts", "_distinct", "_refused", "held", "last")

    def __init__(self) -> None:
        self.last = float("-inf")  # the last attempt's end
        self.held: float | None = None  # when it last was a storm; None: it is none
        self._attempts: deque[tuple[float, int | None, bool]] = deque()
        self._distinct: dict[int, int] = {}  # request -> its attempts
        self._refused = 0

    def enter(self, request: int | None, at: float, *, refused: bool) -> None:
        attempts, distinct = self._attempts, self._distinct
        self.last = max(self.last, at)
        attempts.append((self.last, request, refused))
        self._refused += refused
        if request is not None:
            distinct[request] = distinct.get(request, 0) + 1
        oldest = self.last - WINDOW
        while attempts[0][0] <= oldest or len(attempts) > _MOST_KEPT:
            self._drop()

    def _drop(self) -> None:
        _, request, refused = self._attempts.popleft()
        self._refused -= refused
        if request is not None:
            self._distinct[request] -= 1
            if not self._distinct[request]:
                del self._distinct[request]

    @property
    def is_storm(self) -> bool:
        return self._refused >= REFUSED and len(self._attempts) >= ATTEMPTS * max(1, len(self._distinct))

    def is_over(self, now: float) -> bool:
        return self.held is not None and now - self.held >= WINDOW


class Storms:
    """Who storms which upstream; at most `places` are watched, the last used ones.

    A storm is two attempts per distinct request and twenty refusals within a minute. It is over when there has been
    none for a minute.
    """

    def __init__(self, *, places: int = 1000) -> None:
        self._most = max(1, places)
        self._minutes: OrderedDict[Place, _Minute] = OrderedDict()

    def __repr__(self) -> str:
        return f"<Storms places={len(self)} raging={len(self.raging())}>"

    def __len__(self) -> int:
        return len(self._minutes)

    def enter(self, place: Place, request: int | None, at: float, *, refused: bool) -> StormEvent | None:
        """Enter an attempt that was over at `at`; return what it changed.

        `request` is the same for attempts of the same request; None: it repeats one that is not known.
        """
        self._forget(at)
        minute = self._minute(place)
        ended = minute.is_over(at)
        minute.enter(request, at, refused=refused)
        if minute.is_storm:
            began = minute.held is None
            minute.held = minute.last
            return StormEvent.BEGAN if began else None
        if ended:
            minute.held = None
        return StormEvent.ENDED if ended else None

    def raging(self) -> list[Place]:
        """Return who storms, as far as has been told."""
        return [place for place, minute in self._minutes.items() if minute.held is not None]

    def calmed(self, now: float) -> list[Place]:
        """Return whose storm is over and was not told to be: nothing has come from them since."""
        over = [(place, minute) for place, minute in self._minutes.items() if minute.is_over(now)]
        for _, minute in over:
            minute.held = None
        return [place for place, _ in over]

    def _minute(self, place: Place) -> _Minute:
        minute = self._minutes.get(place)
        if minute is None:
            minute = self._minutes[place] = _Minute()
            if len(self._minutes) > self._most:
                self._minutes.popitem(last=False)
        else:
            self._minutes.move_to_end(place)
        return minute

    def _forget(self, now: float) -> None:
        while self._minutes:
            place, minute = next(iter(self._minutes.items()))
            if minute.held is not None or now - minute.last < WINDOW:
                return
            del self._minutes[place]
