"""What one scenario came to."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.identity.baselines import FirstMessages, LongestPrefix
from benchmarks.identity.scores import Scores, scores
from benchmarks.identity.traffic import Seen
from benchmarks.identity.wrong import Wrong, wrong
from costproxy.model import MistakeKind

Key = tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """How well the conversations of one scenario were told apart."""

    name: str
    title: str
    requests: int
    conversations: int
    scores: Scores
    first_messages: Scores
    longest_prefix: Scores
    turns: float | None  # the share of requests whose turn was told right; None: it is not known
    said: float | None  # the share of missing replies that were reported; None: none was missing
    floors: Mapping[str, float]
    wrong: Sequence[Wrong] = ()

    @property
    def figures(self) -> Mapping[str, float | None]:
        """What a floor may be set for."""
        return {
            "precision": self.scores.precision,
            "recall": self.scores.recall,
            "rand": self.scores.rand,
            "turns": self.turns,
            "said": self.said,
        }

    @property
    def missed(self) -> Mapping[str, float]:
        """The floors that were missed."""
        return {name: floor for name, floor in self.floors.items() if (self.figures[name] or 0) < floor}


def finding(name: str, title: str, seen: Sequence[Seen], floors: Mapping[str, float], *, forgets: bool) -> Finding:
    """Compare what was found with the truth; `forgets`: no request but the first holds the reply before it."""
    truth = [each.sent.conversation for each in seen]
    first_messages, longest_prefix = FirstMessages(), LongestPrefix()
    with_turn = [each for each in seen if each.sent.turn is not None]
    right = sum(each.placement.turn == each.sent.turn for each in with_turn)
    return Finding(
        name=name,
        title=title,
        requests=len(seen),
        conversations=len(set(truth)),
        scores=scores(truth, [each.placement.conversation for each in seen]),
        first_messages=scores(truth, [first_messages.name(each.sent.prompt) for each in seen]),
        longest_prefix=scores(truth, [longest_prefix.name(each.sent.prompt) for each in seen]),
        turns=right / len(with_turn) if with_turn else None,
        said=_said(seen) if forgets else None,
        floors=floors,
        wrong=wrong(seen),
    )


def _said(seen: Sequence[Seen]) -> float | None:
    """Return the share of missing replies that were reported.

    Left out is what nobody can tell: requests that another conversation had sent before, to the last byte, since they
    might be repetitions, and those whose conversation had sent nothing so far that another had not sent too.
    """
    last: dict[str, Key] = {}
    senders: defaultdict[Key, set[str]] = defaultdict(set)
    found = missing = 0
    for each in seen:
        name, key = each.sent.conversation, tuple(map(bytes, each.sent.prompt.messages))
        before = last.get(name)
        if before is not None and senders[before] == {name} and senders[key] <= {name}:
            missing += 1
            found += _is_reported(each)
        senders[key].add(name)
        last[name] = key
    return found / missing if missing else None


def _is_reported(each: Seen) -> bool:
    return any(mistake.kind is MistakeKind.REPLY_DROPPED for mistake in each.placement.mistakes)
