"""Requests that were not put into the conversation they are of: what was said of them."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.identity.traffic import Seen
from costproxy.model import Verdict

_EXAMPLES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """Requests that went wrong in one way."""

    kind: str  # "merged" with another conversation, "split" from its own, or "turn" if only that was told wrong
    verdict: Verdict
    requests: int
    examples: Sequence[str]


def wrong(seen: Sequence[Seen]) -> list[Wrong]:
    """Return what went wrong, the most frequent first; a conversation that is found belongs to who began it."""
    owner: dict[str, str] = {}
    main: dict[str, str] = {}
    sent: Counter[str] = Counter()
    found: defaultdict[tuple[str, Verdict], list[str]] = defaultdict(list)
    for each in seen:
        name, conversation = each.sent.conversation, each.placement.conversation
        first, own = owner.setdefault(conversation, name), main.setdefault(name, conversation)
        place = f"{name}#{sent[name]}"
        sent[name] += 1
        if first != name:
            found["merged", each.placement.verdict].append(f"{place} into {first}")
        elif own != conversation:
            found["split", each.placement.verdict].append(place)
        elif each.sent.turn not in (None, each.placement.turn):
            found["turn", each.placement.verdict].append(f"{place}: {each.placement.turn}, not {each.sent.turn}")
    return [
        Wrong(kind=kind, verdict=verdict, requests=len(places), examples=places[:_EXAMPLES])
        for (kind, verdict), places in sorted(found.items(), key=lambda item: -len(item[1]))
    ]
