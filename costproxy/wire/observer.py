"""One exchange seen from its bytes: feed the copies, get the facts."""

from collections.abc import Mapping
from dataclasses import dataclass

from costproxy.errors import WireError
from costproxy.model import ChatReply, ChatRequest
from costproxy.model.prompt import Prompt
from costproxy.wire import errors
from costproxy.wire.encodings import BodyDecoder, reason_of
from costproxy.wire.request_copy import RequestCopy
from costproxy.wire.sessions import USUAL_NAMES, SessionNames
from costproxy.wire.sse import SSEDecoder
from costproxy.wire.surfaces import CHAT, SURFACES

# Stream pieces are folded in batches of this size: cheaper than one by one, and still little to hold.
_BATCH = 32 * 1024
_STREAM_STARTS = (b"data:", b":", b"event:", b"id:", b"retry:")
_BOM = b"\xef\xbb\xbf"
_TELLING = 9  # bytes that tell a stream from a document: a byte order mark and the longest of the starts


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes that the meter may hold of one exchange."""

    body: int = 64 * 1024 * 1024  # of a request, of a whole reply, of one event
    decoded: int = 32 * 1024 * 1024  # of what a compressed body unpacks to


class Observer:
    """The machine for one exchange of a metered API; nothing it is fed can make it raise.

    What cannot be read is named in `unmetered`, in one word of our own; None means that all was read.
    """

    __slots__ = (
        "_decoder",
        "_document",
        "_folder",
        "_is_stream",
        "_limits",
        "_pending",
        "_pending_bytes",
        "_request",
        "_size",
        "_splices",
        "_sse",
        "_start",
        "_status",
        "unmetered",
    )

    def __init__(
        self, limits: Limits, *, api: str = CHAT, names: SessionNames = USUAL_NAMES, kept_request: int = 0
    ) -> None:
        """Take the limits, the API's name (see `apis`) and where ids of sessions are looked for.

        A request of up to `kept_request` bytes is kept, so that its tokens can be counted later.
        """
        surface = SURFACES.get(api, SURFACES[CHAT])
        self._limits = limits
        self._request = RequestCopy(surface, names, most_decoded=limits.decoded, kept=kept_request)
        self._splices = surface is SURFACES[CHAT]
        self._folder = surface.folder()
        self._sse = SSEDecoder(limits.body)
        self._decoder: BodyDecoder | None = None  # None: no reply yet, or one that is not read
        self._pending: list[tuple[float, bytes]] = []  # arrived, not looked at yet
        self._pending_bytes = 0
        self._document: list[bytes] = []  # decoded pieces of a reply that is no stream
        self._size = 0  # of the document, bytes
        self._is_stream: bool | None = None  # None: not told yet
        self._start: list[tuple[float, bytes]] = []  # what there is until then, leading blanks left out
        self._status = 0
        self.unmetered: str | None = None

    def __repr__(self) -> str:
        return f"<Observer status={self._status} unmetered={self.unmetered} {self._folder!r}>"

    @property
    def weight(self) -> int:
        """Bytes still to be parsed, at worst: what decides whether it is done on the event loop."""
        return self._pending_bytes + self._size + self._request.weight

    @property
    def request(self) -> ChatRequest | None:
        """The facts of the request; None until it is read, or if it cannot be."""
        return self._request.facts

    @property
    def request_text(self) -> bytes | None:
        """The decoded request; None until it is read, and where it is longer than what is kept."""
        return self._request.text

    @property
    def prompt(self) -> Prompt | None:
        """What the request sends; None until `read_request`, or if it cannot be read."""
        return self._request.prompt

    def take_prompt(self) -> Prompt | None:
        """Return the prompt and let it go: it keeps the whole body for as long as it is there."""
        prompt, self._request.prompt = self._request.prompt, None
        return prompt

    def request_headers(self, values: Mapping[bytes, bytes]) -> None:
        """Take the request's headers: names in lower case, values of repeated ones joined by ", "."""
        self._request.headers = values

    def request_body(self, body: bytes, encoding: str = "") -> None:
        """Take the copy of a whole request body, as the client sent it; it is read when asked for."""
        self._request.take(body, encoding)

    def read_request(self) -> ChatRequest | None:
        """Return the facts of the request, parsing it now unless that has been done; its prompt is there then, too."""
        facts = self._request.read()
        if self._request.unreadable is not None:
            self.cannot(self._request.unreadable)
        return facts

    def ask_for_usage(self) -> bytes | None:
        """Return the request's body with usage asked for, None where that is not ours to do."""
        return self._request.ask_for_usage() if self._splices else None

    def cannot(self, reason: str) -> None:
        """Note why something could not be read; the first reason stands."""
        self.unmetered = self.unmetered or reason

    def head(self, status: int, encoding: str) -> None:
        """Take the head of the reply: its status and `Content-Encoding`."""
        self._status = status
        try:
            self._decoder = BodyDecoder(encoding, self._limits.decoded)
        except WireError:
            self.cannot("reply_encoding")

    def body(self, chunk: bytes, at: float) -> None:
        """Take a piece of the reply that arrived `at` (monotonic seconds)."""
        if self._decoder is None:
            return
        self._pending.append((at, chunk))
        self._pending_bytes += len(chunk)
        if self._pending_bytes >= _BATCH:
            self._fold()

    def _fold(self, *, last: bool = False) -> None:
        """Decode what is pending, and take it in or keep it with the document; `last` means no more will come."""
        pending, self._pending, self._pending_bytes = self._pending, [], 0
        pieces: list[tuple[float, bytes]] = []
        failed = self._decode(pending, pieces)
        if self._is_stream is None:
            pieces = self._tell(pieces, last=last or failed is not None)
        if self._is_stream:
            self._fold_events(pieces)
        else:
            self._keep([plain for _, plain in pieces])
        if failed is not None:
            self._give_up(f"reply_{failed}")

    def _decode(self, pending: list[tuple[float, bytes]], pieces: list[tuple[float, bytes]]) -> str | None:
        """Add the decoded pieces to `pieces`; return why that stopped.

        The reason, not the error: kept in a caller's frame it would keep that frame, and what was unpacked in it.
        """
        for at, chunk in pending:
            if self._decoder is None:
                break
            try:
                pieces.append((at, self._decoder.feed(chunk)))
            except WireError as error:
                return reason_of(error)
        return None

    def _tell(self, pieces: list[tuple[float, bytes]], *, last: bool) -> list[tuple[float, bytes]]:
        """Hold pieces back until their first bytes tell a stream from a document: content types lie."""
        for at, piece in pieces:
            plain = piece if self._start else piece.lstrip()  # servers send blanks while a request waits its turn
            if plain:
                self._start.append((at, plain))
        start = b"".join(plain[:_TELLING] for _, plain in self._start[:_TELLING])
        if len(start) < _TELLING and not last:
            return []
        self._is_stream = start.removeprefix(_BOM).startswith(_STREAM_STARTS)
        told, self._start = self._start, []
        return told

    def _fold_events(self, pieces: list[tuple[float, bytes]]) -> None:
        self._folder.streamed = True  # heartbeats alone make a stream too
        try:
            for at, plain in pieces:
                for payload in self._sse.feed(plain):
                    self._folder.event(payload, at)
        except WireError:
            self._give_up("reply_too_large")

    def _keep(self, pieces: list[bytes]) -> None:
        self._document += pieces
        self._size += sum(map(len, pieces))
        if self._status >= 400 and self._size >= errors.LONGEST_READ:
            self._decoder = None  # the rest of an error is not read
        elif self._size > self._limits.body:
            self._give_up("reply_too_large")

    def _give_up(self, reason: str) -> None:
        self.cannot(reason)
        self._decoder = None
        self._document = []
        self._size = 0

    def facts(self, dialect: str, at: float) -> ChatReply:
        """Return the reply's facts as far as they came in until `at`; nothing may be fed after this."""
        self.read_request()
        self._fold(last=True)
        if self._is_stream:
            self._folder.streamed = True  # even if nothing but comments came
            for payload in self._sse.finish():
                self._folder.event(payload, at)
        elif self._document or self._status >= 400:
            self._folder.document(b"".join(self._document), self._status)
        asked = self.request.model if self.request else None
        return self._folder.result(dialect=dialect, asked_model=asked)
