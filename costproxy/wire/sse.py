"""Server-sent events at any byte split.

Source: WHATWG HTML, 9.2.6 "Interpreting an event stream".
"""

import re

from costproxy.errors import WireError

# Atomic, so that one CRLF is never taken for two line ends.
_BLANK_LINE = re.compile(rb"(?>\r\n|\n|\r)(?>\r\n|\n|\r)")
_LINE_END = re.compile(rb"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"
_LONGEST_END = 4


class EventSplitter:
    """Cut a byte stream into raw events, each with the blank line that ends it.

    Feeding the same bytes in any slicing yields the same concatenation, and the same events but for one
    case: an event that ends in a bare CR at the end of a slice keeps its LF for the next event.
    """

    __slots__ = ("_buffer", "_limit", "_searched")

    def __init__(self, limit: int) -> None:
        self._buffer = bytearray()
        self._searched = 0
        self._limit = limit  # bytes of one unfinished event

    def __repr__(self) -> str:
        return f"<EventSplitter holding {len(self._buffer)} bytes>"

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the raw events that `chunk` completes, oldest first (often none).

        Raises:
            WireError: an unfinished event has grown past the limit.
        """
        buffer = self._buffer
        buffer += chunk
        events, start = [], 0
        while match := _BLANK_LINE.search(buffer, max(start, self._searched)):
            events.append(bytes(buffer[start : match.end()]))
            start = match.end()
            self._searched = 0
        if start:
            del buffer[:start]
        self._searched = max(0, len(buffer) - _LONGEST_END)
        if len(buffer) > self._limit:
            raise WireError(f"expected an event of at most {self._limit} bytes, found more")
        return events

    def rest(self) -> bytes:
        """Return and forget the bytes of the unfinished event."""
        rest = bytes(self._buffer)
        self._buffer.clear()
        self._searched = 0
        return rest


def event_data(event: bytes) -> bytes | None:
    """Return the data of a raw event, lines joined by LF; None if it has none (a comment, say)."""
    if event.startswith(b"data: ") and event.endswith(b"\n\n"):
        data = event[6:-2]
        if b"\n" not in data and b"\r" not in data:
            return data
    lines = [
        line[5:].removeprefix(b" ") if line.startswith(b"data:") else b""
        for line in _LINE_END.split(event.removeprefix(_BOM))
        if line.startswith(b"data:") or line == b"data"
    ]
    return b"\n".join(lines) if lines else None


class SSEDecoder:
    """Turn arbitrary byte slices into the `data` of complete events.

    Feeding the same bytes in any slicing yields the same payloads.
    """

    __slots__ = ("_splitter",)

    def __init__(self, limit: int) -> None:
        self._splitter = EventSplitter(limit)

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the payloads that `chunk` completes, oldest first (often none).

        Raises:
            WireError: an unfinished event has grown past the limit.
        """
        payloads = (event_data(event) for event in self._splitter.feed(chunk))
        return [payload for payload in payloads if payload is not None]

    def finish(self) -> list[bytes]:
        """Return the payload of a last event that lacks only its blank line.

        The standard drops it; servers that close without the blank line are common enough, and whether
        the payload is whole shows when it is decoded.
        """
        payload = event_data(self._splitter.rest())
        return [] if payload is None else [payload]


def is_heartbeat(chunk: bytes) -> bool:
    """Tell whether a chunk holds nothing but blank space or comments."""
    if chunk[:1] not in (b":", b"\n", b"\r", b" "):
        return False
    return all(not line.strip() or line.startswith(b":") for line in _LINE_END.split(chunk))
