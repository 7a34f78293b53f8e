"""Width and height of a picture, from the first bytes of its file."""

from collections.abc import Callable
from dataclasses import dataclass

from costproxy.tokens.payload import Payload

# Segments of a JPEG walked over before its frame; cameras write about ten, colour profiles up to some more.
_MOST_SEGMENTS = 128
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BARE = frozenset({0x01, *range(0xD0, 0xD9)})  # markers without a length


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """A picture's size, in pixels, both at least 1."""

    width: int
    height: int


def size_of(payload: Payload) -> Size | None:
    """Return the size of a PNG, JPEG, GIF or WebP file; None for anything else or anything broken."""
    head = payload.read(0, 32)
    pair = next((read(head) for magic, read in _HEADS.items() if head.startswith(magic)), None)
    if head.startswith(b"\xff\xd8"):
        pair = _jpeg(payload)
    return Size(width=pair[0], height=pair[1]) if pair and min(pair) > 0 else None


def _png(head: bytes) -> tuple[int, int] | None:
    if len(head) < 24:
        return None
    return int.from_bytes(head[16:20]), int.from_bytes(head[20:24])


def _gif(head: bytes) -> tuple[int, int] | None:
    if len(head) < 10:
        return None
    return int.from_bytes(head[6:8], "little"), int.from_bytes(head[8:10], "little")


def _webp(head: bytes) -> tuple[int, int] | None:
    if len(head) < 30 or head[8:12] != b"WEBP":
        return None
    if head[12:16] == b"VP8X":
        return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
    if head[12:16] == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if head[12:16] == b"VP8 ":
        return int.from_bytes(head[26:28], "little") & 0x3FFF, int.from_bytes(head[28:30], "little") & 0x3FFF
    return None


def _jpeg(payload: Payload) -> tuple[int, int] | None:
    at = 2
    for _ in range(_MOST_SEGMENTS):
        segment = payload.read(at, 9)
        if len(segment) < 2 or segment[0] != 0xFF:
            return None
        if segment[1] in _FRAMES and len(segment) == 9:
            return int.from_bytes(segment[7:9]), int.from_bytes(segment[5:7])
        if segment[1] == 0xFF:
            at += 1  # a fill byte
        elif segment[1] in _BARE:
            at += 2
        else:
            at += 2 + int.from_bytes(segment[2:4])
    return None


_HEADS: dict[bytes, Callable[[bytes], tuple[int, int] | None]] = {
    b"\x89PNG\r\n\x1a\n": _png,
    b"GIF87a": _gif,
    b"GIF89a": _gif,
    b"RIFF": _webp,
}
