"""Where the copies of the traffic leave for the meter, and from where no failure comes back."""

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar


class ReplyObserver(Protocol):
    """Something that is fed the copy of a reply."""

    def head(self, status: int, encoding: str) -> None:
        """Take the head of the reply: its status and `Content-Encoding`."""

    def body(self, chunk: bytes, at: float) -> None:
        """Take a piece of the reply that arrived `at` (monotonic seconds)."""


_Fact = TypeVar("_Fact")
_Observer_co = TypeVar("_Observer_co", bound=ReplyObserver, covariant=True)


class Tap(Generic[_Observer_co]):
    """Feeds the observer of one exchange; a defect in there ends its metering, and nothing else."""

    __slots__ = ("_observer", "broken")

    def __init__(self, observer: _Observer_co) -> None:
        self._observer = observer
        self.broken = False

    def __repr__(self) -> str:
        return f"<Tap broken={self.broken} {self._observer!r}>"

    def tell(self, what: Callable[[_Observer_co], _Fact]) -> _Fact | None:
        """Return what the observer answers; None once it has failed."""
        if self.broken:
            return None
        try:
            return what(self._observer)
        except Exception:  # noqa: BLE001  # whatever it is, the client's bytes are not to suffer from it
            self.broken = True
            return None
