"""Sums over replayed requests, and over the conversations that they were found to be."""

import heapq
from collections import Counter
from dataclasses import dataclass

from costproxy.model import Part, Standing, Turn
from costproxy.model.money import Cost, CostQuality
from costproxy.offline.recorded_request import RecordedRequest, RecordedSource, Truth
from costproxy.offline.replay_tally import ConversationTally, Recent, SourceTally
from costproxy.offline.spread import Spread

_REMEMBERED = 20_000  # conversations, and sources, that may still go on: as many as the proxy itself remembers
_SHOWN_LEAST = 3
_UNKNOWN_MODEL = "unknown model"  # as the price list says
_MOST_REASONS = 1000  # names of models come from strangers
# The last turn of each row of the chart.
ROWS = (1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50, 100, None)


@dataclass(slots=True)
class Found:
    """What recorded sources of one kind were found to be."""

    whole: int = 0  # as one conversation
    split: int = 0


@dataclass(slots=True)
class Row:
    """Prompts of some turns, all added up."""

    requests: int = 0
    resent: int = 0  # tokens
    new: int = 0


class ReplaySums:
    """Takes requests in; its memory does not grow with their number."""

    def __init__(self, *, top: int) -> None:
        """Take how many of the worst conversations are kept."""
        self.requests = 0
        self.unasked = 0  # conversations whose last question is left out
        self.as_sent = 0  # lists of messages that were taken for one request, though replies stand in them
        self.homeless: Counter[str] = Counter()  # requests without a conversation, by why
        self.conversations = 0
        self.mixed = 0  # conversations with requests of several sources
        self.verdicts: Counter[str] = Counter()
        self.told_by: Counter[str] = Counter()
        self.ambiguous = 0
        self.found: dict[Truth, Found] = {}
        self.prompt: Counter[str] = Counter()  # tokens by quality
        self.completion: Counter[str] = Counter()
        self.unanswered = 0  # requests whose reply was not recorded, nor its usage
        self.unknown_prompts = 0
        self.resent = self.new = 0  # tokens
        self.resent_cost = self.new_cost = 0  # p$
        self.amounts: Counter[CostQuality] = Counter()  # p$
        self.costs: Counter[CostQuality] = Counter()  # requests
        self.unpriced: Counter[str] = Counter()  # requests, by why
        self.parts: Counter[Part] = Counter()  # tokens
        self.rows: dict[int | None, Row] = {}  # by last turn of the row
        self.turns, self.growth, self.amplification = Spread(), Spread(), Spread()
        self.longest: ConversationTally | None = None
        self.windows = 0  # conversations whose window is known
        self.over: Counter[int] = Counter()  # conversations by the highest threshold that they crossed, percent
        self.mistakes: Counter[str] = Counter()
        self.examples: dict[str, str] = {}  # the first place of each kind of mistake
        self._top = top
        self._fullest: list[tuple[float, int, ConversationTally]] = []
        self._worst: list[tuple[int, int, ConversationTally]] = []
        self._live: Recent[ConversationTally] = Recent(_REMEMBERED, self._conversation_over)
        self._sources: Recent[SourceTally] = Recent(_REMEMBERED, self._source_over)

    def __repr__(self) -> str:
        return f"<ReplaySums of {self.requests} requests>"

    def begin(self, source: RecordedSource) -> RecordedSource:
        """Take in how a source was read, and return it."""
        self.unasked += source.unasked
        self.as_sent += source.as_sent
        return source

    def add(self, recorded: RecordedRequest, turn: Turn) -> None:
        """Take a request in."""
        self.requests += 1
        self._add_cost(turn.cost, turn.model)
        self._add_tokens(recorded, turn)
        if turn.standing is None:
            self.homeless[turn.exchange.unmetered or "no messages"] += 1
            return
        self._add_placement(recorded, turn.standing)
        self._add_growth(recorded, turn.standing)
        for mistake in turn.standing.mistakes:
            self.mistakes[mistake.kind] += 1
            where = f"{recorded.source}#{recorded.index}"
            message = "" if mistake.index is None else f", message {mistake.index}"
            self.examples.setdefault(mistake.kind, where + message)

    def close(self) -> None:
        """Take all conversations and sources for over; nothing may be added after this."""
        self._live.close()
        self._sources.close()

    @property
    def worst(self) -> list[ConversationTally]:
        """Conversations that sent the most tokens again, the worst first."""
        return [tally for _, _, tally in sorted(self._worst, reverse=True)]

    @property
    def fullest(self) -> list[ConversationTally]:
        """Conversations that came nearest to the end of their context window, the nearest first."""
        return [tally for _, _, tally in sorted(self._fullest, reverse=True)]

    def _add_cost(self, cost: Cost | None, model: str | None) -> None:
        if cost is None:
            return
        self.costs[cost.quality] += 1
        self.amounts[cost.quality] += cost.total or 0
        if cost.total is None:
            why = cost.reason or "unknown"
            name = f"{why}: {model or 'none named'}" if why == _UNKNOWN_MODEL else why
            self.unpriced[name if name in self.unpriced or len(self.unpriced) < _MOST_REASONS else "other"] += 1

    def _add_tokens(self, recorded: RecordedRequest, turn: Turn) -> None:
        if turn.usage is None:
            self.unknown_prompts += 1
            return
        self.prompt[turn.usage.quality] += turn.usage.prompt
        if not_answered(recorded):
            self.unanswered += 1
        else:
            self.completion[turn.usage.quality] += turn.usage.completion

    def _add_placement(self, recorded: RecordedRequest, standing: Standing) -> None:
        placement = standing.placement
        self.verdicts[placement.verdict] += 1
        self.told_by[placement.source] += 1
        self.ambiguous += placement.ambiguous
        if recorded.truth is not Truth.UNKNOWN:
            id_ = placement.conversation
            source = self._sources.get(recorded.source, lambda: SourceTally(truth=recorded.truth, conversation=id_))
            source.split |= source.conversation != id_

    def _add_growth(self, recorded: RecordedRequest, standing: Standing) -> None:
        id_, turn = standing.placement.conversation, standing.placement.turn
        tally = self._live.get(id_, lambda: self._begun(id_, recorded.source))
        tally.mixed |= recorded.truth is not Truth.UNKNOWN and tally.source != recorded.source
        if turn > tally.turn:
            self._turn_over(tally)
            tally.turn = turn
        tally.totals = standing.totals
        tally.fill(standing.context, standing.crossed)
        for part, tokens in standing.composition.items():
            self.parts[part] += tokens
        if standing.new is None or standing.resent is None:
            return
        tally.grown += standing.new
        self.new += standing.new
        self.resent += standing.resent
        self.new_cost += standing.new_cost or 0
        self.resent_cost += standing.resent_cost or 0
        row = self.rows.setdefault(row_of(turn), Row())
        row.requests += 1
        row.new += standing.new
        row.resent += standing.resent

    def _begun(self, id_: str, source: str) -> ConversationTally:
        self.conversations += 1
        return ConversationTally(id=id_, source=source)

    def _turn_over(self, tally: ConversationTally) -> None:
        if tally.grown:
            self.growth.add(tally.grown)
        tally.grown = 0

    def _conversation_over(self, tally: ConversationTally) -> None:
        self._turn_over(tally)
        self.mixed += tally.mixed
        self.turns.add(tally.turn)
        if self.longest is None or tally.turn > self.longest.turn:
            self.longest = tally
        amplification = tally.totals.amplification
        if amplification is not None and tally.totals.requests > 1:
            self.amplification.add(amplification)
        self._keep(tally)

    def _keep(self, tally: ConversationTally) -> None:
        order = -len(self.turns)  # of equals the earlier one stays
        if tally.fullest is not None:
            self.windows += 1
            if tally.warned:
                self.over[tally.warned] += 1
            _push(self._fullest, (tally.fullest.ratio, order, tally), max(self._top, _SHOWN_LEAST))
        again = tally.totals.prompt - tally.totals.new
        _push(self._worst, (again, order, tally), self._top)

    def _source_over(self, tally: SourceTally) -> None:
        found = self.found.setdefault(tally.truth, Found())
        found.split += tally.split
        found.whole += not tally.split


def not_answered(recorded: RecordedRequest) -> bool:
    """Tell whether nothing was recorded of a reply: then how many tokens it had is unknown."""
    return recorded.response is None and recorded.message is None and recorded.usage is None


def row_of(turn: int) -> int | None:
    """Return the last turn of the row that a turn belongs to, None for the last row."""
    return next((last for last in ROWS if last is None or turn <= last), None)


def _push(heap: list, item: tuple, most: int) -> None:  # type: ignore[type-arg]
    if len(heap) < most:
        heapq.heappush(heap, item)
    elif most:
        heapq.heappushpop(heap, item)
