"""Where the copies of the traffic leave for the meter, and from where no failure comes back."""

from collections.abc import Callable
from typing import TypeVar

from costproxy.wire.observer import Limits, Observer

_Fact = TypeVar("_Fact")
# A longer request is not kept beyond its sending; if its usage is missing, its tokens are told by its length.
_KEPT_REQUEST = 1024 * 1024


class Tap:
    """Feeds the observer of one exchange; a defect in there ends its metering, and nothing else."""

    __slots__ = ("_observer", "broken")

    def __init__(self, limits: Limits) -> None:
        self._observer = Observer(limits, kept_request=_KEPT_REQUEST)
        self.broken = False

    def __repr__(self) -> str:
        return f"<Tap broken={self.broken} {self._observer!r}>"

    def tell(self, what: Callable[[Observer], _Fact]) -> _Fact | None:
        """Return what the observer answers; None once it has failed."""
        if self.broken:
            return None
        try:
            return what(self._observer)
        except Exception:  # noqa: BLE001  # whatever it is, the client's bytes are not to suffer from it
            self.broken = True
            return None

    @property
    def unmetered(self) -> str | None:
        """Why the exchange could not be read, None if it could; `fault` is a defect of ours."""
        return "fault" if self.broken else self._observer.unmetered
