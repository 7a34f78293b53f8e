"""What happened of late, in bounded memory: turns of conversations, sums over time, refusals."""

import copy
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from threading import Lock

import msgspec

from costproxy.model import Turn
from costproxy.recording.pulse import Pulse
from costproxy.recording.recent_turn import RecentTurn, recent_turn
from costproxy.recording.refused import Refusals, Refused
from costproxy.recording.tally import Spend, Tally

CONVERSATIONS = 500
TURNS = 64  # of each

_DECODER = msgspec.msgpack.Decoder(RecentTurn)
_encode = msgspec.msgpack.encode


@dataclass(slots=True)
class _History:
    turns: deque[bytes]
    count: int = 0  # all, those that are no longer kept too
    spend: Spend = field(default_factory=Spend)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The last turns of a conversation, oldest first."""

    turns: tuple[RecentTurn, ...]
    count: int  # of all turns, those that are no longer kept too
    spend: Spend  # of all of them


class Recent:
    """A sink that forgets: the last 64 turns of the last 500 conversations, and sums of a day.

    Several threads may use it at once.
    """

    def __init__(self, *, conversations: int = CONVERSATIONS, turns: int = TURNS) -> None:
        self._most = max(1, conversations)
        self._turns = max(1, turns)
        self._histories: OrderedDict[str, _History] = OrderedDict()
        self._pulse = Pulse()
        self._refused = Refused()
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"<Recent conversations={len(self._histories)}>"

    def record(self, turn: Turn) -> None:
        """Take a turn."""
        kept = recent_turn(turn)
        line = _encode(kept) if kept is not None else b""
        with self._lock:
            self._pulse.add(turn)
            self._refused.add(turn)
            if turn.standing is not None:
                self._keep(turn.standing.placement.conversation, line, turn)

    def history(self, conversation: str) -> History | None:
        """Return the last turns of a conversation; None: it is not among those that are kept."""
        with self._lock:
            kept = self._histories.get(conversation)
            if kept is None:
                return None
            lines, count, spend = list(kept.turns), kept.count, copy.copy(kept.spend)
        return History(turns=tuple(map(_DECODER.decode, lines)), count=count, spend=spend)

    def spend(self, conversation: str) -> Spend | None:
        """Return what a conversation cost, by what that is told from; None: as in `history`."""
        with self._lock:
            kept = self._histories.get(conversation)
            return copy.copy(kept.spend) if kept is not None else None

    def between(self, start: float, end: float, step: int) -> list[Tally]:
        """Return sums over time; see `Pulse.between`."""
        with self._lock:
            return self._pulse.between(start, end, step)

    def today(self, now: float) -> Tally:
        """Return the sum of this day, UTC."""
        with self._lock:
            return self._pulse.today(now)

    def refused(self) -> list[tuple[tuple[str, str | None, str | None], Refusals]]:
        """Return refusals by upstream, application and model."""
        with self._lock:
            return copy.deepcopy(self._refused.items())

    def _keep(self, conversation: str, line: bytes, turn: Turn) -> None:
        history = self._histories.get(conversation)
        if history is None:
            history = self._histories[conversation] = _History(turns=deque(maxlen=self._turns))
            if len(self._histories) > self._most:
                self._histories.popitem(last=False)
        else:
            self._histories.move_to_end(conversation)
        history.turns.append(line)
        history.count += 1
        history.spend.add(turn.cost)
