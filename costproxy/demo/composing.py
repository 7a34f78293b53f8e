"""What the demo's model answers, and what it counts for it."""

import random
from dataclasses import dataclass

from costproxy.demo import chat
from costproxy.demo.chat import Chat, Usage
from costproxy.demo.counting import PromptCache, text_tokens
from costproxy.demo.frames import Json, compact
from costproxy.demo.offer import DemoModel
from costproxy.demo.speech import argument_values, reply_text, words
from costproxy.demo.wanted import Wanted

_TOOL_SHARE = 0.7  # of the replies that could call a tool
_TOOL_ROUNDS = 4  # with this many results among the latest messages the model answers in words
_TOOL_OVERHEAD = 12  # tokens that a call costs beside its arguments
_REASONING_STEP = 64  # reasoning is counted in steps of 64 tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One reply before it is put on the wire: text, or one call of a tool."""

    chat: Chat
    text: str | None
    call: Json | None
    finish: str
    usage: Usage
    reasoning: int  # tokens, part of the usage's completion

    def whole(self) -> Json:
        """Return the reply as one object."""
        calls = [self.call] if self.call else ()
        return self.chat.completion(self.text, self.usage, finish=self.finish, tool_calls=calls)

    def chunks(self, *, with_usage: bool) -> list[Json]:
        """Return the reply as the chunks of a stream."""
        said = self._called(self.call) if self.call else map(self.chat.content, words(self.text or ""))
        counted = [self.chat.usage(self.usage)] if with_usage else []
        return [self.chat.role(), *said, self.chat.finish(self.finish), *counted]

    def _called(self, call: Json) -> list[Json]:
        arguments = call["function"]["arguments"]
        first = self.chat.tool("", name=call["function"]["name"], id=call["id"])
        return [first, *(self.chat.tool(arguments[at : at + 8]) for at in range(0, len(arguments), 8))]


class Composer:
    """Makes answers; the same chance and the same requests in the same order give the same answers."""

    def __init__(self, chance: random.Random) -> None:
        """Draw everything that varies from `chance`."""
        self._chance = chance
        self._cache = PromptCache()

    def answer(self, wanted: Wanted, model: DemoModel, *, created: int) -> Answer:
        """Answer a request that fits the model's window; `created` is in seconds since 1970."""
        call = self._call(wanted)
        text = None if call else reply_text(self._chance)
        reasoning = self._chance.randint(1, 12) * _REASONING_STEP if model.reasons else 0
        said = _call_tokens(call) if call else text_tokens(text or "")
        room = min(wanted.longest or model.longest_reply, model.window - wanted.prompt)
        full = reasoning + said <= room
        if not full:  # the reply ends where the room does, a call is lost
            reasoning = min(reasoning, room)
            text, call, said = (text or "")[: (room - reasoning) * 4], None, room - reasoning
        cached = self._cache.read(model.name, wanted.parts)
        return Answer(
            chat=self._identity(model, created=created, nulls=wanted.with_usage),
            text=text,
            call=call,
            finish="length" if not full else "tool_calls" if call else "stop",
            usage=chat.usage(wanted.prompt, reasoning + said, cached=cached, reasoning=reasoning),
            reasoning=reasoning,
        )

    def _identity(self, model: DemoModel, *, created: int, nulls: bool) -> Chat:
        return Chat(id=self._id("chatcmpl-"), model=model.snapshot, created=created, nulls=nulls)

    def _call(self, wanted: Wanted) -> Json | None:
        if not wanted.tools or wanted.results >= _TOOL_ROUNDS or self._chance.random() > _TOOL_SHARE:
            return None
        tool = self._chance.choice(wanted.tools)
        arguments = compact(argument_values(tool, self._chance)).decode()
        return chat.tool_call(tool["function"]["name"], arguments, id=self._id("call_"))

    def _id(self, prefix: str) -> str:
        return f"{prefix}{self._chance.getrandbits(96):024x}"


def _call_tokens(call: Json) -> int:
    return _TOOL_OVERHEAD + text_tokens(call["function"]["arguments"])
