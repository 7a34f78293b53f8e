"""The tokens of what is in a message beside text: pictures, recordings, files."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from costproxy.tokens.audio import audio_tokens
from costproxy.tokens.image_table import ImageTable
from costproxy.tokens.part import UNCOUNTED, Part
from costproxy.tokens.payload import Payload, payload_of
from costproxy.tokens.picture_size import size_of
from costproxy.tokens.typescript import as_map

PICTURES = (
    "image_url",
    "input_image",
    "image",
)
RECORDINGS = ("input_audio",)


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaCounter:
    """Counts media for one model on one day, from the first bytes of their files and never from all of them."""

    table: ImageTable
    model: str
    at: date | None = None  # UTC; None: by the newest rows of the table

    def picture(self, item: Mapping[str, Any]) -> Part:
        """Return the tokens of a picture; uncounted if it is elsewhere, or of a kind or for a model not known."""
        payload, detail = _picture(item)
        row = self.table.row(self.model, at=self.at)
        size = size_of(payload) if payload else None
        if row is None or size is None:
            return UNCOUNTED
        return Part(fixed=row.tokens(size, low=detail == "low"), media=1)

    def recording(self, item: Mapping[str, Any]) -> Part:
        """Return the tokens of a recording; uncounted unless it is a WAV file."""
        data = as_map(item.get("input_audio")).get("data")
        tokens = audio_tokens(payload_of(data) or Payload(text=data)) if isinstance(data, str) else None
        return UNCOUNTED if tokens is None else Part(fixed=tokens, media=1)


def _picture(item: Mapping[str, Any]) -> tuple[Payload | None, Any]:
    """Return the payload and the detail of a picture as any of the APIs writes it."""
    source = as_map(item.get("source"))
    if isinstance(data := source.get("data"), str):
        return Payload(text=data), None
    given = item.get("image_url")
    address = as_map(given).get("url", given)
    detail = as_map(given).get("detail", item.get("detail"))
    return payload_of(address) if isinstance(address, str) else None, detail
