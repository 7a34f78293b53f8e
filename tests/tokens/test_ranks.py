import hashlib
import lzma
from collections.abc import Mapping

import pytest
import tiktoken

from costproxy.tokens.ranks import pack, unpack

PUBLISHED = {
    "o200k_base": "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    "cl100k_base": "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
}
TOKENS = [bytes([byte]) for byte in range(256)] + [b"he", b"hello", b"x" * 255]


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_packaged_vocabulary_gives_back_the_published_file(name: str, originals: Mapping[str, bytes]) -> None:
    assert hashlib.sha256(originals[name]).hexdigest() == PUBLISHED[name]


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_installed_tiktoken_accepts_the_file_as_the_one_it_would_download(
    name: str, stock_encodings: Mapping[str, tiktoken.Encoding]
) -> None:
    assert stock_encodings[name].encode_ordinary("hello world") != []


def test_unpacking_gives_back_every_token_at_its_rank() -> None:
    assert unpack(pack(TOKENS)) == {token: rank for rank, token in enumerate(TOKENS)}


def test_packing_the_same_tokens_twice_gives_the_same_bytes() -> None:
    assert pack(TOKENS) == pack(TOKENS)


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"not xz at all",
        pack(TOKENS)[:-20],
        lzma.compress(b""),
        lzma.compress(b"\xff\xff\xff\xff\x01a"),
        lzma.compress(b"\x01\0\0\0\x02a"),
        lzma.compress(b"\x01\0\0\0\x01ab"),
    ],
    ids=["empty", "foreign", "cut short", "no count", "no lengths", "too few bytes", "too many bytes"],
)
def test_a_damaged_vocabulary_is_refused(damaged: bytes) -> None:
    with pytest.raises(ValueError, match=r"packed vocabulary: .* expected"):
        unpack(damaged)
