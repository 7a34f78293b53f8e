"""Content encodings as a server applies them: fed piece by piece, flushed after each piece."""

import sys
import zlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Protocol

import brotli

if sys.version_info >= (3, 14):
    from compression.zstd import ZstdCompressor
else:
    from backports.zstd import ZstdCompressor


class Coder(Protocol):
    """One content encoding at work on one body."""

    def feed(self, data: bytes) -> bytes:
        """Return bytes from which a reader can decode everything fed so far."""

    def finish(self) -> bytes:
        """Return the bytes that end the body."""


class _Zlib:
    def __init__(self, wbits: int) -> None:
        self._state = zlib.compressobj(wbits=wbits)

    def feed(self, data: bytes) -> bytes:
        return self._state.compress(data) + self._state.flush(zlib.Z_SYNC_FLUSH)

    def finish(self) -> bytes:
        return self._state.flush()


class _Brotli:
    def __init__(self) -> None:
        self._state = brotli.Compressor(quality=4)

    def feed(self, data: bytes) -> bytes:
        return bytes(self._state.process(data) + self._state.flush())

    def finish(self) -> bytes:
        return bytes(self._state.finish())


class _Zstd:
    def __init__(self) -> None:
        self._state = ZstdCompressor()

    def feed(self, data: bytes) -> bytes:
        return self._state.compress(data, ZstdCompressor.FLUSH_BLOCK)

    def finish(self) -> bytes:
        return self._state.flush()


class _Chain:
    def __init__(self, coders: list[Coder]) -> None:
        self._coders = coders

    def feed(self, data: bytes) -> bytes:
        for coder in self._coders:
            data = coder.feed(data)
        return data

    def finish(self) -> bytes:
        data = b""
        for coder in self._coders:
            data = (coder.feed(data) if data else b"") + coder.finish()
        return data


_CODERS: Mapping[str, Callable[[], Coder]] = MappingProxyType(
    {
        "identity": lambda: _Chain([]),
        "gzip": lambda: _Zlib(wbits=31),
        "deflate": lambda: _Zlib(wbits=15),
        "br": _Brotli,
        "zstd": _Zstd,
    }
)


def coder(encoding: str | None) -> Coder:
    """Return a fresh coder for a Content-Encoding value; None is identity, "gzip, br" both in that order.

    Raises:
        KeyError: an encoding that no coder here knows.
    """
    names = [name.strip() for name in (encoding or "identity").split(",")]
    return _Chain([_CODERS[name]() for name in names])


def encoded(data: bytes, encoding: str | None) -> bytes:
    """Return a whole body in a content encoding."""
    state = coder(encoding)
    return state.feed(data) + state.finish()
