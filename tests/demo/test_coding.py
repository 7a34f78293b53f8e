import sys
import zlib
from collections.abc import Callable

import brotli
import pytest

from costproxy.demo.coding import coder, encoded

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

TEXT = 'data: {"text": "grün"}\n\n'.encode() * 20

WHOLE: dict[str, Callable[[bytes], bytes]] = {
    "identity": lambda data: data,
    "gzip": lambda data: zlib.decompress(data, 31),
    "deflate": zlib.decompress,
    "br": brotli.decompress,
    "zstd": zstd.decompress,
    "gzip, deflate": lambda data: zlib.decompress(zlib.decompress(data), 31),
}

PARTIAL: dict[str, Callable[[], Callable[[bytes], bytes]]] = {
    "gzip": lambda: zlib.decompressobj(31).decompress,
    "deflate": lambda: zlib.decompressobj().decompress,
    "br": lambda: brotli.Decompressor().process,
    "zstd": lambda: zstd.ZstdDecompressor().decompress,
}


@pytest.mark.parametrize("encoding", WHOLE)
def test_a_body_comes_back_from_each_encoding(encoding: str) -> None:
    assert WHOLE[encoding](encoded(TEXT, encoding)) == TEXT


@pytest.mark.parametrize("encoding", WHOLE)
def test_an_empty_body_is_still_a_valid_one(encoding: str) -> None:
    assert WHOLE[encoding](encoded(b"", encoding)) == b""


@pytest.mark.parametrize("encoding", PARTIAL)
def test_each_piece_can_be_decoded_before_the_next_is_fed(encoding: str) -> None:
    state, decode = coder(encoding), PARTIAL[encoding]()
    for piece in (b"one", b"two", b"three" * 1000):
        assert decode(state.feed(piece)) == piece


def test_an_unknown_encoding_is_a_mistake_in_the_test() -> None:
    with pytest.raises(KeyError):
        coder("lzma")
