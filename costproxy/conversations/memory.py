"""The threads that are remembered, and by what they are found."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping

from costproxy.conversations.index import Index
from costproxy.conversations.reply import Reply
from costproxy.conversations.round import Round
from costproxy.conversations.thread import ROUNDS, Thread

_MOST_KEYS = 96  # of one request that is sent again and again
_MOST_STATES = 64  # names of API state that one thread is found by


def _both(before: tuple[int, ...], more: tuple[int, ...]) -> tuple[int, ...]:
    both = tuple(dict.fromkeys((*before, *more)))
    return both if len(both) <= _MOST_KEYS else (both[0], *both[1 - _MOST_KEYS :])


class Memory:
    """Threads in order of use; whatever is too old or too much is forgotten, with all that led to it."""

    def __init__(self, *, threads: int, idle: float, life: float) -> None:
        self._most = max(1, threads)
        self._idle = idle
        self._life = life
        self._threads: OrderedDict[str, Thread] = OrderedDict()
        self._names: dict[int, Thread] = {}
        self._states: dict[int, tuple[Thread, int]] = {}  # the thread, and the chain before the reply; 0: any
        self.index = Index()  # by the keys of their rounds
        self.forgotten = {"idle": 0, "age": 0, "capacity": 0}

    def __len__(self) -> int:
        return len(self._threads)

    def __iter__(self) -> Iterator[Thread]:
        return iter(self._threads.values())

    def get(self, id: str) -> Thread | None:  # noqa: A002 — what it is
        """Return the thread of that id."""
        return self._threads.get(id)

    def named(self, name: int) -> Thread | None:
        """Return the thread that the application calls so."""
        return self._names.get(name)

    def state(self, state: int) -> tuple[Thread, int] | None:
        """Return the thread that goes on from this state of the API, and the chain before the reply it names."""
        return self._states.get(state)

    def add(self, thread: Thread) -> None:
        """Remember a new thread."""
        self._threads[thread.id] = thread
        if thread.name:
            self._names[thread.name] = thread
        if len(self._threads) > self._most:
            self._forget(next(iter(self._threads.values())), "capacity")

    def touch(self, thread: Thread, at: float) -> None:
        """Note that a thread was used."""
        thread.seen = max(thread.seen, at)
        self._threads.move_to_end(thread.id)

    def sweep(self, at: float) -> None:
        """Forget what was not used for too long."""
        while self._threads:
            oldest = next(iter(self._threads.values()))
            if at - oldest.seen <= self._idle:
                return
            self._forget(oldest, "idle")

    def is_fresh(self, thread: Thread, at: float) -> bool:
        """Tell whether a thread is still to be found; one that has lived too long is forgotten here."""
        if at - thread.born <= self._life:
            return at - thread.seen <= self._idle
        self._forget(thread, "age")
        return False

    def begin(self, thread: Thread, round_: Round) -> None:
        """Enter a request; the thread's second oldest goes where there are too many: the first one is its root."""
        thread.rounds.append(round_)
        self.index.add(round_.keys, thread)
        if len(thread.rounds) > ROUNDS:
            self._release(thread, thread.rounds.pop(1).keys)

    def again(self, thread: Thread, round_: Round, at: float) -> None:
        """Note that a request was sent again: it is the thread's last one now."""
        round_.at = at
        round_.under_way += 1
        thread.rounds.remove(round_)
        thread.rounds.append(round_)

    def reply(self, thread: Thread, round_: Round, reply: Reply) -> None:
        """Enter a reply to a request, unless it is forgotten already; of many, the first and the last ones stay."""
        if round_ not in thread.rounds:
            return
        before = round_.keys
        round_.whole = reply.whole and (round_.whole or not round_.answered)
        round_.answered = True
        round_.cut = reply.cut
        round_.waits_for_tools = reply.calls
        if thread.last_answered() is round_:
            self._enter_echo(thread, reply)
        round_.keys = _both(before, reply.keys)
        self.index.add(round_.keys, thread)
        self._release(thread, set(before).difference(round_.keys))

    def _enter_echo(self, thread: Thread, reply: Reply) -> None:
        before, thread.echo, thread.replies = thread.echo, reply.echo, reply.replies
        if before and before != thread.echo:
            self.index.remove([before], thread)
        if thread.echo:
            self.index.add([thread.echo], thread)

    def enter_state(self, thread: Thread, state: int, before: int) -> None:
        """Have a thread found by the API's own name for its state."""
        if thread.id not in self._threads or state in self._states:
            return
        self._states[state] = (thread, before)
        thread.states = (*thread.states, state)
        if len(thread.states) > _MOST_STATES:
            self._states.pop(thread.states[0], None)
            thread.states = thread.states[1:]

    def states_of(self, thread: Thread) -> dict[int, int]:
        """Return the names of API state that a thread is found by, each with the chain before the reply it names."""
        return {state: self._states[state][1] for state in thread.states if state in self._states}

    def restore(self, thread: Thread, states: Mapping[int, int]) -> None:
        """Remember a thread that was known before, with the names of its states."""
        thread.states = ()
        self.add(thread)
        for round_ in thread.rounds:
            self.index.add(round_.keys, thread)
        if thread.echo:
            self.index.add([thread.echo], thread)
        for state, before in states.items():
            self.enter_state(thread, state, before)

    def _release(self, thread: Thread, keys: Iterable[int]) -> None:
        """Have a thread no longer found by these, unless another of its rounds has them too."""
        self.index.remove([key for key in keys if not any(key in each.keys for each in thread.rounds)], thread)

    def _forget(self, thread: Thread, reason: str) -> None:
        del self._threads[thread.id]
        rounds, thread.rounds = thread.rounds, []
        for each in rounds:
            self._release(thread, each.keys)
        self.index.remove([thread.echo], thread)
        for state in thread.states:
            self._states.pop(state, None)
        if thread.name and self._names.get(thread.name) is thread:
            del self._names[thread.name]
        self.forgotten[reason] += 1
