"""Looks into base64 payloads without decoding them: a few bytes here and there."""

import base64
import binascii
import re
from dataclasses import dataclass

_DATA_URL = re.compile(r"data:[^,;]{0,100}(?:;[^,;]{0,100}){0,8};base64,", re.IGNORECASE)
_MOST = 4096  # bytes looked at in one go


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """Base64 text inside a longer string, read at any place; whatever is not there reads as nothing."""

    text: str
    start: int = 0  # where in `text` the base64 begins

    def __len__(self) -> int:
        """Return the bytes it stands for, as far as its length says."""
        padding = 2 if self.text.endswith("==") else 1 if self.text.endswith("=") else 0
        return max(0, (len(self.text) - self.start) * 3 // 4 - padding)

    def read(self, offset: int, size: int) -> bytes:
        """Return `size` bytes from `offset`; fewer at the end, none if that is no base64 or more than 4 kB."""
        if not 0 <= size <= _MOST or offset < 0:
            return b""
        first = self.start + offset // 3 * 4
        last = self.start + -(-(offset + size) // 3) * 4
        try:
            decoded = base64.b64decode(self.text[first:last], validate=True)
        except (binascii.Error, ValueError):
            return b""
        return decoded[offset % 3 : offset % 3 + size]


def payload_of(url: str) -> Payload | None:
    """Return the payload of a `data:` address; None for any other address."""
    found = _DATA_URL.match(url)
    return Payload(text=url, start=found.end()) if found else None
