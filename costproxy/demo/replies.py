"""Plans for well-formed HTTP replies, and for well-formed ones that break off."""

from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from costproxy.demo.coding import coder, encoded
from costproxy.demo.frames import Frame, compact, done, written
from costproxy.demo.plan import Close, Plan, Reset, Send, Step, Wait, cut

Framing: TypeAlias = Literal["length", "chunked", "eof", "none"]
Header: TypeAlias = tuple[str, str] | tuple[bytes, bytes]

_REASONS: Mapping[int, str] = MappingProxyType({status.value: status.phrase for status in HTTPStatus})
_JSON: Header = ("Content-Type", "application/json")
EVENTS: Header = ("Content-Type", "text/event-stream; charset=utf-8")


def head(status: int, headers: Iterable[Header] = (), *, reason: str | None = None) -> bytes:
    """Return a status line and headers, spelled and ordered as given; reason None is the usual phrase."""
    phrase = _REASONS.get(status, "") if reason is None else reason
    lines = [f"HTTP/1.1 {status} {phrase}".encode("latin-1")]
    lines += [_raw(name) + b": " + _raw(value) for name, value in headers]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def _raw(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("latin-1")


def interim(status: int, headers: Iterable[Header] = (), *, reason: str | None = None) -> Plan:
    """Return an interim reply (100, 102, 103), to be put before the plan of the final one."""
    return (Send(head(status, headers, reason=reason)),)


def reply(
    status: int,
    body: bytes = b"",
    *,
    headers: Iterable[Header] = (),
    reason: str | None = None,
    framing: Framing = "length",
    encoding: str | None = None,
) -> Plan:
    """Return a whole reply, sent at once.

    `encoding` is applied to `body` and named in Content-Encoding. Framing "eof" closes afterwards; "none"
    says nothing about a body, as 204 and 304 do.
    """
    content = encoded(body, encoding)
    start = head(status, [*headers, *_encoding(encoding), *_framing(framing, len(content))], reason=reason)
    return (Send(start), *_framed([content], framing))


def json_reply(
    value: Any,
    status: int = 200,
    *,
    headers: Iterable[Header] = (),
    framing: Framing = "length",
    encoding: str | None = None,
) -> Plan:
    """Return a reply with `value` as compact JSON."""
    return reply(status, compact(value), headers=[_JSON, *headers], framing=framing, encoding=encoding)


def stream(
    frames: Iterable[Frame],
    *,
    status: int = 200,
    headers: Iterable[Header] = (EVENTS,),
    first: float = 0.0,
    every: float = 0.0,
    framing: Framing = "chunked",
    done: bool = True,
    eof_delay: float = 0.0,
    newline: bytes = b"\n",
    encoding: str | None = None,
    slices: int | None = None,
    cut_after: int | None = None,
    then: Step | None = None,
) -> Plan:
    r"""Return a reply of server-sent events.

    Each frame is one write (and one chunk), sent `first` seconds after the head and `every` seconds after
    the one before; `[DONE]` follows if `done`, and the body ends `eof_delay` seconds later. `newline` is
    b"\n", b"\r\n" or b"\r". `headers` are all but Content-Encoding and the framing's; framing "length"
    announces the length in advance, "eof" closes at the end. `encoding` is flushed after each frame.
    `slices` re-cuts the content into writes of that many bytes, across frames. After `cut_after` bytes of
    the body as framed, `then` happens instead of the rest (None: a reset).
    """
    pieces = list(_encoded_frames(_with_done(frames, done), newline, encoding))
    pieces = pieces if slices is None else _sliced(b"".join(pieces), slices)
    start = head(status, [*headers, *_encoding(encoding), *_framing(framing, sum(map(len, pieces)))])
    body = _framed(pieces, framing, every=every, eof_delay=eof_delay)
    plan: Plan = (Send(start), *_pause(first), *body)
    return plan if cut_after is None else cut(plan, cut_after, then or Reset())


def _with_done(frames: Iterable[Frame], ending: bool) -> Iterator[Frame]:
    yield from frames
    if ending:
        yield done()


def _encoded_frames(frames: Iterable[Frame], newline: bytes, encoding: str | None) -> Iterator[bytes]:
    state = coder(encoding)
    for frame in frames:
        yield state.feed(written(frame, newline))
    if end := state.finish():
        yield end


def _sliced(content: bytes, size: int) -> list[bytes]:
    return [content[start : start + size] for start in range(0, len(content), size)]


def _encoding(encoding: str | None) -> list[Header]:
    return [] if encoding is None else [("Content-Encoding", encoding)]


def _framing(framing: Framing, length: int) -> list[Header]:
    table: dict[Framing, list[Header]] = {
        "length": [("Content-Length", str(length))],
        "chunked": [("Transfer-Encoding", "chunked")],
        "eof": [("Connection", "close")],
        "none": [],
    }
    return table[framing]


def _framed(pieces: Iterable[bytes], framing: Framing, *, every: float = 0.0, eof_delay: float = 0.0) -> Iterator[Step]:
    chunked = framing == "chunked"
    for number, piece in enumerate(each for each in pieces if each):
        if number:
            yield from _pause(every)
        yield Send(_chunk(piece) if chunked else piece, body=True)
    yield from _pause(eof_delay)
    if chunked:
        yield Send(b"0\r\n\r\n", body=True)
    if framing == "eof":
        yield Close()


def _chunk(piece: bytes) -> bytes:
    return b"%x\r\n" % len(piece) + piece + b"\r\n"


def _pause(seconds: float) -> tuple[Step, ...]:
    return (Wait(seconds),) if seconds else ()
