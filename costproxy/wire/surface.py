"""What the observer needs to know of an API: how its requests are read, and how its replies are put together."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

from costproxy.model import ChatReply, ChatRequest
from costproxy.model.prompt import JsonText, Prompt


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRead:
    """A request as its reader found it."""

    facts: ChatRequest
    prompt: Prompt  # without its claim, which depends on the headers as well
    fields: Mapping[str, JsonText] = field(default_factory=lambda: MappingProxyType({}))  # as told to the reader


# Reads the decoded body of a request. The names are those of the body's top-level fields that may name a session: those
# of them that the body has are returned in `fields`, not decoded. Raises WireError: the body is no JSON object.
RequestReader = Callable[[bytes, frozenset[str]], RequestRead]


class ReplyFolder(Protocol):
    """Folds the events of a stream, or its one document, into a reply; nothing it is given makes it raise."""

    done: bool  # the end came in: of a stream its end mark, of a document all of it
    streamed: bool
    unread: int  # events and documents that could not be read

    def event(self, payload: bytes, at: float) -> None:
        """Take in the data of one event that arrived `at` (monotonic seconds)."""

    def document(self, body: bytes, status: int) -> None:
        """Take in a whole reply body with the status it came with."""

    def result(self, *, dialect: str, asked_model: str | None) -> ChatReply:
        """Return the facts as far as they are in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """One API that is metered."""

    read: RequestReader
    folder: Callable[[], ReplyFolder]
