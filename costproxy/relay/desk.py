"""What the relay sees of whoever keeps the records.

The calls of one exchange come in this order, all but those of `read` and `make` from the event loop: `announce` (or
`open`, which reads and announces in a thread), then the reply passes, then `finish`, exactly once. Nothing that a desk
raises reaches a request, and nothing may wait: what takes long says `heavy` and is done in the desk's one thread, in
the order in which it came.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

from costproxy.model import Asked, Exchange, Limits, Placement
from costproxy.relay.headers import RawHeader


class Ticket(Protocol):
    """What a request was given when it was opened; its facts may come a moment later, from another thread."""

    @property
    def placement(self) -> Placement | None:
        """Where the request stands in its conversation; None while that is not known, or if it has none."""

    @property
    def headers(self) -> tuple[RawHeader, ...]:
        """What to add to the reply's head; () while that is not known, and where the operator does not want it."""


class Desk(Protocol):
    """Takes notice of requests and replies."""

    def announce(self, *, upstream: str, api: str, app: str | None, model: str | None) -> None:
        """Take notice, once, that a request is under way; from the desk's own thread if the request is heavy."""

    def open(self, read: Callable[[], Asked | None], *, heavy: bool) -> Ticket | None:
        """Find the conversation of the request that `read` returns; None from `read` means that it has none.

        `read` may be called once. It is called before this returns, or, if `heavy`, in the desk's thread.
        """

    def finish(self, make: Callable[[], Exchange], *, exchange: str, heavy: bool) -> None:
        """Record the exchange of that id, which `make` returns; `heavy` means that this would hold up the event loop.

        An exchange whose request was heavy is heavy too, so that the order is kept.
        """

    def learn(self, upstream: str, windows: Callable[[], Mapping[str, Limits]], *, heavy: bool) -> None:
        """Take the limits by model that an upstream's own list of models states; `windows` parses it."""
