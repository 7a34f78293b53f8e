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
_GZIP = 16 + zlib.MAX_WBITS
_ZLIB_HEADER = 2  # bytes
_WINDOW_LOG = 23  # RFC 9659: 8 MiB is the most a sender may ask of a reader


class TooLargeError(WireError):
    """What a body unpacks to is more than may be held."""


class _Inflater(Protocol):
    def feed(self, data: bytes, room: int) -> bytes: ...


class _Gzip:
    def __init__(self) -> None:
        self._inflater = zlib.decompressobj(_GZIP)

    def feed(self, data: bytes, room: int) -> bytes:
        out = []
        while data and room > 0:
            part = self._inflater.decompress(data, room)
            out.append(part)
            room -= len(part)
            data = self._inflater.unconsumed_tail
            if self._inflater.eof:  # a gzip file may have several members
                data = self._inflater.unused_data
                self._inflater = zlib.decompressobj(_GZIP)
        return b"".join(out)


class _Deflate:
    """With the zlib wrapper, as the standard has it, or without, as some servers send it; two bytes tell."""

    def __init__(self) -> None:
        self._start = b""
        self._inflater: Any = None

    def feed(self, data: bytes, room: int) -> bytes:
        if self._inflater is None:
            self._start += data
            if len(self._start) < _ZLIB_HEADER:
                return b""
            data, self._start = self._start, b""
            self._inflater = zlib.decompressobj(zlib.MAX_WBITS if _has_wrapper(data) else -zlib.MAX_WBITS)
        return b"" if self._inflater.eof else bytes(self._inflater.decompress(data, room))


def _has_wrapper(data: bytes) -> bool:
    """Source: RFC 1950, 2.2: the method is 8, and the first two bytes are a multiple of 31."""
    return data[0] & 0x0F == zlib.DEFLATED and int.from_bytes(data[:_ZLIB_HEADER]) % 31 == 0


class _Brotli:
    def __init__(self) -> None:
        self._inflater: Any = brotli.Decompressor()

    def feed(self, data: bytes, room: int) -> bytes:
        out = []
        # Only an empty answer means that nothing waits inside; `can_accept_more_data` may say yes before.
        while room > 0 and (part := self._inflater.process(data, output_buffer_limit=_STEP)):
            out.append(part)
            room -= len(part)
            data = b""
        return b"".join(out)


class _Zstd:
    def __init__(self) -> None:
        self._inflater = _zstd()

    def feed(self, data: bytes, room: int) -> bytes:
        out = []
        while room > 0:
            if self._inflater.eof:
                data = self._inflater.unused_data + data
                self._inflater = _zstd()
            part = self._inflater.decompress(data, max_length=room)
            out.append(part)
            room -= len(part)
            data = b""
            if self._inflater.eof and self._inflater.unused_data:
                continue
            if not part or self._inflater.needs_input:
                break
        return b"".join(out)


def _zstd() -> zstd.ZstdDecompressor:
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _WINDOW_LOG})


_INFLATERS: dict[str, Callable[[], _Inflater]] = {
    "gzip": _Gzip,
    "x-gzip": _Gzip,
    "deflate": _Deflate,
    "br": _Brotli,
    "zstd": _Zstd,
}
_MOST_LAYERS = 4


class BodyDecoder:
    """Undo a `Content-Encoding` piece by piece.

    Raises:
        WireError: from the constructor for an unknown encoding, from `feed` for broken data.
        TooLargeError: from `feed`, when the decoded body exceeds `limit` bytes.
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
        for layer in self._layers[:-1]:
            data = _inflated(layer, data, self._limit)
        data = _inflated(self._layers[-1], data, self._limit - self._total)
        self._total += len(data)
        return data


def reason_of(error: WireError) -> str:
    """Return in one word why a body could not be decoded."""
    return "too_large" if isinstance(error, TooLargeError) else "encoding"


def _inflated(layer: _Inflater, data: bytes, most: int) -> bytes:
    try:
        plain = layer.feed(data, most + 1)
    except (zlib.error, brotli.error, zstd.ZstdError, EOFError, ValueError):
        raise WireError("content encoding: expected data as named, found something else") from None
    if len(plain) > most:
        raise TooLargeError(f"decoded body: expected at most {most} bytes more, found more")
    return plain
