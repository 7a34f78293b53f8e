"""What was generated, put together from the pieces of a reply, in case it has to be counted."""

from collections.abc import Mapping
from typing import Any, TypeGuard

from costproxy.model import SeenText

TEXT_FIELDS = ("content", "reasoning_content", "reasoning", "refusal")
_MOST_CHARS = 512 * 1024  # of text and arguments that are kept; what comes beyond is only measured


class SeenCollector:
    """Collects the text and the tool calls of deltas, or of whole messages."""

    __slots__ = ("_beyond", "_calls", "_room", "_texts")

    def __init__(self) -> None:
        self._room = _MOST_CHARS
        self._beyond = 0  # characters
        self._texts: list[str] = []
        self._calls: dict[tuple[int, int], list[str]] = {}  # (choice, call) -> [name, piece of arguments, …]

    def add(self, choice: Mapping[str, Any], position: int) -> None:
        """Take in what one choice of a chunk or document brings."""
        said = choice.get("delta") or choice.get("message")
        if not isinstance(said, dict):
            return
        for name in TEXT_FIELDS:
            value = said.get(name)
            parts = (
                [part.get("text") for part in value if isinstance(part, dict)] if isinstance(value, list) else [value]
            )
            self._texts += [part for part in parts if _is_text(part) and self._has_room(part)]
        calls = said.get("tool_calls")
        for at, call in enumerate(calls if isinstance(calls, list) else ()):
            if isinstance(call, dict):
                self._add_call(call, position, at)

    def _add_call(self, call: Mapping[str, Any], position: int, at: int) -> None:
        function = call.get("function")
        if not isinstance(function, dict):
            return
        index = call.get("index")
        pieces = self._calls.setdefault((position, index if isinstance(index, int) else at), [""])
        if _is_text(function.get("name")):
            pieces[0] = pieces[0] or function["name"]
        if _is_text(function.get("arguments")) and self._has_room(function["arguments"]):
            pieces.append(function["arguments"])

    def _has_room(self, text: str) -> bool:
        if len(text) > self._room:
            self._beyond += len(text)
            return False
        self._room -= len(text)
        return True

    def value(self) -> SeenText | None:
        """Return all of it, None if that is nothing."""
        if not self._texts and not self._calls and not self._beyond:
            return None
        calls = tuple((pieces[0], "".join(pieces[1:])) for pieces in self._calls.values())
        return SeenText(texts=("".join(self._texts),) if self._texts else (), calls=calls, beyond=self._beyond)


def _is_text(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and bool(value)
