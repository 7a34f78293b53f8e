"""The fields of a request's body, as far as several APIs read them alike."""

from collections.abc import Mapping
from typing import Any

from costproxy.errors import WireError
from costproxy.model.prompt import JsonText
from costproxy.wire import jsontext
from costproxy.wire.numbers import token_count

_NOTHING = frozenset({b"null", b'""', b"[]", b"{}"})


class RequestFields:
    """The top-level fields of a body, each decoded only when it is asked for; a wrong type hides no other field."""

    __slots__ = ("_texts",)

    def __init__(self, body: bytes) -> None:
        """Cut the body up.

        Raises:
            WireError: it is no JSON object.
        """
        self._texts = jsontext.fields(body)

    def __repr__(self) -> str:
        return f"<RequestFields {len(self._texts)}>"

    def value(self, name: str) -> Any:
        """Return a field decoded, None if it is absent or cannot be read."""
        text = self._texts.get(name)
        try:
            return None if text is None else jsontext.decode(text)
        except WireError:
            return None

    def name(self, name: str) -> str | None:
        """Return a text that is not empty."""
        value = self.value(name)
        return value if isinstance(value, str) and value else None

    def count(self, name: str) -> int | None:
        """Return a count of tokens above 0."""
        return token_count(self.value(name)) or None

    def flag(self, name: str) -> bool:
        """Tell whether a field is true, and nothing like it."""
        return self.value(name) is True

    def items(self, name: str) -> list[JsonText] | None:
        """Return the items of a list, each as its JSON text."""
        return jsontext.items(self._texts.get(name))

    def text(self, name: str) -> JsonText | None:
        """Return the JSON text of a field that holds something."""
        text = self._texts.get(name)
        return None if text is None or bytes(text[:8]).strip() in _NOTHING else text

    def among(self, names: frozenset[str]) -> Mapping[str, JsonText]:
        """Return the JSON texts of those fields that are there."""
        return {name: self._texts[name] for name in names & self._texts.keys()}
