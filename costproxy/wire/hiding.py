"""Take the usage chunk that the application did not ask for out of a stream again."""

import re

from costproxy.errors import WireError
from costproxy.wire import jsontext
from costproxy.wire.sse import EventSplitter, event_data

_USAGE = re.compile(rb'"usage"\s*:\s*\{')
# A usage chunk is a few hundred bytes; an event beyond this is content and need not be held back.
_LONGEST_HELD = 64 * 1024


class UsageChunkFilter:
    """Pass a stream on, all but its extra usage chunk (`choices: []` beside a usage object).

    An event is passed on as soon as it is whole; every other byte comes out as it went in.
    """

    __slots__ = ("_dropped_bare_cr", "_events", "hidden")

    def __init__(self) -> None:
        self._events = EventSplitter(_LONGEST_HELD)
        self._dropped_bare_cr = False
        self.hidden = 0  # chunks taken out

    def feed(self, chunk: bytes) -> bytes:
        """Return what may go on now."""
        if self._dropped_bare_cr:
            self._dropped_bare_cr = False
            chunk = chunk.removeprefix(b"\n")
        try:
            events = self._events.feed(chunk)
        except WireError:
            return self._events.rest()
        kept = [event for event in events if not is_usage_chunk(event)]
        if len(kept) != len(events):
            self.hidden += len(events) - len(kept)
            self._dropped_bare_cr = is_usage_chunk(events[-1]) and events[-1].endswith(b"\r")
        return b"".join(kept)

    def rest(self) -> bytes:
        """Return what is still held back at the end of the stream."""
        rest = self._events.rest()
        return b"" if is_usage_chunk(rest) else rest


def is_usage_chunk(event: bytes) -> bool:
    """Tell whether a raw event is the extra chunk that `include_usage` brings."""
    if _USAGE.search(event) is None:
        return False
    try:
        chunk = jsontext.decode_object(event_data(event) or b"")
    except WireError:
        return False
    return chunk.get("choices") == [] and isinstance(chunk.get("usage"), dict)
