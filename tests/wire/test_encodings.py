"""Content encodings undone on a copy: at any split, chained, broken off, hostile."""

import gzip
import random
import sys
import tracemalloc
import zlib

import brotli
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costproxy.demo.coding import encoded
from costproxy.errors import WireError
from costproxy.wire.encodings import BodyDecoder, TooLargeError
from tests.support.slices import single_bytes, slicings, two_slices

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LIMIT = 1024 * 1024
TEXT = b'data: {"choices":[{"delta":{"content":"hello hello hello"}}]}\n\n' * 5


def raw_deflate(data: bytes) -> bytes:
    state = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return state.compress(data) + state.flush()


BODIES = {
    "gzip": ("gzip", gzip.compress(TEXT)),
    "x-gzip": ("x-gzip", gzip.compress(TEXT)),
    "upper case": ("GZIP", gzip.compress(TEXT)),
    "gzip of two members": ("gzip", gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:])),
    "gzip with an empty member": ("gzip", gzip.compress(b"") + gzip.compress(TEXT)),
    "deflate with the wrapper": ("deflate", zlib.compress(TEXT)),
    "deflate without the wrapper": ("deflate", raw_deflate(TEXT)),
    "deflate stored": ("deflate", zlib.compress(TEXT, level=0)),
    "br": ("br", brotli.compress(TEXT)),
    "zstd": ("zstd", zstd.compress(TEXT)),
    "zstd of two frames": ("zstd", zstd.compress(TEXT[:100]) + zstd.compress(TEXT[100:])),
    "flushed after each piece": ("gzip", encoded(TEXT, "gzip")),
    "chained": ("gzip, br", brotli.compress(gzip.compress(TEXT))),
    "chained twice the same": ("gzip,gzip", gzip.compress(gzip.compress(TEXT))),
    "chained with identity": ("identity, gzip , ", gzip.compress(TEXT)),
    "chained, all of them": ("gzip, deflate, br, zstd", encoded(TEXT, "gzip, deflate, br, zstd")),
}


def decoded(encoding: str, slices: list[bytes], limit: int = LIMIT) -> bytes:
    decoder = BodyDecoder(encoding, limit)
    return b"".join(decoder.feed(piece) for piece in slices)


@pytest.mark.parametrize(("encoding", "body"), BODIES.values(), ids=BODIES)
def test_every_encoding_gives_the_same_wherever_it_is_cut(encoding, body):
    assert decoded(encoding, [body]) == TEXT
    assert decoded(encoding, single_bytes(body)) == TEXT
    for slices in two_slices(body):
        assert decoded(encoding, slices) == TEXT, slices


@pytest.mark.parametrize("encoding", ["", "identity", " Identity ", "identity, identity", ","])
def test_identity_passes_as_it_is_without_a_limit(encoding):
    decoder = BodyDecoder(encoding, 1)
    assert decoder.identity
    assert decoder.feed(TEXT) == TEXT


@pytest.mark.parametrize(
    "encoding", ["compress", "gzip, nonsense", "gzip;q=1", "aes128gcm", "gzip,gzip,gzip,gzip,gzip", "none"]
)
def test_an_encoding_that_is_not_known_is_refused_and_not_named(encoding):
    with pytest.raises(WireError, match="content encoding: expected gzip, deflate, br or zstd, found another"):
        BodyDecoder(encoding, LIMIT)


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd", "deflate"])
def test_each_flushed_piece_is_given_at_once(encoding):
    # The end is what a flush adds: everything before it must be there before the body's end is.
    decoder = BodyDecoder(encoding, LIMIT)
    whole = encoded(TEXT, encoding)
    ends = {"gzip": 8, "br": 1, "zstd": 0, "deflate": 4}  # bytes of a checksum or an end mark
    assert decoder.feed(whole[: len(whole) - ends[encoding]]) == TEXT


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd", "deflate"])
def test_a_body_that_breaks_off_gives_what_came_of_it(encoding):
    noise = random.Random(7).randbytes(400_000)
    whole = encoded(noise, encoding)
    part = decoded(encoding, [whole[: len(whole) // 2]])
    assert 0 < len(part) < len(noise)
    assert noise.startswith(part)


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd", "deflate"])
def test_data_that_is_not_what_it_is_named_is_a_wire_error(encoding):
    with pytest.raises(WireError, match="expected data as named, found something else"):
        decoded(encoding, [b'{"choices": []} this is not compressed at all'])


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(TEXT) + b"rubbish that is no second member"),
        ("br", brotli.compress(TEXT) + b"rubbish"),
        ("zstd", zstd.compress(TEXT) + b"rubbish that is no second frame"),
        ("gzip, gzip", gzip.compress(TEXT)),
        ("gzip", gzip.compress(TEXT)[:-8] + b"00000000"),
    ],
    ids=["gzip and rubbish", "br and rubbish", "zstd and rubbish", "once for twice", "wrong checksum"],
)
def test_what_is_broken_at_its_end_is_a_wire_error(encoding, body):
    with pytest.raises(WireError):
        decoded(encoding, [body])


def test_rubbish_after_a_deflate_body_is_not_kept():
    decoder = BodyDecoder("deflate", LIMIT)
    assert decoder.feed(zlib.compress(TEXT)) == TEXT
    assert decoder.feed(b"rubbish") == b""


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd", "deflate", "gzip, gzip"])
def test_a_body_may_unpack_to_the_limit_and_no_further(encoding):
    whole = encoded(b"a" * 100_000, encoding)
    assert len(decoded(encoding, [whole], limit=100_000)) == 100_000
    assert len(decoded(encoding, single_bytes(whole), limit=100_000)) == 100_000
    with pytest.raises(TooLargeError):
        decoded(encoding, [whole], limit=99_999)
    with pytest.raises(TooLargeError):
        decoded(encoding, single_bytes(whole), limit=99_999)


MEGABYTE = 1024 * 1024


def bomb(encoding: str, megabytes: int) -> bytes:
    """Return a body of a few kilobytes that unpacks to so many megabytes."""
    if encoding == "br":
        return brotli.compress(bytes(megabytes * MEGABYTE), quality=5)
    if encoding == "zstd":
        return zstd.compress(bytes(megabytes * MEGABYTE))
    if encoding == "gzip, gzip":
        return gzip.compress(bomb("gzip", megabytes))
    return gzip.compress(bytes(megabytes * MEGABYTE))


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd", "gzip, gzip"])
def test_a_bomb_is_stopped_at_the_limit_and_takes_no_more_memory_than_that(encoding):
    body = bomb(encoding, 100)
    assert len(body) < MEGABYTE
    tracemalloc.start()
    try:
        with pytest.raises(TooLargeError):
            decoded(encoding, [body], limit=2 * MEGABYTE)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 12 * MEGABYTE


def test_a_bomb_in_the_outer_layer_is_stopped_too():
    # It unpacks to a hundred empty gzip members and more: much in between, nothing at the end.
    body = gzip.compress(gzip.compress(b"") * 100_000)
    with pytest.raises(TooLargeError):
        decoded("gzip, gzip", [body], limit=MEGABYTE)


def test_a_zstd_frame_cannot_ask_for_more_memory_than_http_allows():
    state = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: 27})
    body = state.compress(b"small") + state.flush()
    with pytest.raises(WireError):
        decoded("zstd", [body])


@given(st.binary(max_size=2000), st.sampled_from(["gzip", "deflate", "br", "zstd", "gzip, br"]), st.data())
@settings(deadline=None, max_examples=200)
def test_any_body_comes_back_at_any_split(body, encoding, data):
    assert decoded(encoding, data.draw(slicings(encoded(body, encoding)))) == body


@given(st.binary(max_size=300), st.sampled_from(["gzip", "deflate", "br", "zstd", "gzip, zstd"]), st.data())
@settings(deadline=None, max_examples=400)
def test_garbage_raises_nothing_but_a_wire_error(garbage, encoding, data):
    spoilt = data.draw(st.sampled_from([garbage, encoded(TEXT, encoding)[:20] + garbage]))
    try:
        decoded(encoding, data.draw(slicings(spoilt)), limit=1000)
    except WireError:
        return
