"""A vocabulary's tokens in rank order, packed small enough to ship in the wheel.

Shape: xz of `u32 count (little-endian) | one length byte per token | all tokens end to end`. A token's rank
is its place, and base64 of the tokens in that order gives the published `.tiktoken` file back byte for byte.
"""

import lzma
import struct
from collections.abc import Sequence
from itertools import accumulate, pairwise

_COUNT = struct.Struct("<I")
# A 2 MiB window holds either vocabulary whole; a bigger one would only cost memory on unpacking.
_FILTERS = (
    {
        "id": lzma.FILTER_LZMA2,
        "preset": 9 | lzma.PRESET_EXTREME,
        "dict_size": 2 << 20,
        "lc": 4,
        "lp": 0,
        "pb": 0,
    },
)


def pack(tokens: Sequence[bytes]) -> bytes:
    """Return the packed form of `tokens`, which are in rank order and at most 255 bytes long each."""
    plain = _COUNT.pack(len(tokens)) + bytes(map(len, tokens)) + b"".join(tokens)
    return lzma.compress(plain, format=lzma.FORMAT_XZ, check=lzma.CHECK_CRC32, filters=_FILTERS)


def unpack(packed: bytes) -> dict[bytes, int]:
    """Return `{token: rank}` in rank order.

    Raises:
        ValueError: the bytes are not a packed vocabulary, or not all of one.
    """
    try:
        plain = lzma.decompress(packed, format=lzma.FORMAT_XZ)
        (count,) = _COUNT.unpack_from(plain)
    except (lzma.LZMAError, struct.error) as error:
        raise ValueError(f"packed vocabulary: {error}, expected xz of count, lengths and tokens") from error
    start = _COUNT.size + count
    ends = list(accumulate(plain[_COUNT.size : start], initial=start))
    if len(ends) != count + 1 or ends[-1] != len(plain):
        raise ValueError(f"packed vocabulary: {count} tokens end at byte {ends[-1]}, expected {len(plain)}")
    return {plain[begin:end]: rank for rank, (begin, end) in enumerate(pairwise(ends))}
