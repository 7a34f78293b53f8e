"""One request as the simulated upstream saw it."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True, kw_only=True, eq=False)
class SeenRequest:
    """One request, byte for byte; it fills up while it arrives, so it is the one value here that changes.

    `body` is the content without chunk framing, still content-encoded if it was sent so; it stays what
    has arrived so far if the peer leaves during the upload.
    """

    connection: int  # 1 for the first accepted connection
    method: str
    target: bytes  # the request target exactly as received
    version: str  # "1.1"
    headers: list[tuple[bytes, bytes]]  # in order, names in their original spelling, values stripped
    head: bytes  # request line and headers up to and including the empty line
    wire: bytes = b""  # the body as it was on the wire, chunk framing included
    body: bytes = b""
    trailers: list[tuple[bytes, bytes]] = field(default_factory=list)
    complete: asyncio.Event = field(default_factory=asyncio.Event)  # the whole request is here
    answered: asyncio.Event = field(default_factory=asyncio.Event)  # the plan ran to its end
    closed: asyncio.Event = field(default_factory=asyncio.Event)  # the peer left before `answered`
    closed_at: float | None = None  # the loop's time() of `closed`, seconds; None: did not happen

    @property
    def raw(self) -> bytes:
        """The request exactly as received, head and body, chunk framing included."""
        return self.head + self.wire

    @property
    def path(self) -> str:
        """The target up to its `?`, as text."""
        return self.target.partition(b"?")[0].decode("latin-1")

    def values(self, name: str) -> list[bytes]:
        """Return every value of a header, in order; `name` in any spelling."""
        wanted = name.lower().encode("latin-1")
        return [value for key, value in self.headers if key.lower() == wanted]

    def header(self, name: str) -> bytes | None:
        """Return the first value of a header, or None if it was not sent."""
        return next(iter(self.values(name)), None)

    def json(self) -> Any:
        """Return the body read as JSON.

        Raises:
            ValueError: the body is not JSON (UnicodeDecodeError and JSONDecodeError are both of it).
        """
        return json.loads(self.body)

    def peer_left(self, at: float) -> None:
        """Note that the peer closed its side; after the answer, or a second time, this means nothing."""
        if not self.answered.is_set() and self.closed_at is None:
            self.closed_at = at
            self.closed.set()

    def __repr__(self) -> str:
        return f"<SeenRequest {self.method} {self.target!r} on {self.connection}, {len(self.body)} bytes>"
