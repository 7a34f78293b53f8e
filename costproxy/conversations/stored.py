"""Threads whose history the API keeps: a request names the reply it goes on from, and brings only what is new."""

from costproxy.conversations.candidates import Match
from costproxy.conversations.memory import Memory
from costproxy.conversations.request import Request
from costproxy.conversations.search import repeated
from costproxy.conversations.thread import Thread
from costproxy.model import Verdict


def goes_on(request: Request, state: int, *, frame: int, memory: Memory, at: float) -> Match | None:
    """Return the thread that a named state belongs to; None: it is not known.

    With another `frame`, which tells model, tools and instructions, it is only after a failure the same request again.
    """
    known = memory.state(state)
    if known is None or not memory.is_fresh(known[0], at):
        return None
    thread, before = known
    same = [each for each in thread.rounds if each.request == request.known_by]
    again = next((each for each in same if each.frame == frame or each.is_unfinished(at)), None)
    if again is not None:
        return Match(thread=thread, verdict=repeated(again, at), round=again, links=len(request.links), by_chain=False)
    head = thread.head(at)
    named = next((each for each in thread.rounds if each.request == before), None) if before else head
    return Match(
        thread=thread,
        verdict=Verdict.CONTINUE if named is head else Verdict.BRANCH,
        round=named or head,
        by_chain=False,
        is_reply=True,
    )


def goes_on_named(thread: Thread, at: float) -> Match:
    """Return the thread that the application named itself, where the state it goes on from is not known."""
    return Match(thread=thread, verdict=Verdict.CONTINUE, round=thread.head(at), by_chain=False, is_reply=True)
