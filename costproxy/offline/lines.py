"""Lines of files that may be compressed, long or broken."""

import gzip
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
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
    read: int = 0  # bytes of the file, packed ones if it is packed, that were read for it; 0 where nobody can tell
    problem: str | None = None  # "expected …, found …"; then there is no text


def read_lines(file: str) -> Iterator[Line]:
    """Yield the lines of a file, plain or gzip, `-` for standard input.

    A file that cannot be read, or not to its end, makes a line with a problem, the last one.
    """
    name = "stdin" if file == STDIN else file
    number = before = 0
    try:
        with _opened(file) as (stream, position):
            while text := stream.readline(LONGEST + 1):
                number += 1
                line = _line(f"{name}:{number}", text, stream)
                if line is not None:
                    now = position()
                    yield replace(line, read=now - before)
                    before = now
    except (OSError, EOFError, zlib.error) as error:
        place = f"{name}:{number + 1}" if number else name
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        yield Line(place=place, problem=f"expected a readable file, found: {reason}")


@contextmanager
def _opened(file: str) -> Iterator[tuple[IO[bytes], Callable[[], int]]]:
    """Give the lines of a file, and what tells how much of it has been read."""
    if file == STDIN:
        yield _plain(sys.stdin.buffer), lambda: 0
        return
    with open(file, "rb") as stream:  # noqa: PTH123 - a name as it was given, for messages too
        yield _plain(stream), stream.tell if stream.seekable() else lambda: 0  # a pipe may have a name, too


def _plain(stream: IO[bytes]) -> IO[bytes]:
    """Return the stream, unpacked if its first bytes say that it is packed: names may lie."""
    buffered = stream if isinstance(stream, BufferedReader) else BufferedReader(cast("BufferedReader", stream))
    return cast("IO[bytes]", gzip.GzipFile(fileobj=buffered)) if buffered.peek(2)[:2] == _GZIP else buffered


def _line(place: str, text: bytes, stream: IO[bytes]) -> Line | None:
    """Return a line, None if it is blank."""
    if len(text) > LONGEST:
        while text and not text.endswith(b"\n"):
            text = stream.readline(LONGEST)
        return Line(place=place, problem=f"expected at most {LONGEST} bytes, found more")
    plain = text.removeprefix(_BOM).strip()
    return Line(place=place, text=plain) if plain else None
