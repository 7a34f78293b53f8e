"""The search for the thread that a request goes on with."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from costproxy.conversations.canonical import Kind
from costproxy.conversations.digests import Digests
from costproxy.conversations.memory import Memory
from costproxy.conversations.request import Request
from costproxy.conversations.round import Round
from costproxy.conversations.thread import Thread
from costproxy.model import Verdict

_SOON = 120.0  # seconds in which a failed first request is sent again
_TELLING = 24  # characters that a reply and the message before it must have to tell a thread
_ASSISTANTS = 4  # replies that are looked for, from the last one, where the history before was rewritten
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
class _Candidate:
    thread: Thread
    round: Round
    is_reply: bool  # found by a reply, not by a request
    rank: tuple[bool, ...] = ()


class Search:
    """One search; the memory must not change meanwhile."""

    def __init__(self, request: Request, scope: Scope, *, memory: Memory, digests: Digests, at: float) -> None:
        self._request = request
        self._scope = scope
        self._memory = memory
        self._digests = digests
        self._at = at
        self._anchor, self._owners = self._owned()

    def __repr__(self) -> str:
        return f"<Search links={len(self._request.links)}>"

    def find(self) -> Match | None:
        """Return the thread; None: it is a new one."""
        chain = self._by_chain()
        if chain and chain.links == len(self._request.links):
            return chain
        return self._by_tail(chain) or chain or self._by_name() or self._by_anchor()

    def _by_chain(self) -> Match | None:
        keys, most = self._request.keys, len(self._request.links)
        index = self._memory.index
        for links in range(most, 0, -1):
            if keys[links] not in index:
                continue
            found = self._candidates(keys[links])
            match = self._again(found) if links == most else None
            match = match or self._onwards(found, links)
            if match:
                return match
        return None

    def _candidates(self, key: int) -> list[_Candidate]:
        """Return who is found by a key: those of the same home, else those of others that hold a reply."""
        found = [each for thread in self._memory.index.get(key) for each in self._candidate(thread, key)]
        own = [each for each in found if each.thread.home == self._scope.home]
        if own or self._scope.hard:
            return own or found
        return [each for each in found if each.is_reply or each.round.rooted]

    def _candidate(self, thread: Thread, key: int) -> Iterator[_Candidate]:
        scope = self._scope
        if scope.only is not None:
            if thread is not scope.only:
                return
        elif self._owners is not None and thread not in self._owners:
            return
        if not self._memory.is_fresh(thread, self._at):
            return
        for each in reversed(thread.rounds):
            if key in each.keys:
                yield _Candidate(thread, each, key != each.request, self._rank(thread))
                return

    def _rank(self, thread: Thread) -> tuple[bool, ...]:
        scope, request = self._scope, self._request
        return (
            thread.home == scope.home,
            thread.hints == scope.hints,
            thread.system == request.system,
            thread.tools == request.tools,
            thread.asked_model == scope.model,
        )

    def _again(self, found: Sequence[_Candidate]) -> Match | None:
        """Take it for a request that was sent before, unless another thread waits for just this one."""
        found = [each for each in found if not each.is_reply]
        links = len(self._request.links)
        if not self._scope.hard:
            found = [each for each in found if not each.round.is_opening or self._failed_soon(each.round)]
        best = _best(found)
        if not best:
            return None
        last, others = best[-1], {each.thread.id for each in found}
        verdict = repeated(last.round, self._at)
        if verdict is Verdict.REGENERATE and self._repeats_itself(last.round):
            verdict = Verdict.TRIMMED
        return self._awaited(links, last, others) or Match(
            thread=last.thread,
            verdict=verdict,
            round=last.round,
            links=links - (verdict is Verdict.TRIMMED),
            by_chain=verdict is not Verdict.TRIMMED,
            is_reply=verdict is Verdict.TRIMMED,
            ambiguous=len(best) > 1,
        )

    def _repeats_itself(self, round_: Round) -> bool:
        """Tell whether a window onto a talk in circles has moved on, though it shows the same messages."""
        links = self._request.links
        if len(links) < 3 or links[-2].kind is not Kind.ASSISTANT:
            return False
        return self._tail(links[-3].digest, links[-2].digest) in round_.keys

    def _failed_soon(self, round_: Round) -> bool:
        return round_.is_unfinished(self._at) and self._at - round_.at < _SOON

    def _awaited(self, links: int, instead_of: _Candidate, others: set[str]) -> Match | None:
        index, keys = self._memory.index, self._request.keys
        for fewer in range(links - 1, 0, -1):
            if keys[fewer] in index:
                found = [each for each in self._candidates(keys[fewer]) if each.thread.id not in others]
                waiting = [each for each in found if self._is_last(each) and each.rank >= instead_of.rank]
                match = self._onwards(_best(waiting)[:1], fewer)
                return match if match and (match.is_reply or match.verdict is Verdict.MISSING_REPLY) else None
        return None

    def _onwards(self, found: Sequence[_Candidate], links: int) -> Match | None:
        """Take it for one that goes on from a reply, else from a request."""
        replies = _best([each for each in found if each.is_reply])
        if replies:
            chosen, waits = self._chosen(replies)
            verdict = Verdict.CONTINUE if waits else Verdict.BRANCH
            return self._match(chosen, verdict, links, among=replies)
        if links == len(self._request.links):
            return None
        requests = [each for each in found if not each.is_reply]
        if not self._scope.hard:
            requests = [each for each in requests if self._may_lack_reply(each)]
        best = _best(requests)
        if not best or (len(best) > 1 and best[0].round.is_opening and not self._scope.hard):
            return None
        chosen, _ = self._chosen(best)
        return self._match(chosen, self._without_reply(chosen.round, links), links, among=best)

    def _may_lack_reply(self, candidate: _Candidate) -> bool:
        """Tell whether a request without reply is enough; an opening that others may share is, until it goes on."""
        if not candidate.round.is_opening:
            return True
        return self._is_last(candidate) and not candidate.round.is_under_way(self._at)

    def _match(self, chosen: _Candidate, verdict: Verdict, links: int, *, among: Sequence[_Candidate]) -> Match:
        return Match(
            thread=chosen.thread,
            verdict=verdict,
            round=chosen.round,
            links=links,
            is_reply=chosen.is_reply,
            ambiguous=len(among) > 1,
        )

    def _chosen(self, best: Sequence[_Candidate]) -> tuple[_Candidate, bool]:
        """Return the oldest that waits to go on from there, else the last; and whether it waits."""
        waiting = next((each for each in best if self._is_last(each)), None)
        return (best[-1], False) if waiting is None else (waiting, True)

    def _is_last(self, candidate: _Candidate) -> bool:
        head = candidate.thread.head(self._at)
        return head is None or head is candidate.round or candidate.round is candidate.thread.rounds[-1]

    def _without_reply(self, round_: Round, links: int) -> Verdict:
        """Tell what became of a reply that is not in its place; of one that is not known, nothing is said."""
        if not round_.whole or round_.is_under_way(self._at):
            return Verdict.CONTINUE
        following = self._request.links[links]
        if following.kind is not Kind.ASSISTANT:
            return Verdict.MISSING_REPLY
        made = {self._digests.step(self._scope.key, each) for each in following.makes}
        if following.piecemeal and made and made <= set(round_.keys):
            return Verdict.CONTINUE  # its pieces were put in another order
        return Verdict.EDITED_REPLY

    def _by_tail(self, chain: Match | None) -> Match | None:
        """Return the thread one of the last replies tells, behind what the chain tells: all before was rewritten."""
        links, least = self._request.links, chain.links if chain else 1
        replies = (
            place for place in range(len(links) - 1, max(0, least - 1), -1) if links[place].kind is Kind.ASSISTANT
        )
        for _, place in zip(range(_ASSISTANTS), replies, strict=False):
            before, reply = links[place - 1], links[place]
            if before.length + reply.length < _TELLING:
                continue
            found = self._candidates(self._tail(before.digest, reply.digest))
            best = _best([each for each in found if chain and each.thread is chain.thread] or found)
            if best:
                chosen, _ = self._chosen(best)
                return Match(
                    thread=chosen.thread,
                    verdict=Verdict.TRIMMED,
                    round=chosen.round,
                    links=place + 1,
                    by_chain=False,
                    is_reply=True,
                    ambiguous=len(best) > 1,
                )
        return None

    def _tail(self, before: int, reply: int) -> int:
        return self._digests.tail(self._scope.key, before, reply)

    def _by_name(self) -> Match | None:
        """Return the thread that the application named, whatever the messages are."""
        thread = self._scope.only
        if thread is None:
            return None
        return Match(thread=thread, verdict=Verdict.TRIMMED, round=thread.head(self._at), by_chain=False)

    def _by_anchor(self) -> Match | None:
        if not self._owners or len(self._owners) != 1:
            return None
        anchor, links = self._anchor
        [thread] = self._owners
        round_ = next((each for each in reversed(thread.rounds) if anchor in each.keys), None)
        return Match(thread=thread, verdict=Verdict.ANCHORED, round=round_, links=links, by_chain=False, is_reply=True)

    def _owned(self) -> tuple[tuple[int, int], list[Thread] | None]:
        """Return the last tool call that can tell a thread, behind how many links it is, and whose it is."""
        anchor, links = self._last_call()
        scoped = anchor and self._digests.step(self._scope.key, anchor)
        threads = [each for each in self._memory.index.get(scoped) if self._memory.is_fresh(each, self._at)]
        return (scoped, links), threads or None

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


def repeated(round_: Round, at: float) -> Verdict:
    """Tell what it means that a request is sent again."""
    if round_.is_under_way(at):
        return Verdict.DUPLICATE
    return Verdict.RETRY if round_.is_unfinished(at) else Verdict.REGENERATE


def _best(found: Iterable[_Candidate]) -> list[_Candidate]:
    """Return those that most speaks for, in the order in which they were found."""
    found = list(found)
    if len(found) < 2:
        return found
    most = max(each.rank for each in found)
    return [each for each in found if each.rank == most]
