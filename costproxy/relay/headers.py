"""Header lists: what belongs to one connection only, and message heads as bytes.

Source: RFC 9110, 7.6.1 (Connection), and RFC 2616, 13.5.1, whose list older peers still follow.
"""

from collections.abc import Iterable, Sequence

RawHeader = tuple[bytes, bytes]

_HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)


def value_of(headers: Iterable[RawHeader], name: bytes) -> bytes:
    """Return the values of a header joined by commas, b"" if there are none; `name` in lower case."""
    return b", ".join(value for key, value in headers if key.lower() == name)


def end_to_end(headers: Sequence[RawHeader], *, keep: frozenset[bytes] = frozenset()) -> list[RawHeader]:
    """Return the headers that travel on: in order, duplicates kept, spelling kept.

    Left out are the hop-by-hop ones and those that `Connection` names; `keep` (lower case) excepts some.
    """
    named = {name.strip().lower() for name in value_of(headers, b"connection").split(b",")} - {b""}
    drop = (_HOP_BY_HOP | (named - _NEVER_HOP_BY_HOP)) - keep
    return [header for header in headers if header[0].lower() not in drop]


# A client must not be able to strip these by naming them in `Connection`: framing and routing need them.
_NEVER_HOP_BY_HOP = frozenset({b"content-length", b"host"})


def encode_head(start_line: bytes, headers: Iterable[RawHeader]) -> bytes:
    """Return a message head, blank line included."""
    lines = [start_line, *(b"%s: %s" % header for header in headers)]
    return b"\r\n".join(lines) + b"\r\n\r\n"
