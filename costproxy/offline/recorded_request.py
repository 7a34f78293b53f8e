"""One request as it was sent to a model, out of a recorded conversation, session or exchange."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from costproxy.model import ReplyMessage


class Truth(StrEnum):
    """What is known of the conversation that a recorded request was part of."""

    CONVERSATION = "conversation"  # the source is one
    SESSION = "session"  # the source is one session, in order: mostly one conversation, at times several
    UNKNOWN = "unknown"  # the source is one request and says nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRequest:
    """One request, and what was recorded of its reply; None means that it was not."""

    source: str  # where it was recorded, "file:12": one line
    index: int  # of the request within its source, from 0
    api: str  # "chat", "messages" (Anthropic) or "responses"
    host: str  # lower case; "" if not recorded
    path: str
    body: bytes  # JSON of the request
    truth: Truth = Truth.UNKNOWN  # of its source
    reply: ReplyMessage | None = None
    reply_id: str | None = None  # the provider's
    usage: Mapping[str, Any] | None = None  # the provider's object
    finish_reason: str | None = None
    status: int = 200
    port: int = 443
    model: str | None = None  # that served, as the reply said
    at: float | None = None  # seconds since the epoch, UTC
    headers: Mapping[bytes, bytes] = field(default_factory=lambda: MappingProxyType({}))  # names in lower case
    # What `reply` was read from: a chat message, an Anthropic message, or the output items of a response.
    message: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None
    # The whole body of the reply, where that was recorded: then it says all that the fields from `reply` on would.
    response: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedSource:
    """The requests of one JSON document, made as they are asked for: a long conversation sends itself over and over."""

    source: str  # "file:12", of an array there "file:12[0]"
    truth: Truth
    requests: Iterator[RecordedRequest]
    # It ends with a question to which no reply was recorded: left out, for nobody can tell whether it was sent.
    unasked: bool = False
    # It holds replies, but ends with a question, and only that told that it is one request as it was sent.
    as_sent: bool = False
