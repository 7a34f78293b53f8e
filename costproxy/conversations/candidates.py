"""The threads that a request may go on with, and what speaks for each."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from costproxy.conversations.canonical import Kind
from costproxy.conversations.digests import Digests
from costproxy.conversations.memory import Memory
from costproxy.conversations.request import Request
from costproxy.conversations.round import Round
from costproxy.conversations.thread import Thread
from costproxy.model import Verdict

_RECENT = 2  # replies whose tool calls a thread certainly still remembers


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Within what a thread is looked for, and what speaks for one of several."""

    key: int  # where the chain begins: requests of another session have nothing in common
    hard: bool = False  # the application named the session
    only: Thread | None = None  # it named the thread
    home: int  # digest of where the request came from and goes to
    hints: int = 0
    model: str | None = None
    frame: int = 0  # digest of model, tools and system prompt


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A thread, and how a request goes on with it."""

    thread: Thread
    verdict: Verdict
    round: Round | None = None  # where it goes on from; None: nobody knows
    links: int = 0  # how many of the request's lead to there
    by_chain: bool = True  # all of them were known
    is_reply: bool = False  # the last of them is a reply
    ambiguous: bool = False
    parent: str | None = None  # of a new one: the thread whose summary it may hold


@dataclass(frozen=True, slots=True)
class Candidate:
    """A round that a request may go on from."""

    thread: Thread
    round: Round
    is_reply: bool  # found by a reply, not by a request
    rank: tuple[bool, ...] = ()


class Candidates:
    """Who is found by a key; the memory must not change meanwhile.

    `anchor` is the last tool call that can tell a thread, and behind how many links it is; `owners` are the threads
    that made it, None where nobody did.
    """

    def __init__(self, request: Request, scope: Scope, *, memory: Memory, digests: Digests, at: float) -> None:
        self._request = request
        self._scope = scope
        self._memory = memory
        self._at = at
        made, links = self._last_call()
        self.anchor = (made and digests.step(scope.key, made), links)
        self.owners = [each for each in memory.index.get(self.anchor[0]) if memory.is_fresh(each, at)] or None

    def __repr__(self) -> str:
        return f"<Candidates links={len(self._request.links)}>"

    def of(self, key: int) -> list[Candidate]:
        """Return who is found by a key: those of the same home, else those of others that hold a reply."""
        found = [each for thread in self._memory.index.get(key) for each in self._of(thread, key)]
        own = [each for each in found if each.thread.home == self._scope.home]
        if own or self._scope.hard:
            return own or found
        return [each for each in found if each.is_reply or each.round.rooted]

    def echoing(self, key: int) -> list[Candidate]:
        """Return who said last what `key` tells, at the same home; nothing was asked there since."""
        found = [thread for thread in self._memory.index.get(key) if thread.echo == key and self._may_be(thread)]
        own = [thread for thread in found if self._scope.hard or thread.home == self._scope.home]
        return [
            Candidate(thread, round_, True, self.rank(thread))
            for thread in own
            if (round_ := thread.last_answered()) is not None and thread.head(self._at) is round_
        ]

    def rank(self, thread: Thread) -> tuple[bool, ...]:
        """Return what speaks for a thread, what weighs most first."""
        scope, request = self._scope, self._request
        return (
            thread.home == scope.home,
            thread.hints == scope.hints,
            thread.system == request.system,
            thread.tools == request.tools,
            thread.asked_model == scope.model,
        )

    def chosen(self, best: Sequence[Candidate]) -> tuple[Candidate, bool]:
        """Return the oldest that waits to go on from there, else the last; and whether it waits."""
        waiting = next((each for each in best if self.is_last(each)), None)
        return (best[-1], False) if waiting is None else (waiting, True)

    def is_last(self, candidate: Candidate) -> bool:
        """Tell whether nothing came after it."""
        head = candidate.thread.head(self._at)
        return head is None or head is candidate.round or candidate.round is candidate.thread.rounds[-1]

    def _of(self, thread: Thread, key: int) -> Iterator[Candidate]:
        if not self._may_be(thread):
            return
        for each in reversed(thread.rounds):
            if key in each.keys:
                yield Candidate(thread, each, key != each.request, self.rank(thread))
                return

    def _may_be(self, thread: Thread) -> bool:
        if self._scope.only is not None:
            if thread is not self._scope.only:
                return False
        elif self.owners is not None and thread not in self.owners:
            return False
        return self._memory.is_fresh(thread, self._at)

    def _last_call(self) -> tuple[int, int]:
        replies = 0
        for place in range(len(self._request.links) - 1, -1, -1):
            link = self._request.links[place]
            long = [each for each in (*link.makes, *link.answers) if each & 1]
            if long:
                return long[-1], place + 1
            replies += link.kind is Kind.ASSISTANT
            if replies >= _RECENT:
                break
        return 0, 0


def likeliest(found: Iterable[Candidate]) -> list[Candidate]:
    """Return those that most speaks for, in the order in which they were found."""
    found = list(found)
    if len(found) < 2:
        return found
    most = max(each.rank for each in found)
    return [each for each in found if each.rank == most]
