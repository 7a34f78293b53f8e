"""Where a request stands in its thread: its numbers, what it repeats, and what it changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

from costproxy.conversations.candidates import Match
from costproxy.conversations.canonical import Kind
from costproxy.conversations.facts import Facts
from costproxy.conversations.request import Request
from costproxy.conversations.thread import DIGEST, MESSAGES
from costproxy.model import Change, Region, Verdict, Weights

_REPEATS = (Verdict.RETRY, Verdict.DUPLICATE, Verdict.REGENERATE)
_FIRST = (1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """What a request has in common with its thread."""

    messages: int = 0  # that lead it and are known
    behind: int = 0  # of them, behind the leading instructions
    body: int = 0  # of those, how many were sent before, and not only generated
    same_system: bool = False
    same_tools: bool = False
    extends: bool = False
    differs: int | None = None  # where the first message is that differs from what the thread sent there
    change: Change | None = None


NONE = Overlap()


def numbers(match: Match, request: Request, at: float) -> tuple[int, int]:
    """Return turn and step: those of the round it goes on from, and what came after it.

    What came by another way is counted too, one turn for what users said between two replies.
    """
    round_ = match.round
    if round_ is None:
        return _FIRST
    if match.verdict in _REPEATS or (round_.has_failed(at) and not match.is_reply):
        return round_.turn, round_.step
    after = request.links[match.links :]
    replies = sum(link.kind is Kind.ASSISTANT for link in after[:-1])
    if not match.is_reply and after and after[0].kind is Kind.ASSISTANT:
        replies = max(0, replies - 1)
    return round_.turn + _turns(after), round_.step + 1 + replies


def overlap(match: Match, request: Request, sent: bytes) -> Overlap:
    """Return what the request has in common with what its thread sent and was answered before."""
    thread = match.thread
    if thread.sent_count < 0:
        again = match.verdict in _REPEATS  # of one that failed, and was sent all the same
        return _all(request) if again else NONE
    behind = _behind(request)
    run = _run(thread.sent, sent)
    by_chain = _reach(match, request, match.links)
    before = _reach(match, request, match.links - match.is_reply)
    whole = run >= thread.sent_count or (run == MESSAGES and before >= thread.sent_count)
    differs = request.lead + run if run < min(len(thread.sent) // DIGEST, behind) else None
    same_system, same_tools = thread.system == request.system, thread.tools == request.tools
    known = max(run, by_chain)
    return Overlap(
        messages=(request.lead if same_system else 0) + known,
        behind=known,
        body=behind if match.verdict in _REPEATS else max(run, before),
        same_system=same_system,
        same_tools=same_tools,
        extends=whole and same_system and same_tools and behind > thread.sent_count,
        differs=differs,
        change=_change(differs, same_system=same_system, same_tools=same_tools),
    )


def weights(request: Request, common: Overlap) -> Weights:
    """Return the estimated tokens of a request, and of what it sends again."""
    known = request.tokens(request.lead, request.lead + common.body)
    system = request.system_tokens if common.same_system else 0
    tools = request.tools_tokens if common.same_tools else 0
    return Weights(common=known + system + tools, by_part=MappingProxyType(request.by_part()))


def stored_overlap(match: Match, request: Request) -> Overlap:
    """Return the same where the API keeps the history: it is all there, though the request does not bring it."""
    thread = match.thread
    same_system, same_tools = thread.system == request.system, thread.tools == request.tools
    again = match.verdict in _REPEATS
    return Overlap(
        messages=len(request.facts) if again else 0,
        body=_behind(request) if again else 0,
        same_system=same_system,
        same_tools=same_tools,
        extends=match.verdict is Verdict.CONTINUE and thread.sent_count >= 0,
        change=_frame_change(same_system=same_system, same_tools=same_tools),
    )


def _all(request: Request) -> Overlap:
    behind = _behind(request)
    return Overlap(messages=len(request.facts), behind=behind, body=behind, same_system=True, same_tools=True)


def _behind(request: Request) -> int:
    return len(request.facts) - request.lead


def _turns(links: Sequence[Facts]) -> int:
    turns, speaking = 0, False
    for link in links:
        if link.kind is Kind.USER:
            turns += not speaking
            speaking = True
        elif link.kind is Kind.ASSISTANT:
            speaking = False
    return turns


def _reach(match: Match, request: Request, links: int) -> int:
    """Return how many messages behind the leading instructions are known by the chain."""
    return request.ends[links - 1] - request.lead if match.by_chain and links > 0 else 0


def _run(before: bytes, now: bytes) -> int:
    """Return how many digests at the beginning are the same."""
    most = min(len(before), len(now))
    if before[:most] == now[:most]:
        return most // DIGEST
    return next(place for place in range(most) if before[place] != now[place]) // DIGEST


def _change(differs: int | None, *, same_system: bool, same_tools: bool) -> Change | None:
    frame = _frame_change(same_system=same_system, same_tools=same_tools)
    if frame is None and differs is not None:
        return Change(region=Region.MESSAGES, index=differs)
    return frame


def _frame_change(*, same_system: bool, same_tools: bool) -> Change | None:
    if not same_tools:
        return Change(region=Region.TOOLS)
    return None if same_system else Change(region=Region.SYSTEM)
