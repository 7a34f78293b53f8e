"""The copy of one request: kept until it is read, and then let go but for what it said."""

from collections.abc import Mapping
from types import MappingProxyType

from costproxy.errors import WireError
from costproxy.model import ChatRequest
from costproxy.model.prompt import NO_CLAIM, Prompt
from costproxy.wire import chat_request
from costproxy.wire.encodings import BodyDecoder, reason_of
from costproxy.wire.sessions import SessionNames, claim_of
from costproxy.wire.surface import RequestRead, Surface

# What an encoded request may unpack to, times its size. Source: RFC 1951; br and zstd can do worse.
_EXPANSION = 1000
_NOTHING: Mapping[bytes, bytes] = MappingProxyType({})


class RequestCopy:
    """A request's body and headers, and their facts once they are read; nothing raises.

    What cannot be read is named in `unreadable`, in one word of our own.
    """

    __slots__ = (
        "_body",
        "_encoding",
        "_fields",
        "_kept",
        "_most_decoded",
        "_names",
        "_surface",
        "facts",
        "headers",
        "prompt",
        "text",
        "unreadable",
    )

    def __init__(self, surface: Surface, names: SessionNames, *, most_decoded: int, kept: int) -> None:
        """Take how many bytes a body may unpack to, and up to how many it is kept as `text`."""
        self._surface = surface
        self._names = names
        self._most_decoded = most_decoded
        self._kept = kept
        self._body: bytes | None = None
        self._encoding = ""
        self._fields: chat_request.Fields | None = None  # of the body, where they have been read
        self.headers: Mapping[bytes, bytes] = _NOTHING  # lower-case names, repeated ones joined; until it is read
        self.facts: ChatRequest | None = None
        self.prompt: Prompt | None = None
        self.text: bytes | None = None  # decoded; None if there was none, or more than is kept
        self.unreadable: str | None = None

    def __repr__(self) -> str:
        return f"<RequestCopy weight={self.weight} unreadable={self.unreadable}>"

    @property
    def weight(self) -> int:
        """Bytes still to be parsed, at worst."""
        return len(self._body or b"") * (_EXPANSION if self._encoding else 1)

    def take(self, body: bytes, encoding: str) -> None:
        """Take the whole body, as the client sent it."""
        self._body = body
        self._encoding = encoding

    def read(self) -> ChatRequest | None:
        """Return the facts, parsing the body now unless that has been done."""
        if self._body is None:
            return self.facts
        body, self._body = self._body, None
        try:
            plain = BodyDecoder(self._encoding, self._most_decoded).feed(body)
        except WireError as error:
            self.unreadable = f"request_{reason_of(error)}"
            return None
        if len(plain) <= self._kept:
            self.text = plain
        try:
            self._read(plain)
        except WireError:
            self.unreadable = "request_unreadable"
        return self.facts

    def _read(self, plain: bytes) -> None:
        names = self._names.top_level
        fields, self._fields = self._fields, None
        read = chat_request.whole_of(fields, plain, names, self.facts) if fields else self._surface.read(plain, names)
        self.facts = self.facts or read.facts
        self.prompt = self._claimed(read)
        self.headers = _NOTHING

    def _claimed(self, read: RequestRead) -> Prompt:
        claim = claim_of(self._names, self.headers, read.fields)
        prompt = read.prompt
        if claim is NO_CLAIM:
            return prompt
        return Prompt(messages=prompt.messages, system=prompt.system, tools=prompt.tools, claim=claim)

    def ask_for_usage(self) -> bytes | None:
        """Return the body with usage asked for, None where that is not ours to do; of chat completions only."""
        body = self._body
        if body is None or self._encoding or self._fields is not None:
            return None
        try:
            self._fields = chat_request.parse(body)
        except WireError:
            return None  # it is read once more when the exchange is over, and what is wrong with it noted
        self.facts = chat_request.facts_of(self._fields)
        return chat_request.ask_for_usage(body, self._fields)
