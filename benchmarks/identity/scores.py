"""How well a partition of requests agrees with the true one."""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Agreement over pairs of requests: a pair is together or it is not, in truth and as found."""

    together: int  # pairs that are, and were found so
    found: int  # pairs that were found together
    true: int  # pairs that are together
    pairs: int  # all there are

    @property
    def precision(self) -> float:
        """The share of pairs found together that are: less than 1, conversations were merged."""
        return self.together / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """The share of pairs that are together and were found so: less than 1, conversations were split."""
        return self.together / self.true if self.true else 1.0

    @property
    def rand(self) -> float:
        """The adjusted Rand index: 1 for the true partition, about 0 for one that knows nothing of it."""
        if not self.pairs:
            return 1.0
        by_chance = self.found * self.true / self.pairs
        best = (self.found + self.true) / 2
        return (self.together - by_chance) / (best - by_chance) if best != by_chance else 1.0


def scores(truth: Sequence[Hashable], found: Sequence[Hashable]) -> Scores:
    """Compare two partitions, each given as the name of its part for every request in turn."""
    both = Counter(zip(truth, found, strict=True))
    return Scores(
        together=_pairs(both.values()),
        found=_pairs(Counter(found).values()),
        true=_pairs(Counter(truth).values()),
        pairs=_pairs([len(truth)]),
    )


def _pairs(sizes: Iterable[int]) -> int:
    return sum(size * (size - 1) // 2 for size in sizes)
