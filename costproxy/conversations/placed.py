"""A request that was placed in a thread, until its reply is entered."""

from dataclasses import dataclass, field

from costproxy.conversations.facts import Facts
from costproxy.conversations.round import Round
from costproxy.conversations.thread import Thread
from costproxy.model import JsonText, Placement


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Where a request was placed, and what it takes to enter its reply; all but the first two is the tracker's."""

    placement: Placement
    thread: Thread
    round: Round = field(repr=False)
    scope: int = field(repr=False)  # where the chain began
    before: int = field(repr=False)  # the chain before the last link
    last: Facts | None = field(repr=False)  # that link; None: there is none
    begun: JsonText | None = field(repr=False)  # the beginning of a reply, if the application wrote it
    stores: bool = field(repr=False)  # a later request may name the reply by its id
    system: int = field(repr=False)
    tools: int = field(repr=False)
    sent: bytes = field(repr=False)
    sent_count: int = field(repr=False)
    replies: int = field(repr=False)  # that the request brings back
    orphans: frozenset[int] = field(repr=False)
