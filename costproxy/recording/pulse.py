"""What happened of late, over time: for whoever looks at it without a database."""

from costproxy.model import Turn
from costproxy.recording.tally import Tally

DAY = 86_400


class _Ring:
    """Tallies of equal stretches of time, the last `most` of them."""

    def __init__(self, step: int, most: int) -> None:
        self.step = step
        self._most = most
        self._newest = 0
        self.tallies: dict[int, Tally] = {}  # by the number of the stretch since the epoch

    def at(self, at: float) -> Tally | None:
        """Return the tally of a moment; None: it is too long ago to be kept."""
        index = int(at // self.step)
        tally = self.tallies.get(index)
        if tally is None and index > self._newest - self._most:
            tally = self.tallies[index] = Tally()
            self._newest = max(index, self._newest)
        return tally

    def outdated(self) -> list[int]:
        """Return the numbers of what is too old to be kept."""
        return [each for each in self.tallies if each <= self._newest - self._most]

    def add_to(self, total: Tally, start: float, end: float) -> None:
        """Add up from `start`, rounded down to a step, up to `end`, not included."""
        for index in range(int(start // self.step), -int(-end // self.step)):
            tally = self.tallies.get(index)
            if tally is not None:
                total.merge(tally)


class Pulse:
    """Sums in steps of 10 seconds for an hour, of five minutes for a day, and of whole days (UTC).

    A turn is entered once, in the finest; what is older than an hour goes on into the others. Not thread-safe: whoever
    keeps it has a lock.
    """

    def __init__(self) -> None:
        self._fine = _Ring(10, 366)
        self._coarse = _Ring(300, 292)
        self._days = _Ring(DAY, 2)
        self._newest = 0  # number of the finest step

    def add(self, turn: Turn) -> None:
        """Enter a turn at the moment at which it ended."""
        at = turn.exchange.started_at + turn.exchange.timing.duration
        tally = self._fine.at(at)
        if tally is not None:
            tally.add(turn)
        if int(at // self._fine.step) > self._newest:
            self._newest = int(at // self._fine.step)
            self._pass_on()

    def between(self, start: float, end: float, step: int) -> list[Tally]:
        """Return tallies of `step` seconds each from `start` on, both multiples of 10.

        Of what lies more than an hour back, they are right where both are multiples of 300.
        """
        return [self._sum(each, each + step) for each in range(int(start), int(-(-end // step) * step), step)]

    def today(self, now: float) -> Tally:
        """Return the sum of this day, UTC."""
        total, midnight = Tally(), now // DAY * DAY
        for ring in (self._fine, self._days):
            ring.add_to(total, midnight, now)
        return total

    def _sum(self, start: int, end: int) -> Tally:
        total = Tally()
        self._fine.add_to(total, start, end)
        if start % self._coarse.step == 0 and end % self._coarse.step == 0:
            self._coarse.add_to(total, start, end)
        return total

    def _pass_on(self) -> None:
        for index in self._fine.outdated():
            old = self._fine.tallies.pop(index)
            for ring in (self._coarse, self._days):
                tally = ring.at(index * self._fine.step)
                if tally is not None:
                    tally.merge(old)
        for ring in (self._coarse, self._days):
            for number in ring.outdated():
                del ring.tallies[number]
