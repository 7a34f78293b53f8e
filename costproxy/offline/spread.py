"""How numbers are spread, in memory that does not grow with how many there are."""

from collections import Counter

_EXACT_TO = 1000
_DIGITS = 3  # that are kept of larger ones: shares are told to within half a percent of the number


class Spread:
    """Takes numbers in and tells below which one a share of them lies."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: Counter[float] = Counter()

    def __repr__(self) -> str:
        return f"<Spread of {len(self)}>"

    def __len__(self) -> int:
        return self._counts.total()

    def add(self, number: float) -> None:
        """Take a number in."""
        whole = isinstance(number, int) and abs(number) < _EXACT_TO
        self._counts[number if whole else float(f"{number:.{_DIGITS}g}")] += 1

    def at(self, share: float) -> float | None:
        """Return the least number that `share` (0 to 1) of them do not exceed; None if there are none."""
        wanted, seen = share * len(self), 0
        for number in sorted(self._counts):
            seen += self._counts[number]
            if seen >= wanted:
                return number
        return None
