"""One request of an application, and what is known of it beforehand."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from benchmarks.identity.recorded import Conversation, Message
from costproxy.model import ChatRequest, Prompt, ReplyMessage
from costproxy.offline.recorded_replies import chat_reply

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A request as the tracker is told of it, and what is true of it."""

    conversation: str
    prompt: Prompt
    turn: int | None = None  # None: unknown
    model: str | None = None
    upstream: str = "default"
    api: str = "chat"
    replies: tuple[ReplyMessage, ...] = ()
    reply_id: str | None = None
    accepted: bool = True
    finish_reason: str = "stop"
    overlaps: bool = False  # the next one is sent before this one's reply is there

    @property
    def request(self) -> ChatRequest:
        """Its facts."""
        return ChatRequest(model=self.model, messages=len(self.prompt.messages))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A request, its reply, and the truth about both."""

    conversation: str
    index: int  # the reply's, in the recording
    turn: int
    messages: tuple[bytes, ...]  # JSON, as sent
    reply: ReplyMessage
    tools: bytes | None = None
    model: str = "gpt-4o"

    @property
    def sent(self) -> Sent:
        """The same, as it goes out."""
        return Sent(
            conversation=self.conversation,
            prompt=Prompt(messages=self.messages, tools=self.tools),
            turn=self.turn,
            model=self.model,
            replies=(self.reply,),
        )


class Thread:
    """A conversation whose messages are encoded once, and its requests."""

    def __init__(self, conversation: Conversation) -> None:
        self.name = conversation.name
        self.model = conversation.model
        self.messages = conversation.messages
        self.replies = conversation.replies
        self.texts = tuple(encoded(message) for message in conversation.messages)
        self.tools = None if conversation.tools is None else _encode(conversation.tools)
        self.turns = dict(zip(self.replies, _turns(conversation.messages, self.replies), strict=True))

    def ask(self, index: int, messages: Iterable[bytes] | None = None, **changes: Any) -> Ask:
        """Return the request that the message at `index` answers, with other messages if they are given."""
        told: dict[str, Any] = {
            "conversation": self.name,
            "index": index,
            "turn": self.turns[index],
            "messages": self.texts[:index] if messages is None else tuple(messages),
            "reply": chat_reply(self.messages[index]),
            "tools": self.tools,
            "model": self.model,
        }
        return Ask(**(told | changes))

    def asks(self) -> Iterator[Ask]:
        """Yield the requests as they were recorded."""
        return map(self.ask, self.replies)

    def role(self, index: int) -> str:
        """Return the role of a message."""
        role: str = self.messages[index]["role"]
        return role

    def role_after(self, index: int) -> str | None:
        """Return the role of the next message; None after the last."""
        return self.role(index + 1) if index + 1 < len(self.messages) else None


def encoded(message: Message | Mapping[str, Any]) -> bytes:
    """Return a message as JSON, as compact as SDKs write it."""
    return _encode(message)


def text_of(message: Message) -> str:
    """Return the text of a message, parts joined."""
    content = message.get("content")
    if isinstance(content, list):
        texts = [part if isinstance(part, str) else part.get("text") for part in content]
        return "".join(text for text in texts if isinstance(text, str))
    return content if isinstance(content, str) else ""


def _turns(messages: tuple[Message, ...], replies: list[int]) -> Iterator[int]:
    """Yield the turn of each request: a new one if a user said something since the one before."""
    turn, before = 0, None
    for index in replies:
        since = messages[:index] if before is None else messages[before + 1 : index]
        turn += before is None or any(message["role"] == "user" for message in since)
        yield turn
        before = index
