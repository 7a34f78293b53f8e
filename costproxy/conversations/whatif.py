"""What a recorded conversation would have cost, had its history been handled otherwise.

Everything here is a function of the tokens that were recorded. The replies are taken to be the same; nothing can be
said of how good they would have been.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from costproxy.conversations.caching import CachingRule
from costproxy.conversations.step import Price
from costproxy.model import Usage

_NO_CACHE = CachingRule(least=2**63)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request of a turn: what it appended to the prompt, and what came back; all in tokens."""

    sent: int  # the user's message, or the results of the tools that the call before it asked for
    reply: int  # as it is sent again: without reasoning
    completion: int | None = None  # as billed; None: as `reply`

    @property
    def output(self) -> int:
        """The completion as billed."""
        return self.reply if self.completion is None else self.completion


Turn = tuple[Call, ...]  # from a user's message to the answer; its calls and their tools' results stay together


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A conversation as it was recorded."""

    system: int = 0  # tokens of the system prompt and the tools' definitions, sent with every request
    turns: tuple[Turn, ...]

    @classmethod
    def plain(cls, turns: Sequence[tuple[int, int]], system: int = 0) -> "Recorded":
        """Return a conversation of one request per turn, of (message, reply) in tokens."""
        return cls(system=system, turns=tuple((Call(sent=sent, reply=reply),) for sent, reply in turns))


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request of a what-if."""

    turn: int  # from 1
    prompt: int  # tokens
    output: int  # tokens
    common: int | None = None  # of the prompt, that the request before it starts with; None: all of that request
    summary: bool = False  # it was made to summarise, and the conversation as it was has no such request


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed:
    """One request of a what-if, with what it would use and cost."""

    request: Request
    usage: Usage
    cost: int | None  # p$; None: a part has no price


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """What a what-if comes to, request by request, so that every sum can be followed."""

    requests: tuple[Billed, ...]

    @property
    def usage(self) -> Usage:
        """All tokens, by kind."""
        total = Usage()
        for billed in self.requests:
            total = replace(total, **{str(kind): getattr(total, kind) + n for kind, n in billed.usage.by_kind()})
        return total

    @property
    def prompts(self) -> tuple[int, ...]:
        """The prompts of the conversation's own requests, summaries left out."""
        return tuple(billed.request.prompt for billed in self.requests if not billed.request.summary)

    @property
    def summaries(self) -> int:
        """How many requests were made to summarise."""
        return sum(billed.request.summary for billed in self.requests)

    @property
    def cost(self) -> int | None:
        """All of it, p$; None: a part has no price."""
        costs = [billed.cost for billed in self.requests]
        return None if None in costs else sum(cost for cost in costs if cost is not None)


def reckon(requests: Sequence[Request], price: Price, caching: CachingRule | None = None) -> WhatIf:
    """Return what requests come to under a price and a provider's way of caching; None: nothing is cached."""
    rule, before, billed = caching or _NO_CACHE, 0, []
    for request in requests:
        common = before if request.common is None else request.common
        usage = rule.usage(request.prompt, common=common, before=before, output=request.output)
        billed.append(Billed(request=request, usage=usage, cost=price(usage)))
        before = before if request.summary else request.prompt
    return WhatIf(requests=tuple(billed))


def keep_all(recorded: Recorded) -> tuple[Request, ...]:
    """Return the requests as they are when the whole history is sent every time."""
    return tuple(_windowed(recorded, [0] * len(recorded.turns)))


def stateless(recorded: Recorded) -> tuple[Request, ...]:
    """Return the requests of an API that keeps the history by itself and bills only what is new; there is none."""
    alone = [Request(turn=turn, prompt=call.sent, output=call.output, common=0) for turn, call in _calls(recorded)]
    alone[:1] = [replace(first, prompt=first.prompt + recorded.system) for first in alone[:1]]
    return tuple(alone)


def trim(recorded: Recorded, keep: int) -> tuple[Request, ...]:
    """Return the requests when only the last `keep` turns are sent, the present one included; at least that one."""
    return tuple(_windowed(recorded, [max(0, turn - max(1, keep) + 1) for turn in range(len(recorded.turns))]))


def trim_in_blocks(recorded: Recorded, most: int, keep: int | None = None) -> tuple[Request, ...]:
    """Return the requests when, beyond `most` turns, all but the last `keep` are dropped at once; None: half of them.

    Between two drops the prompt only grows at its end, so a provider's cache goes on to serve it.
    """
    kept, start, starts = max(1, most // 2 if keep is None else keep), 0, []
    for turn in range(len(recorded.turns)):
        if turn - start + 1 > max(1, most):
            start = max(start, turn - kept + 1)
        starts.append(start)
    return tuple(_windowed(recorded, starts))


def summarise(recorded: Recorded, *, above: int, keep: int, summary: int, instruction: int) -> tuple[Request, ...]:
    """Return the requests when, before a prompt would exceed `above` tokens, older turns become a summary.

    The present turn and the `keep - 1` full ones before it stay; what is before them, an earlier summary included,
    is replaced by a summary of `summary` tokens, which takes a request of its own: the replaced and `instruction`
    tokens. Nothing is replaced in the middle of a turn.
    """
    requests: list[Request] = []
    lead, start = 0, 0  # tokens of the summary so far; the first turn that is still sent itself
    for number, turn in enumerate(recorded.turns):
        fresh, older = False, max(start, number - max(1, keep) + 1)
        history = lead + sum(map(_size, recorded.turns[start:number]))
        if recorded.system + history + turn[0].sent > above and older > start:
            replaced = lead + sum(map(_size, recorded.turns[start:older]))
            requests.append(
                Request(turn=number + 1, prompt=replaced + instruction, output=summary, common=0, summary=True)
            )
            lead, start, fresh = summary, older, True
        before = recorded.system + lead + sum(map(_size, recorded.turns[start:number]))
        requests.extend(_turn(number, turn, before, recorded.system if fresh or not number else None))
    return tuple(requests)


def _windowed(recorded: Recorded, starts: Sequence[int]) -> Iterator[Request]:
    """Yield the requests when turn n is sent with the turns from `starts[n]` on."""
    for number, turn in enumerate(recorded.turns):
        moved = number == 0 or starts[number] != starts[number - 1]
        before = recorded.system + sum(map(_size, recorded.turns[starts[number] : number]))
        yield from _turn(number, turn, before, recorded.system if moved else None)


def _turn(number: int, turn: Turn, before: int, common: int | None) -> Iterator[Request]:
    """Yield the requests of a turn that has `before` tokens in front of it.

    `common` are those that the first of them shares with the request before it; None: all of that request.
    """
    prompt = before
    for call in turn:
        prompt += call.sent
        yield Request(turn=number + 1, prompt=prompt, output=call.output, common=common)
        prompt, common = prompt + call.reply, None


def _size(turn: Turn) -> int:
    return sum(call.sent + call.reply for call in turn)


def _calls(recorded: Recorded) -> Iterator[tuple[int, Call]]:
    for number, turn in enumerate(recorded.turns):
        for call in turn:
            yield number + 1, call
