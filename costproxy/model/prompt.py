"""What a request sends for its conversation: the messages, and what it calls the conversation itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

JsonText = bytes | memoryview  # one JSON value as it was written, UTF-8; a view keeps the body it is a part of


class IdentitySource(StrEnum):
    """What told which conversation a request belongs to, surest first; safe as a label's value."""

    API_STATE = "api_state"  # the API itself: `previous_response_id`, `conversation`
    THREAD_HEADER = "thread_header"  # our own header, naming the conversation
    SESSION_HEADER = "session_header"  # a header naming a session; the messages tell the conversation within it
    SESSION_BODY = "session_body"  # a field of the request's body, likewise
    BAGGAGE = "baggage"  # the W3C header of that name, likewise
    MESSAGES = "messages"  # nothing but the messages


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a request says about its conversation, as sent: hashed before anything is kept, never logged."""

    thread: str | None = None  # names the conversation itself
    session: str | None = None  # names what its conversation, and maybe others, are part of
    previous: str | None = None  # API state: the id of the reply, or of the stored conversation, that goes on
    source: IdentitySource = IdentitySource.MESSAGES
    hints: tuple[str, ...] = ()  # `prompt_cache_key`, `user` …: they break ties and identify nothing
    ignored: int = 0  # ids that were no ids: too long, empty, or with odd characters


NO_CLAIM = Claim()


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What a request sends, cut into JSON texts and decoded no further."""

    messages: Sequence[JsonText]  # chat messages, or the input items of the Responses API, oldest first
    system: JsonText | None = None  # what is sent beside the messages: Anthropic's `system`, `instructions`
    tools: JsonText | None = None  # the whole list of tools (or of `functions`); None without one
    claim: Claim = NO_CLAIM


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyCall:
    """A tool call of a reply, as far as it came in."""

    id: str | None
    name: str
    arguments: str  # JSON text as generated


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyMessage:
    """The assistant's message of one choice, put together; what a client will send back next time."""

    text: str = ""  # content without reasoning
    calls: tuple[ReplyCall, ...] = ()
    whole: bool = True  # False: it was cut off, or too long to be kept, so `text` may be a part only
