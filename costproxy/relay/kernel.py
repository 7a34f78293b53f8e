"""What the kernel knows of a socket before the event loop does."""

import select

_CLOSED = select.POLLRDHUP | select.POLLHUP | select.POLLERR if hasattr(select, "POLLRDHUP") else 0


def peer_has_closed(fileno: int) -> bool:
    """Tell whether the other side has closed, by FIN or RST; true for -1, which is no socket any more."""
    return fileno < 0 or _has(fileno, _CLOSED)


def has_news(fileno: int) -> bool:
    """Tell whether there is something to be read: bytes, an end or an error."""
    return fileno >= 0 and _has(fileno, select.POLLIN)


def _has(fileno: int, events: int) -> bool:
    poll = select.poll()
    poll.register(fileno, events)
    return bool(poll.poll(0))
