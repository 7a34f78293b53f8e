"""Take the usage chunk that the application did not ask for out of a stream again."""

import re

from costproxy.errors import WireError
from costproxy.wire import jsontext
from costproxy.wire.sse import EventSplitter, EventTooLongError, event_data

_USAGE = re.compile(rb'"usage"\s*:\s*\{')
# A usage chunk is a few hundred bytes; an event beyond this is content and need not be held back.
_LONGEST_HELD = 64 * 1024


class UsageChunkFilter:
    """Pass a stream on, all but its extra usage chunk (`choices: []` beside a usage object).

    An event is passed on as soon as it is whole; every other byte comes out as it went in.
    """

    __slots__ = ("_events", "_hiding", "hidden")

    def __init__(self) -> None:
        self._events = EventSplitter(_LONGEST_HELD)
        self._hiding = False  # the last event was taken out
        self.hidden = 0  # chunks taken out

    def __repr__(self) -> str:
        return f"<UsageChunkFilter hidden={self.hidden}>"

    def feed(self, chunk: bytes) -> bytes:
        """Return what may go on now."""
        if self._events.between_events and chunk.endswith(b"\n\n") and _USAGE.search(chunk) is None:
            self._hiding = False
            return chunk  # whole events, and none of them has usage
        try:
            return self._kept(self._events.feed(chunk))
        except EventTooLongError as error:
            return self._kept(error.events) + self._events.rest()

    def rest(self) -> bytes:
        """Return what is still held back at the end of the stream."""
        rest = self._events.rest()
        if not is_usage_chunk(rest):
            return rest
        self.hidden += 1
        return b""

    def _kept(self, events: list[bytes]) -> bytes:
        return b"".join([event for event in events if not self._hides(event)])

    def _hides(self, event: bytes) -> bool:
        if event != b"\n":  # a lone LF goes the way of the event that it ends
            self._hiding = is_usage_chunk(event)
            self.hidden += self._hiding
        return self._hiding


def is_usage_chunk(event: bytes) -> bool:
    """Tell whether a raw event is the extra chunk that `include_usage` brings."""
    if _USAGE.search(event) is None:
        return False
    try:
        chunk = jsontext.decode_object(event_data(event) or b"")
    except WireError:
        return False
    return chunk.get("choices") == [] and isinstance(chunk.get("usage"), dict) and not chunk.get("error")
