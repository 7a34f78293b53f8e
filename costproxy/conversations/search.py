"""The search for the thread that a request goes on with."""

from collections.abc import Sequence

from costproxy.conversations.candidates import Candidate, Candidates, Match, Scope, likeliest
from costproxy.conversations.canonical import Kind
from costproxy.conversations.digests import Digests
from costproxy.conversations.facts import TELLING, Facts
from costproxy.conversations.memory import Memory
from costproxy.conversations.request import Request
from costproxy.conversations.round import Round
from costproxy.conversations.thread import Thread
from costproxy.model import Verdict

_SOON = 120.0  # seconds in which a failed first request is sent again
_ASSISTANTS = 4  # replies that are looked for, from the last one, where the history before was rewritten


class Search:
    """One search; the memory must not change meanwhile."""

    def __init__(self, request: Request, scope: Scope, *, memory: Memory, digests: Digests, at: float) -> None:
        self._request = request
        self._scope = scope
        self._memory = memory
        self._digests = digests
        self._at = at
        self._candidates = Candidates(request, scope, memory=memory, digests=digests, at=at)

    def __repr__(self) -> str:
        return f"<Search links={len(self._request.links)}>"

    def find(self) -> Match | None:
        """Return the thread; None: it is a new one."""
        chain = self._by_chain()
        if chain and chain.links == len(self._request.links):
            return chain
        own = chain.thread if chain else self._scope.only
        return (
            self._by_tail(chain)
            or (own and self._by_own_reply(own, chain))
            or chain
            or self._by_name()
            or self._by_anchor()
            or self._by_reply()
        )

    def _by_chain(self) -> Match | None:
        keys, most = self._request.keys, len(self._request.links)
        index = self._memory.index
        for links in range(most, 0, -1):
            if keys[links] not in index:
                continue
            found = self._candidates.of(keys[links])
            match = self._again(found) if links == most else None
            match = match or self._onwards(found, links)
            if match:
                return match
        return None

    def _again(self, found: Sequence[Candidate]) -> Match | None:
        """Take it for a request that was sent before, unless another thread waits for just this one."""
        found = [same for each in found if not each.is_reply and (same := self._as_sent(each.thread))]
        links = len(self._request.links)
        if not self._scope.hard:
            found = [each for each in found if not each.round.is_opening or self._failed_soon(each.round)]
        best = likeliest(found)
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

    def _as_sent(self, thread: Thread) -> Candidate | None:
        """Return where a thread sent the same; with other instructions or tools, or to another model, it is not that.

        After a failure it is all the same, and so it is to a window.
        """
        rounds = [each for each in reversed(thread.rounds) if each.request == self._request.known_by]
        found = next((each for each in rounds if each.frame == self._scope.frame), None)
        found = found or next((each for each in rounds if each.is_unfinished(self._at)), None)
        found = found or next((each for each in rounds if self._repeats_itself(each)), None)
        return None if found is None else Candidate(thread, found, False, self._candidates.rank(thread))

    def _repeats_itself(self, round_: Round) -> bool:
        """Tell whether a window onto a talk in circles has moved on, though it shows the same messages."""
        links = self._request.links
        if len(links) < 3 or links[-2].kind is not Kind.ASSISTANT:
            return False
        return self._tail(links[-3].digest, links[-2].digest) in round_.keys

    def _failed_soon(self, round_: Round) -> bool:
        return round_.is_unfinished(self._at) and self._at - round_.at < _SOON

    def _awaited(self, links: int, instead_of: Candidate, others: set[str]) -> Match | None:
        index, keys = self._memory.index, self._request.keys
        for fewer in range(links - 1, 0, -1):
            if keys[fewer] in index:
                found = [each for each in self._candidates.of(keys[fewer]) if each.thread.id not in others]
                waiting = [each for each in found if self._candidates.is_last(each) and each.rank >= instead_of.rank]
                match = self._onwards(likeliest(waiting)[:1], fewer)
                return match if match and (match.is_reply or match.verdict is Verdict.MISSING_REPLY) else None
        return None

    def _onwards(self, found: Sequence[Candidate], links: int) -> Match | None:
        """Take it for one that goes on from a reply, else from a request."""
        replies = likeliest([each for each in found if each.is_reply])
        if replies:
            chosen, waits = self._candidates.chosen(replies)
            verdict = Verdict.CONTINUE if waits else Verdict.BRANCH
            return self._match(chosen, verdict, links, among=replies)
        if links == len(self._request.links):
            return None
        requests = [each for each in found if not each.is_reply]
        if not self._scope.hard:
            requests = [each for each in requests if self._may_lack_reply(each)]
        best = likeliest(requests)
        if not best or (len(best) > 1 and best[0].round.is_opening and not self._scope.hard):
            return None
        chosen, _ = self._candidates.chosen(best)
        return self._match(chosen, self._without_reply(chosen.round, links), links, among=best)

    def _may_lack_reply(self, candidate: Candidate) -> bool:
        """Tell whether a request without reply is enough; an opening that others may share is, until it goes on."""
        if not candidate.round.is_opening:
            return True
        return self._candidates.is_last(candidate) and not candidate.round.is_under_way(self._at)

    def _match(self, chosen: Candidate, verdict: Verdict, links: int, *, among: Sequence[Candidate]) -> Match:
        return Match(
            thread=chosen.thread,
            verdict=verdict,
            round=chosen.round,
            links=links,
            is_reply=chosen.is_reply,
            ambiguous=len(among) > 1,
        )

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
            if before.length + reply.length < TELLING:
                continue
            found = self._candidates.of(self._tail(before.digest, reply.digest))
            own = [each for each in found if chain and each.thread is chain.thread]
            best = likeliest(own or [each for each in found if self._may_have_sent(each.thread, place - 1)])
            if best:
                chosen, _ = self._candidates.chosen(best)
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

    def _may_have_sent(self, thread: Thread, place: int) -> bool:
        """Tell whether what is before a link can be a thread's, and a summary of what is there no more."""
        return self._request.starts[place] - self._request.lead <= thread.sent_count

    def _by_own_reply(self, thread: Thread, chain: Match | None) -> Match | None:
        """Return the request's own thread if its last reply came back, though the message before it is another."""
        place = self._last_reply()
        if place <= (chain.links if chain else 0):
            return None
        head, reply = thread.last_answered(), self._request.links[place]
        if head is None or head is not thread.head(self._at) or (chain and head is chain.round):
            return None
        made = [self._digests.step(self._scope.key, each) for each in reply.makes if each & 1]
        if (made and set(made) <= set(head.keys)) or (not made and self._echo(reply) == thread.echo != 0):
            return self._rewritten(thread, head, place)
        return None

    def _by_reply(self) -> Match | None:
        """Return the one thread whose last reply came back, after as many as it had: all else may be rewritten."""
        place, links = self._last_reply(), self._request.links
        if place < 1 or links[place].length < TELLING:
            return None
        replies = sum(link.kind is Kind.ASSISTANT for link in links[: place + 1])
        found = self._candidates.echoing(self._echo(links[place]))
        best = likeliest(each for each in found if each.thread.replies == replies)
        return self._rewritten(best[0].thread, best[0].round, place) if len(best) == 1 else None

    def _last_reply(self) -> int:
        """Return the place of the last link that is a reply, -1 without any."""
        links = self._request.links
        return next((place for place in range(len(links) - 1, -1, -1) if links[place].kind is Kind.ASSISTANT), -1)

    def _echo(self, reply: Facts) -> int:
        return self._digests.echo(self._scope.key, reply.digest)

    def _rewritten(self, thread: Thread, round_: Round, place: int) -> Match:
        """Return a match up to a reply that is known, behind messages that are not."""
        return Match(
            thread=thread, verdict=Verdict.TRIMMED, round=round_, links=place + 1, by_chain=False, is_reply=True
        )

    def _tail(self, before: int, reply: int) -> int:
        return self._digests.tail(self._scope.key, before, reply)

    def _by_name(self) -> Match | None:
        """Return the thread that the application named, whatever the messages are."""
        thread = self._scope.only
        if thread is None:
            return None
        if any(each.is_opening and each.request == self._request.known_by for each in thread.rounds):
            return Match(thread=thread, verdict=Verdict.BRANCH, by_chain=False)  # it begins again, not quite the same
        return Match(thread=thread, verdict=Verdict.TRIMMED, round=thread.head(self._at), by_chain=False)

    def _by_anchor(self) -> Match | None:
        owners = self._candidates.owners
        if not owners or len(owners) != 1:
            return None
        anchor, links = self._candidates.anchor
        [thread] = owners
        round_ = next((each for each in reversed(thread.rounds) if anchor in each.keys), None)
        return Match(thread=thread, verdict=Verdict.ANCHORED, round=round_, links=links, by_chain=False, is_reply=True)


def repeated(round_: Round, at: float) -> Verdict:
    """Tell what it means that a request is sent again."""
    if round_.is_under_way(at):
        return Verdict.DUPLICATE
    return Verdict.RETRY if round_.is_unfinished(at) else Verdict.REGENERATE
