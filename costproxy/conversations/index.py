"""Threads by what they are found by."""

from collections.abc import Iterable

from costproxy.conversations.thread import Thread

_MOST_SHARING = 128  # threads that are found by one key; of more than these, one is as good as another


class Index:
    """Threads by key; several may share one, oldest first."""

    __slots__ = ("_threads",)

    def __init__(self) -> None:
        self._threads: dict[int, Thread | list[Thread]] = {}

    def __len__(self) -> int:
        return len(self._threads)

    def __contains__(self, key: int) -> bool:
        return key in self._threads

    def get(self, key: int) -> tuple[Thread, ...]:
        """Return the threads of a key."""
        found = self._threads.get(key)
        if found is None:
            return ()
        return tuple(found) if isinstance(found, list) else (found,)

    def add(self, keys: Iterable[int], thread: Thread) -> None:
        """Have a thread found by these keys."""
        for key in keys:
            found = self._threads.get(key)
            if found is None:
                self._threads[key] = thread
            elif isinstance(found, list):
                _join(found, thread, key)
            elif found is not thread:
                self._threads[key] = [found, thread]

    def remove(self, keys: Iterable[int], thread: Thread) -> None:
        """Have a thread no longer found by these keys."""
        for key in keys:
            found = self._threads.get(key)
            if found is thread:
                del self._threads[key]
            elif isinstance(found, list) and thread in found:
                found.remove(thread)
                if len(found) == 1:
                    self._threads[key] = found[0]


def _join(found: list[Thread], thread: Thread, key: int) -> None:
    """Add a thread; where there are too many, the oldest that has gone on from there makes room."""
    if thread in found:
        return
    if len(found) >= _MOST_SHARING:
        found.remove(next((each for each in found if not each.waits_at(key)), found[0]))
    found.append(thread)
