"""Threads that were nearly full a moment ago: a new one that looks like them may go on with their summary."""

from collections import OrderedDict

from costproxy.conversations.candidates import Scope
from costproxy.conversations.facts import MOST_TEXT
from costproxy.conversations.request import Request
from costproxy.conversations.thread import Thread

_QUIET = 60.0  # seconds
_NEARLY = 0.5  # of the usable window
_GROWING = 0.3  # likewise: it may be nearly full with the answer that is being entered
_SHRUNK = 0.5  # of the last prompt, by estimated sizes
_KINDS = 1024  # of application, by its instructions and tools
_EACH = 4  # threads of a kind


class Compactions:
    """The threads that may have been replaced by a summary, by what a successor has in common with them."""

    def __init__(self) -> None:
        self._threads: OrderedDict[tuple[int, ...], list[Thread]] = OrderedDict()

    def __repr__(self) -> str:
        return f"<Compactions kinds={len(self._threads)}>"

    def note(self, thread: Thread, scope: int) -> None:
        """Note a thread that was answered."""
        if (thread.account.ratio or 0.0) < _GROWING:
            return
        kind = (scope, thread.home, thread.system, thread.tools, hash(thread.asked_model))
        others = [each for each in self._threads.pop(kind, ()) if each is not thread]
        self._threads[kind] = [*others, thread][-_EACH:]
        if len(self._threads) > _KINDS:
            self._threads.popitem(last=False)

    def parent(self, request: Request, scope: Scope, at: float) -> Thread | None:
        """Return the thread whose summary a new one may hold, and let it have no other successor.

        Its first message must be long enough for one, and all of it at most half as long as the thread's last prompt.
        The thread may not be waiting for the result of a tool: then the new one is rather what the tool does.
        """
        if not any(link.length >= MOST_TEXT for link in request.links[:2]):
            return None
        kind = (scope.key, scope.home, request.system, request.tools, hash(scope.model))
        threads, weight = self._threads.get(kind, []), sum(request.by_part().values())
        found = next((each for each in reversed(threads) if _is_quiet(each, at) and _shrinks(each, weight)), None)
        if found is not None:
            threads.remove(found)
        return found


def _shrinks(thread: Thread, weight: int) -> bool:
    return weight <= _SHRUNK * thread.account.weight


def _is_quiet(thread: Thread, at: float) -> bool:
    head = thread.head(at)
    done = head is not None and not head.is_under_way(at) and not head.waits_for_tools
    return done and at - thread.seen <= _QUIET and (thread.account.ratio or 0.0) >= _NEARLY
