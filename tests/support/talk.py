"""Applications that talk through a tracker: what they send is written as chat messages."""

import json
from collections.abc import Sequence
from typing import Any

from costproxy.conversations.tracker import Placed, Tracker
from costproxy.model import Asked, ChatRequest, Claim, Placement, Prompt, ReplyCall, ReplyMessage
from costproxy.model.prompt import NO_CLAIM

SECRET = b"a secret of the tests"
Message = dict[str, Any]


def user(text: str) -> Message:
    """Return a user's message."""
    return {"role": "user", "content": text}


def system(text: str) -> Message:
    """Return instructions."""
    return {"role": "system", "content": text}


def said(text: str) -> Message:
    """Return an assistant's message."""
    return {"role": "assistant", "content": text}


def called(*ids: str, name: str = "look", text: str | None = None) -> Message:
    """Return an assistant's message that calls a tool, once per id."""
    calls = [
        {"id": each, "type": "function", "function": {"name": name, "arguments": json.dumps({"at": at})}}
        for at, each in enumerate(ids)
    ]
    return {"role": "assistant", "content": text, "tool_calls": calls}


def returned(id: str, text: str = "nothing") -> Message:  # noqa: A002
    """Return the result of a tool."""
    return {"role": "tool", "tool_call_id": id, "content": text}


def reply_of(message: Message) -> ReplyMessage:
    """Return a reply that becomes this message."""
    calls = tuple(
        ReplyCall(id=call["id"], name=call["function"]["name"], arguments=call["function"]["arguments"])
        for call in message.get("tool_calls") or ()
    )
    return ReplyMessage(text=message["content"] or "", calls=calls)


class App:
    """One application at one upstream with one key; time goes on by a second per event."""

    def __init__(self, tracker: Tracker | None = None, *, caller: bytes = b"key", upstream: str = "openai") -> None:
        self.tracker = Tracker(secret=SECRET) if tracker is None else tracker
        self.caller = caller
        self.upstream = upstream
        self.at = 1_000.0
        self.name: str | None = None
        self.model = "gpt-4o"
        self.sent = 0

    def send(
        self,
        messages: Sequence[Any],
        *,
        tools: Any = None,
        claim: Claim = NO_CLAIM,
        instructions: str | None = None,
        api: str = "chat",
    ) -> Placed:
        """Send a request and wait for nothing."""
        self.at += 1
        self.sent += 1
        return self.tracker.place(
            Asked(
                exchange=f"{id(self)} {self.sent}",
                upstream=self.upstream,
                api=api,
                app=self.name,
                caller=self.caller,
                at=self.at,
                request=ChatRequest(model=self.model),
                prompt=Prompt(
                    messages=[json.dumps(each).encode() for each in messages],
                    system=None if instructions is None else json.dumps(instructions).encode(),
                    tools=None if tools is None else json.dumps(tools).encode(),
                    claim=claim,
                ),
            )
        )

    def answer(self, placed: Placed, *replies: Message | ReplyMessage, id: str | None = None) -> None:  # noqa: A002
        """Let a request be answered."""
        self.at += 1
        messages = [each if isinstance(each, ReplyMessage) else reply_of(each) for each in replies]
        self.tracker.answered(placed, messages, reply_id=id, accepted=True, at=self.at)

    def fail(self, placed: Placed) -> None:
        """Let a request be refused."""
        self.at += 1
        self.tracker.answered(placed, (), reply_id=None, accepted=False, at=self.at)

    def ask(self, messages: Sequence[Any], reply: Message | ReplyMessage, **more: Any) -> Placement:
        """Send a request that is answered at once."""
        reply_id = more.pop("id", None)
        placed = self.send(messages, **more)
        self.answer(placed, reply, id=reply_id)
        return placed.placement

    def talk(self, turns: int, *, topic: str = "weather", first: Sequence[Message] = ()) -> list[Message]:
        """Hold a plain conversation and return its history, the last reply included."""
        history = list(first)
        for turn in range(turns):
            history.append(user(f"What about the {topic} number {turn}?"))
            reply = said(f"The {topic} number {turn} is all that one could wish for.")
            self.ask(history, reply)
            history.append(reply)
        return history
