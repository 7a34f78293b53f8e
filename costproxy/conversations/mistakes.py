"""What an application does wrong with its history, as far as one request shows it."""

from collections.abc import Iterator, Sequence

from costproxy.conversations.candidates import Match
from costproxy.conversations.canonical import Kind
from costproxy.conversations.facts import Facts
from costproxy.conversations.request import Request
from costproxy.model import Mistake, MistakeKind, Verdict

_SAME_AGAIN = (Verdict.RETRY, Verdict.DUPLICATE)


def mistakes_of_reply(request: Request, match: Match) -> Iterator[Mistake]:
    """Yield what became of the reply that the request goes on from, each once."""
    round_ = match.round
    if match.verdict is Verdict.DUPLICATE:
        yield Mistake(kind=MistakeKind.DUPLICATE_IN_FLIGHT)
    kind = _REPLIES.get(match.verdict)
    if kind and round_ and not round_.told:
        round_.told = True
        yield Mistake(kind=kind, index=request.ends[match.links - 1])
    if match.verdict in _SAME_AGAIN:
        return
    links = request.links
    for place in range(max(1, match.links), len(links)):
        if _is_again(links[place - 1], links[place]):
            yield Mistake(kind=MistakeKind.REPLY_DUPLICATED, index=request.starts[place])


def mistakes_of_frame(request: Request, match: Match) -> Iterator[Mistake]:
    """Yield that the instructions or the tools are others than in the thread's last request."""
    thread = match.thread
    if thread.sent_count < 0 or match.verdict in _SAME_AGAIN:
        return
    if thread.system != request.system:
        yield Mistake(kind=MistakeKind.SYSTEM_CHANGED, index=request.first_instruction)
    if thread.tools != request.tools:
        yield Mistake(kind=MistakeKind.TOOLS_CHANGED)


def orphans(request: Request, start: int) -> Iterator[tuple[int, int]]:
    """Yield `(digest, place)` of each result of a tool, from `start` on, whose call is not before it.

    Where messages stand for something that is stored elsewhere, nothing can be told.
    """
    facts = request.facts
    if not [True for each in facts[start:] if each.answers] or [True for each in facts if each.refers]:
        return
    near = start  # the calls are nearly always right before their results, and all before them need not be looked at
    while near and facts[near].answers:
        near -= 1
    found = list(_without_call(facts, near, start))
    yield from _without_call(facts, 0, start) if found and near else found


def _without_call(facts: Sequence[Facts], first: int, start: int) -> Iterator[tuple[int, int]]:
    """Yield what `orphans` does, as if the messages began with the one at `first`, which brings no result."""
    made, answered = set[int](), set[int]()
    for place, each in enumerate(facts[first:], first):
        if answered and not each.answers:  # whoever uses an id again makes the call again
            made -= answered
            answered = set()
        if place >= start:
            for answer in each.answers:
                if not _is_made(answer, made):
                    yield answer or each.digest, place
        answered.update(answer for answer in each.answers if answer)
        made.update(each.makes)


_REPLIES = {
    Verdict.MISSING_REPLY: MistakeKind.REPLY_DROPPED,
    Verdict.EDITED_REPLY: MistakeKind.REPLY_ALTERED,
}


def _is_again(before: Facts, each: Facts) -> bool:
    both = before.kind is Kind.ASSISTANT and each.kind is Kind.ASSISTANT
    return both and each.digest == before.digest and each.makes == before.makes and each.length > 0


def _is_made(answer: int, made: set[int]) -> bool:
    """Tell whether a call was made; where one of the two has no id, any call will do."""
    return answer in made or 0 in made or (not answer and bool(made))
