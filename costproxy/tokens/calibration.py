"""Learns from bills how a model's tokens relate to our count of them.

A model that counts with a vocabulary of its own bills some factor of what we count, and one with a prompt of its
own adds a fixed number. Both are learned per model, with and without tools, one bill at a time and in constant
memory: recursive least squares on relative errors, in which outliers are bounded (Huber).
"""

from collections import OrderedDict
from dataclasses import dataclass

from costproxy.tokens.prompt_count import Count

_FORGET = 0.995  # weight of a bill after the next one
_BOUND = 3.0  # scales beyond which an error counts no more than one at the bound
_BOUND_FROM = 8  # bills after which errors are bounded
_SMALLEST = 16  # tokens; shorter prompts weigh as much as one of this length
_RATIO = (0.3, 3.0)
_LEAST_SCALE = 0.005
_LAST = 50  # bills over which errors are compared
_SPREAD = 2.5  # scales on either side of a prediction


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationKey:
    """What is learned together."""

    provider: str  # its name or dialect
    model: str  # as billed
    has_tools: bool


class Calibrator:
    """`billed = fixed + ratio * counted`, learned for one key.

    `better` says whether that has lately been closer to the bills than the count itself; before three bills it
    never has. Where our count is right already, calibrating can only harm.
    """

    __slots__ = ("_calibrated_error", "_p", "_raw_error", "_scale", "bills", "fixed", "ratio")

    def __init__(self) -> None:
        self.fixed, self.ratio = 0.0, 1.0  # tokens, and tokens billed per token counted
        self.bills = 0
        self._p = (1e5, 0.0, 0.05)  # the symmetric matrix's corners and its other element: 00, 01, 11
        self._scale: float | None = None
        self._raw_error = self._calibrated_error = 0.0  # mean relative errors of the last bills, made before each

    def __repr__(self) -> str:
        return f"<Calibrator billed={self.fixed:.0f}+{self.ratio:.3f}*counted bills={self.bills} better={self.better}>"

    @property
    def better(self) -> bool:
        """Whether calibrated counts have been closer to the last bills than our own."""
        return self.bills > 2 and self._calibrated_error < self._raw_error

    def predict(self, counted: int) -> int:
        """Return the tokens that a prompt counted as `counted` is likely to be billed as."""
        return max(0, round(self.fixed + self.ratio * counted))

    def spread(self, counted: int) -> int:
        """Return by how much a prediction may be off, in tokens."""
        return round(_SPREAD * (self._scale or 1.0) * max(counted, _SMALLEST))

    def learn(self, counted: int, billed: int) -> None:
        """Take in one exact bill."""
        self._compare(counted, billed)
        weight = 1 / max(counted, _SMALLEST)
        a0, a1 = weight, weight * counted
        error = billed * weight - a0 * self.fixed - a1 * self.ratio
        self._update(a0, a1, error, self._trust(error))
        self.ratio = min(max(self.ratio, _RATIO[0]), _RATIO[1])
        self._rescale(abs(error))
        self.bills += 1

    def _trust(self, error: float) -> float:
        if self.bills < _BOUND_FROM or self._scale is None or not error:
            return 1.0
        return min(1.0, _BOUND * self._scale / abs(error))

    def _update(self, a0: float, a1: float, error: float, trust: float) -> None:
        p00, p01, p11 = self._p
        pa0, pa1 = p00 * a0 + p01 * a1, p01 * a0 + p11 * a1
        gain = trust / (_FORGET + trust * (a0 * pa0 + a1 * pa1))
        self.fixed += gain * pa0 * error
        self.ratio += gain * pa1 * error
        self._p = (
            (p00 - gain * pa0 * pa0) / _FORGET,
            (p01 - gain * pa0 * pa1) / _FORGET,
            (p11 - gain * pa1 * pa1) / _FORGET,
        )

    def _rescale(self, error: float) -> None:
        if self._scale is None:
            self._scale = max(error, _LEAST_SCALE)
            return
        step = (min(error, 5 * self._scale) - self._scale) / min(self.bills + 2, _LAST)
        self._scale = max(self._scale + step, _LEAST_SCALE)

    def _compare(self, counted: int, billed: int) -> None:
        share = 1 / min(self.bills + 1, _LAST)
        self._raw_error += share * (_miss(counted, billed) - self._raw_error)
        self._calibrated_error += share * (_miss(self.predict(counted), billed) - self._calibrated_error)


def _miss(guess: int, billed: int) -> float:
    """Return the relative error of a guess, no more than 1, so that one outlier does not decide."""
    return min(abs(guess - billed) / max(billed, 1), 1.0)


class Calibrators:
    """The calibrators of one process, by key, the least lately used forgotten first."""

    def __init__(self, *, most: int = 256) -> None:
        self._most = most
        self._by_key: OrderedDict[CalibrationKey, Calibrator] = OrderedDict()

    def __repr__(self) -> str:
        return f"<Calibrators {len(self._by_key)}/{self._most}>"

    def __len__(self) -> int:
        """Return how many keys there are."""
        return len(self._by_key)

    def get(self, key: CalibrationKey) -> Calibrator | None:
        """Return what was learned for `key`; None if nothing was."""
        return self._by_key.get(key)

    def learn(self, key: CalibrationKey, count: Count, *, billed: int) -> bool:
        """Take in a bill, unless the prompt held pictures, recordings or things not counted; tell whether it was taken.

        The caller sees to it that the bill is labelled exact and that the provider ran no tools of its own.
        """
        if count.uncounted or count.media or count.gap is not None or billed <= 0 or count.tokens <= 0:
            return False
        self._by_key.setdefault(key, Calibrator()).learn(count.tokens, billed)
        self._by_key.move_to_end(key)
        while len(self._by_key) > self._most:
            self._by_key.popitem(last=False)
        return True
