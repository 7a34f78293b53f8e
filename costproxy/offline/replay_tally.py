"""What a replay keeps of one conversation, and of one source, while it may go on."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from costproxy.model import ContextUse, Totals
from costproxy.offline.recorded_request import Truth


@dataclass(slots=True, kw_only=True)
class ConversationTally:
    """One conversation as it was found."""

    id: str
    source: str  # of its first request
    mixed: bool = False  # other recorded conversations or sessions have requests in it, too
    turn: int = 0
    grown: int = 0  # tokens that are new in the present turn
    totals: Totals = field(default_factory=Totals)
    fullest: ContextUse | None = None
    warned: int = 0  # the highest threshold that was crossed, percent

    def fill(self, context: ContextUse | None, crossed: tuple[int, ...]) -> None:
        """Take how full the context window is with one of its prompts."""
        if context is not None and (self.fullest is None or context.ratio > self.fullest.ratio):
            self.fullest = context
        self.warned = max(self.warned, *crossed, 0)


@dataclass(slots=True, kw_only=True)
class SourceTally:
    """One recorded conversation or session, and what it was found to be."""

    truth: Truth
    conversation: str  # that its first request was found in
    split: bool = False  # found as several


Kept = TypeVar("Kept")


class Recent(Generic[Kept]):
    """The things used last, by name; those that have to go are handed over first."""

    def __init__(self, most: int, gone: Callable[[Kept], None]) -> None:
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._most = most
        self._gone = gone

    def __repr__(self) -> str:
        return f"<Recent {len(self._kept)} of {self._most}>"

    def get(self, name: str, make: Callable[[], Kept]) -> Kept:
        """Return the thing of that name, made if there is none."""
        kept = self._kept.get(name)
        if kept is None:
            kept = self._kept[name] = make()
            if len(self._kept) > self._most:
                self._gone(self._kept.popitem(last=False)[1])
        else:
            self._kept.move_to_end(name)
        return kept

    def close(self) -> None:
        """Hand all over."""
        for kept in self._drained():
            self._gone(kept)

    def _drained(self) -> Iterator[Kept]:
        while self._kept:
            yield self._kept.popitem(last=False)[1]
