"""Sums over audited exchanges: by model and kind, and of all together, never mixing qualities."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from costproxy.model import Turn
from costproxy.model.money import Cost, CostQuality
from costproxy.offline.audit_text import plain_dollars, table
from costproxy.offline.auditor import Audited

HEADER = ("model", "at", "kind", "tokens", "quality", "cost, $", "quality", "source")
NUMBERS = frozenset({3, 5})
UNKNOWN = "unknown"
_QUALITIES = tuple(CostQuality)  # the better first
_MONEY = (CostQuality.EXACT, CostQuality.ADJUSTED, CostQuality.ESTIMATED)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    model: str
    dialect: str
    kind: str
    tokens_quality: str  # "" for what is not made of tokens
    cost_quality: str
    source: str


@dataclass(slots=True, kw_only=True)
class _Comparison:
    """What billers reported beside what usage and prices give, of exchanges that have both."""

    exchanges: int = 0
    equal: int = 0
    reported: int = 0  # p$
    computed: int = 0  # p$
    reported_only: int = 0  # exchanges without a computed cost

    def told(self) -> str:
        alone = f"{self.reported_only:,} without a computed cost" if self.reported_only else ""
        if not self.exchanges:
            return alone
        ratio = f", ratio {self.reported / self.computed:.6f}" if self.computed else ""
        amounts = f"${plain_dollars(self.reported)} against ${plain_dollars(self.computed)}{ratio}"
        return f"{amounts}; {self.equal:,} of {self.exchanges:,} equal" + (f"; {alone}" if alone else "")


class Report:
    """Takes exchanges in, and tells their sums: whole p$ and whole tokens, so that nothing is lost."""

    def __init__(self) -> None:
        self._tokens: Counter[_Row] = Counter()
        self._pico: Counter[_Row] = Counter()
        self._order: dict[str, int] = {}  # of kinds, as they come
        self._outcomes: Counter[str] = Counter()
        self._unmetered: Counter[str] = Counter()
        self._unpriced: Counter[str] = Counter()
        self._requests: Counter[CostQuality] = Counter()
        self._totals: Counter[CostQuality] = Counter()
        self._compared: dict[str, _Comparison] = {}  # by dialect

    def __repr__(self) -> str:
        return f"<Report of {self.exchanges} exchanges>"

    @property
    def exchanges(self) -> int:
        """How many were taken in."""
        return self._outcomes.total() + self._unmetered.total()

    def add(self, audited: Audited) -> None:
        """Take an exchange in."""
        turn = audited.turn
        if turn.exchange.reply is None:
            self._unmetered[turn.exchange.unmetered or "unknown"] += 1
            return
        self._outcomes[turn.outcome] += 1
        if turn.cost is not None:
            self._add_kinds(turn, turn.cost)
            self._add_total(turn.cost)
            self._compare(turn.exchange.dialect, turn.cost)

    def _add_kinds(self, turn: Turn, cost: Cost) -> None:
        tokens = {str(kind): count for kind, count in turn.usage.by_kind()} if turn.usage else {}
        quality = turn.usage.quality.value if turn.usage else ""
        for kind in [*tokens, *map(str, cost.parts)]:
            self._order.setdefault(kind, len(self._order))
        for kind in dict.fromkeys([*(kind for kind, count in tokens.items() if count), *map(str, cost.parts)]):
            row = _Row(
                model=turn.model or UNKNOWN,
                dialect=turn.exchange.dialect,
                kind=kind,
                tokens_quality=quality if kind in tokens else "",
                cost_quality=cost.quality,
                source=cost.source,
            )
            self._tokens[row] += tokens.get(kind, 0)
            self._pico[row] += cost.parts.get(kind, 0)

    def _add_total(self, cost: Cost) -> None:
        self._requests[cost.quality] += 1
        self._totals[cost.quality] += cost.total or 0
        if cost.total is None:
            self._unpriced[cost.reason or UNKNOWN] += 1

    def _compare(self, dialect: str, cost: Cost) -> None:
        if cost.reported is None:
            return
        sums = self._compared.setdefault(dialect, _Comparison())
        if cost.computed is None:
            sums.reported_only += 1
            return
        sums.exchanges += 1
        sums.equal += cost.reported == cost.computed
        sums.reported += cost.reported
        sums.computed += cost.computed

    def lines(self) -> Iterator[str]:
        """Yield the table, and a blank line after it; nothing if there is nothing in it."""
        rows = sorted(self._tokens, key=self._place)
        if rows:
            yield from table(HEADER, [self._shown(row) for row in rows], right=NUMBERS)
            yield ""

    def _place(self, row: _Row) -> tuple[str, str, int, int, str, str]:
        quality = _QUALITIES.index(CostQuality(row.cost_quality))
        return row.model, row.dialect, self._order[row.kind], quality, row.tokens_quality, row.source

    def _shown(self, row: _Row) -> tuple[str, ...]:
        tokens = f"{self._tokens[row]:,}" if row.tokens_quality else ""
        known = row.cost_quality != CostQuality.UNKNOWN
        cost = plain_dollars(self._pico[row]) if known else UNKNOWN
        source = row.source if known else ""
        return row.model, row.dialect, row.kind, tokens, row.tokens_quality, cost, row.cost_quality, source

    def summary(self) -> Iterator[str]:
        """Yield what all exchanges come to, each quality apart."""
        yield f"exchanges: {self.exchanges:,}{_listed(self._outcomes)}"
        if self._unmetered:
            yield f"not metered: {self._unmetered.total():,}{_listed(self._unmetered)}; what they cost is unknown"
        yield "cost: " + ", ".join(self._amounts())
        if self._unpriced:
            yield f"cost unknown: {self._unpriced.total():,}{_listed(self._unpriced)}"
        for dialect, sums in sorted(self._compared.items()):
            yield f"reported against computed, {dialect}: {sums.told()}"

    def _amounts(self) -> Iterator[str]:
        for quality in _MONEY:
            yield f"{quality} ${plain_dollars(self._totals[quality])} ({self._requests[quality]:,})"
        yield f"unknown ({self._requests[CostQuality.UNKNOWN]:,})"
        yield f"not billed ({self._requests[CostQuality.NOT_BILLED]:,})"


def _listed(counts: Counter[str]) -> str:
    told = ", ".join(f"{name} {count:,}" for name, count in counts.most_common())
    return f" ({told})" if told else ""
