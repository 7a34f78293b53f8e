"""What a request under way is given: its place in a conversation, and what to tell the client of it."""

from costproxy.model import Foresight, Placement


class Ticket:
    """Filled in when the request has been read, maybe in a thread; read by the relay when the reply begins."""

    __slots__ = ("headers", "placement")

    def __init__(self) -> None:
        self.placement: Placement | None = None
        self.headers: tuple[tuple[bytes, bytes], ...] = ()

    def __repr__(self) -> str:
        return f"<Ticket {self.placement!r}>"


def reply_headers(known: Foresight) -> tuple[tuple[bytes, bytes], ...]:
    """Return the headers that tell a client about its conversation, those that can be told."""
    placement, context = known.placement, known.context
    values = {
        b"x-costproxy-conversation": placement.conversation,
        b"x-costproxy-turn": placement.turn,
        b"x-costproxy-context-used": None if context is None else f"{context.ratio:.2f}",
        b"x-costproxy-turns-left": known.turns_left,
    }
    return tuple((name, str(value).encode()) for name, value in values.items() if value is not None)
