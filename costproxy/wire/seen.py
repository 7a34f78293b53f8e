"""What was generated, put together from the pieces of a reply: by choice, as messages; and in case it must be counted.

Source of the shapes: the OpenAI OpenAPI file 2.3.0, and recorded replies of 29 providers.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, TypeGuard

from costproxy.model import ReplyCall, ReplyMessage, SeenText

_REASONING_FIELDS = ("reasoning_content", "reasoning")
_MOST_CHARS = 512 * 1024  # of text and arguments that are kept; what comes beyond is only measured
_MOST_CHOICES = 1024  # the API allows 128
_MOST_CALLS = 4096  # of one choice


class _Call:
    """One tool call, as far as it came in."""

    __slots__ = ("id", "name", "pieces")

    def __init__(self) -> None:
        self.id: str | None = None
        self.name = ""
        self.pieces: list[str] = []

    @property
    def arguments(self) -> str:
        return "".join(self.pieces)


class _Choice:
    """The pieces of one choice."""

    __slots__ = ("by_index", "calls", "said", "thought")

    def __init__(self) -> None:
        self.said: list[str] = []
        self.thought: list[str] = []
        self.calls: list[_Call] = []
        self.by_index: dict[int | str, _Call] = {}  # the call that a delta of this index goes on with

    def __bool__(self) -> bool:
        return bool(self.said or self.thought or self.calls)


class SeenCollector:
    """Collects the text and the tool calls of deltas, or of whole messages, within a bound for all of a reply."""

    __slots__ = ("_beyond", "_choices", "_room")

    def __init__(self) -> None:
        self._room = _MOST_CHARS
        self._beyond = 0  # characters
        self._choices: dict[int, _Choice] = {}

    def add(self, choice: Mapping[str, Any], index: int) -> bool:
        """Take in what one choice of a stream's chunk brings; return whether that is a generated token."""
        delta = choice.get("delta")
        if isinstance(delta, dict):
            return self._take(self._choice(index), delta)
        if not self._choice(index):  # some streams send all of it again beside the deltas, or after them
            self.add_whole(choice, index)
        return False

    def add_whole(self, choice: Mapping[str, Any], index: int) -> None:
        """Take in one choice of a document."""
        message = choice.get("message")
        if isinstance(message, dict):
            self._take(self._choice(index), message)

    def _choice(self, index: int) -> _Choice:
        held = self._choices.get(index)
        if held is None:
            held = _Choice()
            if len(self._choices) < _MOST_CHOICES:
                self._choices[index] = held
        return held

    def _take(self, held: _Choice, said: Mapping[str, Any]) -> bool:
        some = False
        if content := said.get("content"):
            some = True
            if isinstance(content, str):
                self._keep(content, held.said)
            elif isinstance(content, list):
                self._take_parts(content, held)
        for name in _REASONING_FIELDS:
            if thought := said.get(name):
                some = True
                self._keep(thought, held.thought)
        if refusal := said.get("refusal"):
            some = True
            self._keep(refusal, held.said)
        if calls := said.get("tool_calls"):
            some = True
            self._take_calls(calls, held)
        if call := said.get("function_call"):
            some = True
            self._take_call(held, "function_call", None, call)
        return some

    def _take_parts(self, parts: list[Any], held: _Choice) -> None:
        for part in parts:
            if isinstance(part, dict):
                self._keep(part.get("text") or part.get("refusal"), held.said)
                for thought in _texts(part.get("thinking")):
                    self._keep(thought, held.thought)

    def _take_calls(self, calls: Any, held: _Choice) -> None:
        for position, call in enumerate(calls if isinstance(calls, list) else ()):
            if isinstance(call, dict):
                index = call.get("index")
                what = call.get("function") or call.get("custom")
                self._take_call(held, index if isinstance(index, int) else position, call.get("id"), what)

    def _take_call(self, held: _Choice, index: int | str, call_id: Any, what: Any) -> None:
        if not isinstance(what, dict):
            return
        name, arguments = what.get("name"), what.get("arguments") or what.get("input")
        call = held.by_index.get(index)
        if call is None or _is_another(call, call_id, name, arguments):
            if not (_is_text(name) or _is_text(arguments) or _is_text(call_id)):
                return  # some servers fill what they do not use with empty strings
            if len(held.calls) >= _MOST_CALLS:
                self._beyond += len(arguments) if _is_text(arguments) else 1
                return
            call = held.by_index[index] = _Call()
            held.calls.append(call)
        if call.id is None and _is_text(call_id) and self._has_room(call_id):
            call.id = call_id
        if not call.name and _is_text(name) and self._has_room(name):
            call.name = name
        self._keep(arguments, call.pieces)

    def _has_room(self, text: str) -> bool:
        """Take the room for a text of which a part would be of no use."""
        if len(text) > self._room:
            self._beyond += len(text)
            return False
        self._room -= len(text)
        return True

    def _keep(self, text: Any, pieces: list[str]) -> None:
        if not _is_text(text):
            return
        if len(text) > self._room:
            self._beyond += len(text) - self._room
            text = text[: self._room]
        self._room -= len(text)
        if text:
            pieces.append(text)

    def messages(self, ended: Collection[int], *, done: bool) -> tuple[ReplyMessage, ...]:
        """Return one message per choice, by index.

        `ended` are the choices that gave a finish reason; `done` tells that the end of the reply came in.
        """
        for index in ended:
            self._choice(index)
        return tuple(
            ReplyMessage(
                text="".join(held.said),
                calls=tuple(ReplyCall(id=each.id, name=each.name, arguments=each.arguments) for each in held.calls),
                whole=(done or index in ended) and not self._beyond,
            )
            for index, held in sorted(self._choices.items())
        )

    def value(self) -> SeenText | None:
        """Return all that was generated, None if that is nothing."""
        choices = [held for _, held in sorted(self._choices.items())]
        text = "".join(piece for held in choices for pieces in (held.thought, held.said) for piece in pieces)
        calls = tuple((call.name, call.arguments) for held in choices for call in held.calls)
        if not text and not calls and not self._beyond:
            return None
        return SeenText(texts=(text,) if text else (), calls=calls, beyond=self._beyond)


def _is_another(call: _Call, call_id: Any, name: Any, arguments: Any) -> bool:
    """Tell a further call, sent under the index of an earlier one, from a piece of that one.

    Gemini's endpoint gives all calls of a reply the index 0, each of them whole; vLLM may give each piece of one call
    an id of its own, and its name again.
    """
    if not call.pieces or not _is_text(name) or (_is_text(call_id) and call_id == call.id):
        return False
    return _is_text(arguments) and arguments[0] == "{" and arguments[-1] == "}"


def _texts(thinking: Any) -> Iterator[Any]:
    """Yield the texts of a thinking part: Mistral's are lists of text parts."""
    if isinstance(thinking, list):
        yield from (part.get("text") for part in thinking if isinstance(part, dict))
    else:
        yield thinking


def _is_text(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and bool(value)
