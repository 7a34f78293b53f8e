"""Why requests of recorded sessions were put together with others, or kept apart from their own."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.identity.ask import Sent
from benchmarks.identity.sessions import messages_of, told_of
from benchmarks.identity.traffic import Seen

_SYSTEM = ("system", "developer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A reason, in how many requests it was one, and one of them."""

    kind: str  # "merged" or "split"
    why: str
    requests: int
    example: str


def causes(seen: Sequence[Seen]) -> list[Cause]:
    """Return the reasons, the most frequent first."""
    owner: dict[str, str] = {}  # conversation found: the session of its first request
    main: dict[str, str] = {}  # session: the conversation of its first request
    before: dict[str, list[list[str]]] = {}  # session: its requests so far
    found: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], str] = {}
    for each in seen:
        session, conversation = each.sent.conversation, each.placement.conversation
        said = _said(each.sent)
        first = owner.setdefault(conversation, session)
        own = main.setdefault(session, conversation)
        reason = None
        if first != session:
            reason = ("merged", _why_merged(said, before.get(first, [])))
        elif own != conversation:
            reason = ("split", _why_split(each.sent, said, before[session]))
        if reason:
            found[reason] += 1
            number = len(before.get(session, ()))
            examples.setdefault(reason, f"{session}#{number}" + (f" with {first}" if first != session else ""))
        before.setdefault(session, []).append(said)
    return _listed(found, examples)


def _listed(found: Mapping[tuple[str, str], int], examples: Mapping[tuple[str, str], str]) -> list[Cause]:
    ordered = sorted(found.items(), key=lambda item: -item[1])
    return [Cause(kind=kind, why=why, requests=count, example=examples[kind, why]) for (kind, why), count in ordered]


def _said(sent: Sent) -> list[str]:
    return [told_of(message) for message in messages_of(sent.prompt) if message.get("role") not in _SYSTEM]


def _why_merged(said: Sequence[str], others: Sequence[Sequence[str]]) -> str:
    if any(list(other) == list(said) for other in others):
        return "the same messages, to the last, in another session"
    common = max((_common(said, other) for other in others), default=0)
    if common > 1:
        return "the same opening and reply in another session"
    return "the same opening in another session" if common else "something else of another session"


def _why_split(sent: Sent, said: Sequence[str], before: Sequence[Sequence[str]]) -> str:
    if sent.prompt.claim.previous is not None:
        return "names a reply that is not known"
    if any(list(said) == list(other) for other in before):
        return "the same request once more, with no reply in it that was seen"
    if len(said) == 1 and any(list(said) == list(other)[:1] for other in before):
        return "the same opening once more, with no reply in it"
    common = max((_common(said, other) for other in before), default=0)
    if common:
        return "goes on from its session, which was not seen"
    known = {each for other in before for each in other}
    return "some messages of its session, none of them first" if known & set(said) else "nothing of its session in it"


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """Return how many messages lead both."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((index for index, (a, b) in pairs if a != b), min(len(one), len(other)))
