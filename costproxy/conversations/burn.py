"""How fast money is spent: a rate that forgets, with a half-life of five minutes."""

from dataclasses import dataclass
from math import log

HALF_LIFE = 300.0  # seconds
_HOUR = 3600


@dataclass(slots=True)
class Burn:
    """An exponentially weighted rate of spending."""

    rate: float = 0.0  # p$ per second, at `at`
    at: float | None = None  # seconds since the epoch; None: nothing of known cost yet

    def spend(self, cost: int, at: float) -> None:
        """Enter `cost` p$ spent at a time; one that lies before the last counts as at the last."""
        self.rate = self._rate(at) + cost * log(2) / HALF_LIFE
        self.at = at if self.at is None else max(at, self.at)

    def per_hour(self, at: float) -> int | None:
        """Return p$ per hour as of a time; None before anything of known cost."""
        return None if self.at is None else round(self._rate(at) * _HOUR)

    def _rate(self, at: float) -> float:
        elapsed = 0.0 if self.at is None else max(0.0, at - self.at)
        return float(self.rate * 2.0 ** (-elapsed / HALF_LIFE))
