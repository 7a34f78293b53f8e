"""The tokens of messages, as any of the chat APIs writes them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from costproxy.tokens.framing import Framing
from costproxy.tokens.media import PICTURES, RECORDINGS, MediaCounter
from costproxy.tokens.part import NOTHING, UNCOUNTED, Part, joined
from costproxy.tokens.tool_calls import calls_in_history, calls_of
from costproxy.tokens.tools import as_list
from costproxy.tokens.typescript import as_map

# Tuples, since these are compared with what strangers send, which may be unhashable.
INSTRUCTING = (
    "system",
    "developer",
)

_TEXT_KEYS = ("text", "refusal", "thinking", "summary_text")
_RESULTS = ("tool_result",)
# Counted elsewhere, or made of nothing: calls are with their message, marks are not text.
_SILENT = (
    "tool_use",
    "server_tool_use",
    "cache_control",
)
# Items with text in them. The Responses API has more, which it keeps itself and the request names, or carries sealed.
_MESSAGES = (
    "message",
    "function_call",
    "function_call_output",
    "custom_tool_call",
    "custom_tool_call_output",
)
_DEEPEST = 4  # results inside results


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReader:
    """Makes a part of a message."""

    framing: Framing
    media: MediaCounter
    with_functions: bool  # instructions then end in a line break, after which the definitions stand

    def part(self, message: Any) -> Part:
        """Return the tokens of one message; of anything that is not one, that it is uncounted."""
        if not isinstance(message, dict):
            return UNCOUNTED
        if message.get("type", "message") not in _MESSAGES:
            return UNCOUNTED
        return joined(self._frame(message), self._content(message), self._calls(message))

    def _frame(self, message: Mapping[str, Any]) -> Part:
        fixed = self.framing.per_message + self.framing.role
        name = message.get("name")
        if not isinstance(name, str) or not name or "role" not in message:
            return Part(fixed=fixed)
        return Part(fixed=fixed + self.framing.per_name, texts=(name,))

    def _content(self, message: Mapping[str, Any]) -> Part:
        content = message.get("content", message.get("output"))
        part = self._items(content, depth=0)
        if message.get("role") == "assistant" and any(part.texts):
            return joined(part, Part(fixed=self.framing.assistant))
        if self.with_functions and message.get("role") in INSTRUCTING and part.texts:
            return joined(Part(texts=(f"{part.texts[-1]}\n",)), _without_last(part))
        return part

    def _calls(self, message: Mapping[str, Any]) -> Part:
        return calls_in_history(calls_of(message), self.framing)

    def _items(self, content: Any, *, depth: int) -> Part:
        if isinstance(content, str):
            return Part(texts=(content,)) if content else NOTHING
        if isinstance(content, dict):
            content = [content]
        return joined(*_one_text(self._item(item, depth=depth) for item in as_list(content)))

    def _item(self, item: Any, *, depth: int) -> Part:
        if isinstance(item, str):
            return Part(texts=(item,))
        kind = as_map(item).get("type")
        if kind in PICTURES:
            return self.media.picture(item)
        if kind in RECORDINGS:
            return self.media.recording(item)
        if kind in _RESULTS and depth < _DEEPEST:
            return self._items(item.get("content"), depth=depth + 1)
        text = next((value for key in _TEXT_KEYS if isinstance(value := as_map(item).get(key), str)), None)
        if text is not None:
            return Part(texts=(text,))
        return NOTHING if kind in _SILENT else UNCOUNTED


def _one_text(parts: Iterable[Part]) -> Iterator[Part]:
    """Yield the parts with neighbouring texts made one, as the API joins them."""
    run: list[str] = []
    for part in parts:
        if part.texts and not part.media and not part.uncounted:
            run += part.texts
            continue
        if run:
            yield Part(texts=("".join(run),))
            run = []
        yield part
    if run:
        yield Part(texts=("".join(run),))


def _without_last(part: Part) -> Part:
    return replace(part, texts=part.texts[:-1])
