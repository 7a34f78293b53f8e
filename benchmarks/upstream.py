"""The fake upstream, a process of its own: `python -m benchmarks.upstream PORT`.

It answers at once, or streams, as the request's `x-bench` header says, and counts what it has seen.
"""

import asyncio
import json
import re
import sys
from dataclasses import asdict, dataclass
from typing import cast

import uvloop

from benchmarks.frames import STREAM_HEAD, Frames, Usage, completion, document
from benchmarks.pacer import Pacer
from benchmarks.text import Text

COUNTS = "/bench/counts"

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_PLAN = re.compile(rb"\r\nx-bench: *([a-z]+) (\d+) (\w+)", re.IGNORECASE)
_ASKS_FOR_USAGE = re.compile(rb'"include_usage" *: *true')


@dataclass(slots=True)
class Counts:
    """What the upstream has seen and said."""

    requests: int = 0
    chunks: int = 0
    tokens: int = 0  # as told in usage, prompt and completion


class Upstream:
    """What the connections share."""

    def __init__(self) -> None:
        self.text = Text()
        self.counts = Counts()
        self.frames = Frames()
        self.pacer = Pacer(asyncio.get_running_loop())


class Connection(asyncio.Protocol):
    """One client; a request at a time."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._transport: asyncio.Transport | None = None
        self._pieces: list[bytes] = []
        self._size = 0
        self._expected = 0  # bytes of the request; 0 while its head is not complete

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._transport = None

    def data_received(self, data: bytes) -> None:
        self._pieces.append(data)
        self._size += len(data)
        if self._size < self._expected:
            return
        raw = b"".join(self._pieces)
        if not self._expected:
            self._expected = _length(raw)
            if not self._expected or self._size < self._expected:
                self._pieces = [raw]
                return
        self._pieces, self._size, self._expected = [], 0, 0
        self.write(self._answer(raw))

    def write(self, data: bytes) -> None:
        """Send bytes, unless the client has left."""
        if self._transport is not None:
            self._transport.write(data)

    def _answer(self, raw: bytes) -> bytes:
        if not raw.startswith(b"POST "):
            return document(self._counts() if COUNTS.encode() in raw[:200] else b"{}")
        self._upstream.counts.requests += 1
        plan = _PLAN.search(raw)
        if plan is None:
            return document(b'{"error":{"message":"expected an x-bench header"}}', status=b"400 Bad Request")
        kind, number, detail = plan[1], int(plan[2]), plan[3]
        if kind == b"stream":
            return self._stream(raw, number, paced=detail == b"paced")
        text = self._upstream.text
        message = text.call(number) if kind == b"call" else text.answer(number, int(detail))
        return self._document(raw, message, reason="tool_calls" if kind == b"call" else "stop")

    def _counts(self) -> bytes:
        return json.dumps(asdict(self._upstream.counts)).encode()

    def _document(self, raw: bytes, message: str, reason: str) -> bytes:
        usage = Usage(prompt=len(raw) // 4, completion=len(message) // 4)
        self._upstream.counts.tokens += usage.tokens
        return completion(message, reason, usage)

    def _stream(self, raw: bytes, chunks: int, *, paced: bool) -> bytes:
        counts, frames = self._upstream.counts, self._upstream.frames
        asked = _ASKS_FOR_USAGE.search(raw) is not None
        usage = Usage(prompt=len(raw) // 4, completion=chunks)
        counts.tokens += usage.tokens if asked else 0
        counts.chunks += chunks
        start, ending = STREAM_HEAD + frames.first(asked=asked), frames.ending(usage if asked else None)
        if not paced:
            return start + frames.joined(chunks, asked=asked) + ending
        self._upstream.pacer.add(self.write, [*frames.each(chunks, asked=asked), ending])
        return start


def _length(raw: bytes) -> int:
    """Return how long the request is that begins with `raw`, 0 while that cannot be told."""
    end = raw.find(b"\r\n\r\n")
    if end < 0:
        return 0
    told = _LENGTH.search(raw, 0, end)
    return end + 4 + (int(told[1]) if told else 0)


async def serve(port: int) -> None:
    """Listen on loopback until the process is ended."""
    upstream = Upstream()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(upstream), "127.0.0.1", port, backlog=2048)
    await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(int(sys.argv[1])))
