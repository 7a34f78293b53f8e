"""What others do to tell conversations apart, to be measured beside."""

from collections.abc import Iterator, Sequence

import msgspec

from benchmarks.identity.ask import text_of
from costproxy.model.prompt import JsonText, Prompt

_SYSTEM = ("system", "developer")


class FirstMessages:
    """A hash of the system prompt and the first message of the user."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[str, str]] = {}

    def name(self, prompt: Prompt) -> object:
        """Return the conversation of a request."""
        return hash((prompt.system and bytes(prompt.system), *self._head(prompt.messages)))

    def _head(self, messages: Sequence[JsonText]) -> Iterator[str]:
        for message in messages:
            role, text = self._read(bytes(message))
            if role in _SYSTEM:
                yield text
            if role == "user":
                yield text
                return

    def _read(self, text: bytes) -> tuple[str, str]:
        if text not in self._known:
            message = msgspec.json.decode(text)
            self._known[text] = (str(message.get("role")), text_of(message)) if isinstance(message, dict) else ("", "")
        return self._known[text]


class LongestPrefix:
    """The conversation of the request whose messages, as they were written, are the longest beginning of these."""

    def __init__(self) -> None:
        self._names: dict[int, int] = {}

    def name(self, prompt: Prompt) -> object:
        """Return the conversation of a request, and remember it."""
        nodes = list(_nodes(prompt))
        known = (self._names[node] for node in reversed(nodes) if node in self._names)
        name = next(known, len(self._names))
        if nodes:
            self._names[nodes[-1]] = name
        return name


def _nodes(prompt: Prompt) -> Iterator[int]:
    """Yield a hash of each beginning of the messages."""
    node = hash(prompt.system and bytes(prompt.system))
    for message in prompt.messages:
        node = hash((node, bytes(message)))
        yield node
