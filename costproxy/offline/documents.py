"""JSON documents of a file: each on a line, or one over several lines, as a tool writes it for people to read.

An array of recordings is taken apart: `[{"messages": […]}, …]`, `[[{"role": …}, …], …]`.
"""

import re
from collections.abc import Iterator, Sequence

from costproxy.errors import WireError
from costproxy.model.prompt import JsonText
from costproxy.offline import lines
from costproxy.offline.lines import Line, read_lines
from costproxy.wire import jsontext

_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"')  # JSON has no line break within one
_CLOSING = {b"{": b"}", b"[": b"]"}
_ADVICE = "`jq -c .` makes a line of it, of an array `jq -c '.[]'` a line for each item"
# Fields that a recording has, and a message does not.
_OF_RECORDINGS = frozenset(
    {"messages", "requests", "base_messages", "request", "body", "input", "response", "response_text"}
)


def read_documents(file: str) -> Iterator[Line]:
    """Yield the documents of a file as `read_lines` does its lines, each at the place of its first line.

    A document over several lines may be as long as a line may be. What looks like one and is none makes one problem.
    Items of an array of recordings come one by one, at `file:12[0]` and so on.
    """
    for line in _joined(read_lines(file)):
        items = None if line.problem else _recordings(line.text)
        if items is None:
            yield line
            continue
        for at, item in enumerate(items):
            yield Line(place=f"{line.place}[{at}]", text=bytes(item), read=0 if at else line.read)


def _joined(given: Iterator[Line]) -> Iterator[Line]:
    opened: _Opened | None = None
    for line in given:
        if opened is not None and opened.take(line):
            if opened.depth <= 0:
                yield opened.closed()
                opened = None
            continue
        if opened is not None:
            yield from opened.given_up()
        opened = _opened(line)
        if opened is None:
            yield line
    if opened is not None:
        yield from opened.given_up()


class _Opened:
    """The lines of a document that is not over yet."""

    def __init__(self, first: Line, depth: int) -> None:
        self.depth = depth  # brackets that are open
        self._lines = [first]
        self._last = first.text[-1:]
        self._count, self._size = 1, len(first.text)
        self._read = first.read

    def take(self, line: Line) -> bool:
        """Take a further line in; False if it cannot belong to the document."""
        depth = None if line.problem else _depth(line.text)
        if depth is None or not (self._last in b",:[{" or line.text[:1] in b",:]}"):
            return False
        self.depth += depth
        self._last = line.text[-1:]
        self._count += 1
        self._size += len(line.text) + 1
        self._read += line.read
        if self._size > lines.LONGEST:
            del self._lines[1:]
        else:
            self._lines.append(line)
        return True

    def closed(self) -> Line:
        """Return the document."""
        place = self._lines[0].place
        if self._size > lines.LONGEST:
            problem = f"expected at most {lines.LONGEST} bytes of JSON over several lines, found more; {_ADVICE}"
            return Line(place=place, read=self._read, problem=problem)
        return Line(place=place, text=b"\n".join(line.text for line in self._lines), read=self._read)

    def given_up(self) -> Iterator[Line]:
        """Yield what is wrong, and those of the lines that look as if they were documents of their own."""
        first, *others = self._lines
        if self._count == 1:
            yield first
            return
        alone = [line for line in others if _is_closed(line.text)]
        found = f"{self._count - len(alone):,} lines that begin one and do not end it"
        problem = f"expected a JSON document, on a line or over several, found {found}"
        yield Line(place=first.place, read=self._read - sum(line.read for line in alone), problem=problem)
        yield from alone


def _opened(line: Line) -> _Opened | None:
    """Return the document that a line begins; None if it is one by itself, or none at all."""
    if line.problem or line.text[:1] not in _CLOSING or _is_closed(line.text):
        return None
    depth = _depth(line.text)
    return _Opened(line, depth) if depth is not None and depth > 0 else None


def _is_closed(text: bytes) -> bool:
    """Tell whether a document could begin and end with this line: cheap, since each line of any file is asked."""
    return text[-1:] == _CLOSING.get(text[:1])


def _depth(text: bytes) -> int | None:
    """Return how many more brackets a line opens than it closes, None if it ends within a string."""
    bare = _STRING.sub(b"", text)
    if b'"' in bare:
        return None
    return bare.count(b"{") + bare.count(b"[") - bare.count(b"}") - bare.count(b"]")


def _recordings(text: bytes) -> Sequence[JsonText] | None:
    """Return the items of an array of recordings, told by the first of them; None if it is something else."""
    items = jsontext.items(text) if text.startswith(b"[") else None
    first = bytes(items[0]).lstrip() if items else b""
    if first.startswith(b"["):
        return items
    if not first.startswith(b"{"):
        return None
    try:
        names = jsontext.fields(first).keys()
    except WireError:
        return None
    return items if "role" not in names and names & _OF_RECORDINGS else None
