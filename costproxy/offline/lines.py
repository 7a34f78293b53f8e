"""Lines of files that may be compressed, long or broken."""

import gzip
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from typing import IO, cast

STDIN = "-"
LONGEST = 64 * 1024 * 1024  # bytes of a line, as much as the proxy reads of a body
_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line that is not blank, or why there is none."""

    place: str  # "file:12"
    text: bytes = b""
    problem: str | None = None  # "expected …, found …"; then there is no text


def read_lines(file: str) -> Iterator[Line]:
    """Yield the lines of a file, plain or gzip, `-` for standard input.

    A file that cannot be read, or not to its end, makes a line with a problem, the last one.
    """
    name = "stdin" if file == STDIN else file
    number = 0
    try:
        with _opened(file) as stream:
            while text := stream.readline(LONGEST + 1):
                number += 1
                yield from _line(f"{name}:{number}", text, stream)
    except (OSError, EOFError, zlib.error) as error:
        place = f"{name}:{number + 1}" if number else name
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        yield Line(place=place, problem=f"expected a readable file, found: {reason}")


@contextmanager
def _opened(file: str) -> Iterator[IO[bytes]]:
    if file == STDIN:
        yield _plain(sys.stdin.buffer)
        return
    with open(file, "rb") as stream:  # noqa: PTH123 - a name as it was given, for messages too
        yield _plain(stream)


def _plain(stream: IO[bytes]) -> IO[bytes]:
    """Return the stream, unpacked if its first bytes say that it is packed: names may lie."""
    buffered = stream if isinstance(stream, BufferedReader) else BufferedReader(cast("BufferedReader", stream))
    return cast("IO[bytes]", gzip.GzipFile(fileobj=buffered)) if buffered.peek(2)[:2] == _GZIP else buffered


def _line(place: str, text: bytes, stream: IO[bytes]) -> Iterator[Line]:
    if len(text) > LONGEST:
        while text and not text.endswith(b"\n"):
            text = stream.readline(LONGEST)
        yield Line(place=place, problem=f"expected at most {LONGEST} bytes, found more")
        return
    plain = text.removeprefix(_BOM).strip()
    if plain:
        yield Line(place=place, text=plain)
