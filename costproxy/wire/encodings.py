"""Content encodings, undone on a copy, within bounds.

Source: RFC 9110, 8.4.1 (gzip, deflate), RFC 7932 (br), RFC 8878 (zstd).
"""

import sys
import zlib
from collections.abc import Callable
from typing import Any, Protocol

import brotli

from costproxy.errors import WireError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_STEP = 64 * 1024


class _Inflater(Protocol):
    def feed(self, data: bytes, room: int) -> bytes: ...


class _Zlib:
    """gzip, or deflate with or without the zlib wrapper (servers send both)."""

    def __init__(self, wbits: int) -> None:
        self._wbits = wbits
        self._inflater = zlib.decompressobj(wbits)
        self._started = False

    def feed(self, data: bytes, room: int) -> bytes:
        out = []
        while data and room > 0:
            try:
                part = self._inflater.decompress(data, room)
            except zlib.error:
                if self._started or self._wbits != zlib.MAX_WBITS:
                    raise
                self._wbits = -zlib.MAX_WBITS
                self._inflater = zlib.decompressobj(self._wbits)
                continue
            self._started = True
            out.append(part)
            room -= len(part)
            data = self._inflater.unconsumed_tail
            if self._inflater.eof:  # a gzip file may have several members
                data = self._inflater.unused_data
                self._inflater = zlib.decompressobj(self._wbits)
        return b"".join(out)


class _Brotli:
    def __init__(self) -> None:
        self._inflater: Any = brotli.Decompressor()

    def feed(self, data: bytes, room: int) -> bytes:
        out = [self._inflater.process(data, output_buffer_limit=_STEP)]
        size = len(out[0])
        while size < room and not self._inflater.can_accept_more_data():
            part = self._inflater.process(b"", output_buffer_limit=_STEP)
            if not part:
                break
            out.append(part)
            size += len(part)
        return b"".join(out)


class _Zstd:
    def __init__(self) -> None:
        self._inflater = zstd.ZstdDecompressor()

    def feed(self, data: bytes, room: int) -> bytes:
        out = []
        while room > 0:
            if self._inflater.eof:
                data = self._inflater.unused_data + data
                self._inflater = zstd.ZstdDecompressor()
            part = self._inflater.decompress(data, max_length=room)
            out.append(part)
            room -= len(part)
            data = b""
            if self._inflater.eof and self._inflater.unused_data:
                continue
            if not part or self._inflater.needs_input:
                break
        return b"".join(out)


_INFLATERS: dict[str, Callable[[], _Inflater]] = {
    "gzip": lambda: _Zlib(16 + zlib.MAX_WBITS),
    "x-gzip": lambda: _Zlib(16 + zlib.MAX_WBITS),
    "deflate": lambda: _Zlib(zlib.MAX_WBITS),
    "br": _Brotli,
    "zstd": _Zstd,
}
_MOST_LAYERS = 4


class BodyDecoder:
    """Undo a `Content-Encoding` piece by piece.

    Raises:
        WireError: from the constructor for an unknown encoding, from `feed` for broken data or when the
            decoded body exceeds `limit` bytes.
    """

    __slots__ = ("_layers", "_limit", "_total")

    def __init__(self, encoding: str, limit: int) -> None:
        names = [name.strip().lower() for name in encoding.split(",")]
        names = [name for name in names if name and name != "identity"]
        unknown = [name for name in names if name not in _INFLATERS]
        if unknown or len(names) > _MOST_LAYERS:
            raise WireError("content encoding: expected gzip, deflate, br or zstd, found another")
        self._layers: list[_Inflater] = [_INFLATERS[name]() for name in reversed(names)]
        self._limit = limit
        self._total = 0

    @property
    def identity(self) -> bool:
        """Whether there is nothing to undo."""
        return not self._layers

    def feed(self, data: bytes) -> bytes:
        """Return what `data` decodes to as far as it can be told yet."""
        if not self._layers:
            return data
        for layer in self._layers:
            try:
                data = layer.feed(data, self._limit - self._total + 1)
            except (zlib.error, brotli.error, zstd.ZstdError, EOFError, ValueError):
                raise WireError("content encoding: expected data as named, found something else") from None
        self._total += len(data)
        if self._total > self._limit:
            raise WireError(f"decoded body: expected at most {self._limit} bytes, found more")
        return data
