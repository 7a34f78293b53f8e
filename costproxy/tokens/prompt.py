"""What a request is made of, part by part, in the order in which it is counted."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from costproxy.tokens.framing import framing_of
from costproxy.tokens.image_table import ImageTable
from costproxy.tokens.media import MediaCounter
from costproxy.tokens.messages import INSTRUCTING, MessageReader
from costproxy.tokens.part import UNCOUNTED, Part
from costproxy.tokens.tools import as_list, definitions, output_form
from costproxy.tokens.typescript import as_map


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptReader:
    """Reads decoded chat requests of any of the APIs; whatever is odd about one makes it partial."""

    images: ImageTable

    def parts(self, request: Mapping[str, Any], model: str, *, at: date | None = None) -> Iterator[Part]:
        """Yield the parts of `request`: the frame and what is in it but once, then every message."""
        framing = framing_of(model)
        with_functions = bool(as_list(request.get("tools")) or as_list(request.get("functions")))
        media = MediaCounter(table=self.images, model=model, at=at)
        reader = MessageReader(framing=framing, media=media, with_functions=with_functions)
        yield Part(fixed=framing.priming + framing.hidden)
        yield output_form(request)
        yield definitions(request, framing, beside_system=_has_instructions(request))
        if request.get("previous_response_id") or request.get("conversation"):
            yield UNCOUNTED  # the rest of the thread is with the provider
        for message in messages_of(request):
            yield reader.part(message)


def messages_of(request: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the messages of a request, instructions that stand beside them first."""
    for key in ("instructions", "system"):
        if request.get(key):
            yield {"role": "system", "content": request[key]}
    messages = request.get("messages", request.get("input"))
    if isinstance(messages, str):
        yield {"role": "user", "content": messages}
    yield from as_list(messages)


def is_readable(request: object) -> bool:
    """Tell whether `request` is a chat request at all."""
    return isinstance(request, dict) and isinstance(request.get("messages", request.get("input")), list | str)


def _has_instructions(request: Mapping[str, Any]) -> bool:
    return any(as_map(message).get("role") in INSTRUCTING for message in messages_of(request))
