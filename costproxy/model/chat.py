"""What the bytes of one chat completion said."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from costproxy.model.prompt import ReplyMessage
from costproxy.model.usage import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """Facts of a chat request; None means the request does not say, or not in a readable way."""

    model: str | None = None
    stream: bool = False
    include_usage: bool | None = None  # what `stream_options.include_usage` says
    messages: int | None = None  # how many
    tools: int | None = None  # how many
    max_output: int | None = None  # tokens, max_completion_tokens or max_tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyError:
    """An error the provider reported, in a body of its own or inside a 200 stream.

    `kind` is from our own finite list (see `costproxy.wire.errors`), never the provider's text.
    """

    kind: str
    in_stream: bool = False
    limit: int | None = None  # tokens: the context limit it names, of a prompt that was too long
    requested: int | None = None  # tokens that it says were sent, reserve for the reply included where it counts that


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenText:
    """What was generated, as far as it was seen; only kept where the usage is missing, to be counted."""

    texts: tuple[str, ...] = ()  # pieces of content and visible reasoning, of all choices
    calls: tuple[tuple[str, str], ...] = ()  # tool calls: name, arguments as far as they came
    beyond: int = 0  # characters of a very long reply that were not kept


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatReply:
    """Facts of a chat reply; None means that the reply did not say."""

    model: str | None = None
    finish_reasons: tuple[str, ...] = ()  # one per choice that ended, by choice index
    usage: Usage | None = None
    error: ReplyError | None = None
    complete: bool = False  # the last fact came in: the end marker, or usage and finish reason
    first_token_at: float | None = None  # monotonic seconds; None for replies that are not streams
    last_token_at: float | None = None
    streamed: bool = False
    service_tier: str | None = None  # the tier that served
    raw_usage: Mapping[str, Any] | None = None  # the provider's own object, merged; None without usage
    seen: SeenText | None = None  # None where usage is known
    id: str | None = None  # the provider's, by which a later request may refer to it
    messages: tuple[ReplyMessage, ...] = ()  # one per choice, by choice index
    begun: Usage | None = None  # of the prompt alone, where a stream stated it and broke off before its output's
    context: int | None = None  # prompt tokens of the last pass, where the usage adds up several
    deferred: bool = False  # worked on in the background: its usage is told elsewhere, if at all
