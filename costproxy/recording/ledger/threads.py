"""Conversations that outlive a restart."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol


class Live(Protocol):
    """Whoever knows the conversations."""

    def export(self, id: str) -> bytes | None:  # noqa: A002 - what it is
        """Return a conversation as JSON; None: it is not known any more."""

    def restore(self, state: bytes) -> bool:
        """Take a conversation back; False: it is none."""


class Threads:
    """What the ledger keeps of conversations for the next start; one without a tracker keeps nothing."""

    def __init__(self, live: Live | None, *, idle: float) -> None:
        """Take who knows them, and for how many seconds after their last use they matter."""
        self._live = live
        self.idle = idle

    def __repr__(self) -> str:
        return f"<Threads idle={self.idle:g}>"

    def states(self, ids: Iterable[str], at: float) -> Mapping[str, tuple[float, bytes]]:
        """Return when each of these was used last, about, and its state."""
        return dict(self._states(ids, at))

    def _states(self, ids: Iterable[str], at: float) -> Iterator[tuple[str, tuple[float, bytes]]]:
        if self._live is None:
            return
        for id in ids:  # noqa: A001 - what it is
            state = self._live.export(id)
            if state is not None:
                yield id, (at, state)

    def restore(self, states: Iterable[bytes]) -> int:
        """Take conversations back; return how many."""
        return sum(self._live.restore(state) for state in states) if self._live is not None else 0


NO_THREADS = Threads(None, idle=0.0)
