"""The figures of a run, and what is made of them: medians, and ratios of what was measured side by side."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.contenders import BARE, COSTPROXY, DIRECT
from benchmarks.rows import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """costproxy's figure over that of bare aiohttp, each round's by itself."""

    median: float
    least: float
    most: float


@dataclass(slots=True)
class Results:
    """Figures by row and contender, one for each round."""

    _figures: dict[tuple[str, str], list[float]] = field(default_factory=dict)

    def add(self, row: str, contender: str, figure: float) -> None:
        """Take in a figure of the round that is being measured."""
        self._figures.setdefault((row, contender), []).append(figure)

    def of(self, row: Row, contender: str) -> list[float]:
        """Return the figures of a contender by round, as the row shows them; empty if there are none."""
        figures = self._figures.get((row.name, contender), [])
        if not row.added or contender == DIRECT:
            return figures
        return [mine - base for mine, base in zip(figures, self._figures[row.name, DIRECT], strict=True)]

    def median(self, row: Row, contender: str) -> float | None:
        """Return the median of a contender's figures, None if there are none."""
        figures = self.of(row, contender)
        return statistics.median(figures) if figures else None

    def ratio(self, row: Row) -> Ratio | None:
        """Return costproxy over bare aiohttp; None where an added latency is lost in noise."""
        mine, base = self.of(row, COSTPROXY), self.of(row, BARE)
        if not base or min(*mine, *base) <= 0:
            return None
        ratios = [one / other for one, other in zip(mine, base, strict=True)]
        return _summary(ratios)


def _summary(ratios: Sequence[float]) -> Ratio:
    return Ratio(median=statistics.median(ratios), least=min(ratios), most=max(ratios))
