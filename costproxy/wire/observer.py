"""One exchange seen from its bytes: feed the copies, get the facts."""

from dataclasses import dataclass

from costproxy.errors import WireError
from costproxy.model import ChatReply, ChatRequest
from costproxy.wire import chat_request, errors
from costproxy.wire.chat_reply import ChatFolder
from costproxy.wire.encodings import BodyDecoder, TooLargeError
from costproxy.wire.sse import SSEDecoder

# Stream pieces are folded in batches of this size: cheaper than one by one, and still little to hold.
_BATCH = 32 * 1024
# What an encoded request may unpack to, times its size. Source: RFC 1951; br and zstd can do worse.
_EXPANSION = 1000
_STREAM_STARTS = (b"data:", b":", b"event:", b"id:", b"retry:")
_BOM = b"\xef\xbb\xbf"
_TELLING = 9  # bytes that tell a stream from a document: a byte order mark and the longest of the starts


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes that the meter may hold of one exchange."""

    body: int = 64 * 1024 * 1024  # of a request, of a whole reply, of one event
    decoded: int = 32 * 1024 * 1024  # of what a compressed body unpacks to


class Observer:
    """The machine for one chat exchange; nothing it is fed can make it raise.

    What cannot be read is named in `unmetered`, in one word of our own; None means that all was read.
    """

    __slots__ = (
        "_decoder",
        "_document",
        "_folder",
        "_is_stream",
        "_kept_request",
        "_limits",
        "_pending",
        "_pending_bytes",
        "_request",
        "_request_encoding",
        "_size",
        "_sse",
        "_start",
        "_status",
        "request",
        "request_text",
        "unmetered",
    )

    def __init__(self, limits: Limits, *, kept_request: int = 0) -> None:
        """Take the limits, and up to how many bytes a request is kept so that its tokens can be counted later."""
        self._limits = limits
        self._kept_request = kept_request
        self.request_text: bytes | None = None  # decoded; None if there was none, or more than is kept
        self._folder = ChatFolder()
        self._sse = SSEDecoder(limits.body)
        self._decoder: BodyDecoder | None = None  # None: no reply yet, or one that is not read
        self._pending: list[tuple[float, bytes]] = []  # arrived, not looked at yet
        self._pending_bytes = 0
        self._document: list[bytes] = []  # decoded pieces of a reply that is no stream
        self._size = 0  # of the document, bytes
        self._is_stream: bool | None = None  # None: not told yet
        self._start: list[tuple[float, bytes]] = []  # what there is until then, leading blanks left out
        self._request: bytes | None = None
        self._request_encoding = ""
        self._status = 0
        self.request: ChatRequest | None = None
        self.unmetered: str | None = None

    def __repr__(self) -> str:
        return f"<Observer status={self._status} unmetered={self.unmetered} {self._folder!r}>"

    @property
    def weight(self) -> int:
        """Bytes still to be parsed, at worst: what decides whether it is done on the event loop."""
        request = len(self._request or b"") * (_EXPANSION if self._request_encoding else 1)
        return self._pending_bytes + self._size + request

    def request_body(self, body: bytes, encoding: str = "") -> None:
        """Take the copy of a whole request body, as the client sent it; it is read when asked for."""
        self._request = body
        self._request_encoding = encoding

    def read_request(self) -> ChatRequest | None:
        """Return the facts of the request, parsing it now unless that has been done."""
        if self._request is None:
            return self.request
        body, self._request = self._request, None
        try:
            plain = BodyDecoder(self._request_encoding, self._limits.decoded).feed(body)
        except WireError as error:
            self.cannot(f"request_{_reason(error)}")
            return None
        self._keep_request(plain)
        try:
            self.request = chat_request.read(plain)
        except WireError:
            self.cannot("request_unreadable")
        return self.request

    def ask_for_usage(self) -> bytes | None:
        """Return the request's body with usage asked for, None where that is not ours to do."""
        body = self._request
        if body is None or self._request_encoding:
            return None
        try:
            fields = chat_request.parse(body)
        except WireError:
            return None  # it is read once more when the exchange is over, and what is wrong with it noted
        self.request, self._request = chat_request.facts_of(fields), None
        self._keep_request(body)
        return chat_request.ask_for_usage(body, fields)

    def _keep_request(self, plain: bytes) -> None:
        if len(plain) <= self._kept_request:
            self.request_text = plain

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
                return _reason(error)
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


def _reason(error: WireError) -> str:
    return "too_large" if isinstance(error, TooLargeError) else "encoding"
