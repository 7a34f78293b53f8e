"""One kind of mistake, made in many conversations, and what was reported."""

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.detectors.injections import INJECTIONS
from benchmarks.detectors.place import Injected
from benchmarks.detectors.provider import Provider
from benchmarks.identity.ask import Sent, Thread
from benchmarks.identity.recorded import Conversation
from benchmarks.identity.traffic import Seen, Traffic
from costproxy.model import Mistake, MistakeKind

Tick = Callable[[], None]

_AT_ONCE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A mistake that was reported, and where."""

    conversation: str
    request: int  # from 0
    mistake: Mistake


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What came of one kind of mistake."""

    kind: MistakeKind
    injected: int
    found: int  # of them, reported for the request they were made in
    placed: int  # of those, with the right message, or the right region where it is of no message
    with_place: int  # of those that were found, have a place to tell
    extra: Sequence[Alarm]  # of this kind, elsewhere
    others: Mapping[MistakeKind, int]  # reported beside, of other kinds and not implied
    missed: Sequence[str]  # "conversation#request"

    @property
    def precision(self) -> float | None:
        """The share of reports that were right; None without any."""
        reported = self.found + len(self.extra)
        return self.found / reported if reported else None

    @property
    def recall(self) -> float | None:
        """The share of mistakes that were reported; None where none could be made."""
        return self.found / self.injected if self.injected else None

    @property
    def place(self) -> float | None:
        """The share of reports that name the right place; None where there is none to name."""
        return self.placed / self.with_place if self.with_place else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """Conversations without a mistake, and what was reported nevertheless."""

    requests: int
    alarms: Sequence[Alarm]


def trial(kind: MistakeKind, of: Sequence[Conversation], *, seed: int, tick: Tick = lambda: None) -> Trial:
    """Make a mistake once in each conversation that allows it."""
    made = [_injected(kind, conversation, seed) for conversation in of]
    injected = {each.sent[0].conversation: each for each in made if each is not None}
    alarms = _alarms([each.sent for each in injected.values()], seed, tick)[1]
    of_kind = [each for each in alarms if each.mistake.kind is kind]
    found = {each.conversation for each in of_kind if _is_there(each, injected)}
    with_place = [
        each for name, each in injected.items() if name in found and (each.index, each.region) != (None, None)
    ]
    right = {each.conversation for each in of_kind if _is_right(each, injected)}
    implied = {(name, other) for name, each in injected.items() for other in each.implied}
    others = [each for each in alarms if each.mistake.kind is not kind]
    return Trial(
        kind=kind,
        injected=len(injected),
        found=len(found),
        placed=sum(each.sent[0].conversation in right for each in with_place),
        with_place=len(with_place),
        extra=[each for each in of_kind if not _is_there(each, injected)],
        others=Counter(
            each.mistake.kind
            for each in others
            if (each.conversation, each.mistake.kind) not in implied or not _is_there(each, injected)
        ),
        missed=[f"{name}#{each.request}" for name, each in injected.items() if name not in found],
    )


def quiet(of: Sequence[Conversation], *, seed: int, tick: Tick = lambda: None) -> Quiet:
    """Lead conversations as they were recorded."""
    requests, alarms = _alarms([[ask.sent for ask in Thread(each).asks()] for each in of], seed, tick)
    return Quiet(requests=requests, alarms=alarms)


def of_sessions(sessions: Sequence[Sequence[Sent]], *, seed: int, tick: Tick = lambda: None) -> Quiet:
    """Repeat recorded sessions: real clients, whose mistakes are not known beforehand."""
    requests, alarms = _alarms(sessions, seed, tick)
    return Quiet(requests=requests, alarms=alarms)


def _injected(kind: MistakeKind, conversation: Conversation, seed: int) -> Injected | None:
    return INJECTIONS[kind](conversation, random.Random(f"{seed} {kind} {conversation.name}"))


def _alarms(conversations: Sequence[Sequence[Sent]], seed: int, tick: Tick) -> tuple[int, list[Alarm]]:
    """Return how many requests were sent, and what was reported."""
    seen = Traffic(at_once=_AT_ONCE, seed=seed, bill=Provider().bill).run(conversations, tick)
    numbers: Counter[str] = Counter()
    alarms: list[Alarm] = []
    for each in seen:
        name = each.sent.conversation
        alarms += (Alarm(conversation=name, request=numbers[name], mistake=found) for found in _mistakes(each))
        numbers[name] += 1
    return len(seen), alarms


def _mistakes(seen: Seen) -> Sequence[Mistake]:
    return seen.placement.mistakes if seen.standing is None else seen.standing.mistakes


def _is_there(alarm: Alarm, injected: Mapping[str, Injected]) -> bool:
    return alarm.request == injected[alarm.conversation].request


def _is_right(alarm: Alarm, injected: Mapping[str, Injected]) -> bool:
    each, mistake = injected[alarm.conversation], alarm.mistake
    return _is_there(alarm, injected) and mistake.region is each.region and each.index in (None, mistake.index)
