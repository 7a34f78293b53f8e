"""When a quota will be used up: how fast it is used, against how fast it fills again."""

from dataclasses import dataclass
from math import log

from costproxy.model import Quota, Window

HALF_LIFE = 60.0  # seconds
_DAY = 86_400.0
_FOREVER = 366 * _DAY  # what lasts longer than a year is not running out
_SECONDS = {
    Window.SECONDS_10: 10.0,
    Window.MINUTE: 60.0,
    Window.HOUR: 3600.0,
    Window.DAY: _DAY,
    Window.MONTH: 30 * _DAY,
}


@dataclass(slots=True)
class Use:
    """How fast something is used: an exponentially weighted rate that forgets half in a minute."""

    rate: float = 0.0  # per second, at `at`
    at: float | None = None  # None: nothing used yet

    def add(self, count: int, at: float) -> None:
        """Enter what was used at a time; what comes late counts for as little as it would by now."""
        last = at if self.at is None else max(at, self.at)
        self.rate = self.per_second(last) + count * log(2) / HALF_LIFE * _left(last - at)
        self.at = last

    def per_second(self, at: float) -> float:
        """Return the rate as of a time; of an earlier one than the last entry, as of that."""
        return 0.0 if self.at is None else self.rate * _left(max(0.0, at - self.at))


def _left(seconds: float) -> float:
    return float(2.0 ** (-seconds / HALF_LIFE))


def time_to_exhaustion(quota: Quota, use: float | None) -> float | None:
    """Return the seconds in which a quota is used up at a rate of `use` per second.

    None: it fills up at least as fast, or not within a year; or its limit, rest or window, or the use, is unknown.
    What others use of it is not seen, so it may take less.
    """
    seconds = _SECONDS.get(quota.window)
    if use is None or seconds is None or quota.limit is None or quota.remaining is None:
        return None
    loss = use - quota.limit / seconds
    if loss <= 0 or quota.remaining > loss * _FOREVER:
        return None
    return quota.remaining / loss
