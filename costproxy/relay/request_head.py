"""The head of a request, as it goes to the upstream."""

from collections.abc import Sequence

from costproxy.relay.headers import RawHeader, encode_head, end_to_end

_KEEP_TRANSFER_ENCODING = frozenset({b"transfer-encoding"})
_KEYS = (b"authorization", b"api-key", b"x-api-key", b"x-goog-api-key")


class ClientHead:
    """A client's request head: its raw header list, and what is asked of it."""

    __slots__ = ("headers", "values")

    def __init__(self, headers: Sequence[RawHeader]) -> None:
        self.headers = headers
        self.values: dict[bytes, bytes] = {}  # by lower-case name, repeated ones joined by ", "
        for name, value in headers:
            key = name.lower()
            self.values[key] = b"%s, %s" % (self.values[key], value) if key in self.values else value

    def __repr__(self) -> str:
        return f"<ClientHead {len(self.headers)} headers>"

    def value(self, name: bytes) -> bytes:
        """Return a header's values joined by commas, b"" without it; `name` in lower case."""
        return self.values.get(name, b"")

    @property
    def chunked(self) -> bool:
        """Whether the body's end is told by chunks."""
        return bool(self.value(b"transfer-encoding"))

    @property
    def length(self) -> int | None:
        """The announced length of the body, None without one."""
        value = self.value(b"content-length")
        return int(value) if value.isdigit() else None

    @property
    def has_body(self) -> bool:
        """Whether a body follows."""
        return self.chunked or bool(self.length)

    @property
    def wants_websocket(self) -> bool:
        """Whether the client asks to leave HTTP; other upgrades (h2c) may be ignored and are."""
        return b"websocket" in self.value(b"upgrade").lower()

    @property
    def expects_continue(self) -> bool:
        """Whether the client waits for a word before it sends its body."""
        return self.value(b"expect").lower() == b"100-continue"

    @property
    def api_key(self) -> bytes:
        """The key the client authenticates with, b"" without one."""
        value = next((value for value in map(self.value, _KEYS) if value), b"")
        return value[7:].strip() if value[:7].lower() == b"bearer " else value

    def without(self, names: frozenset[bytes]) -> "ClientHead":
        """Return the head without these headers; `names` in lower case."""
        if names.isdisjoint(self.values):
            return self
        return ClientHead([header for header in self.headers if header[0].lower() not in names])

    def encode(self, start_line: bytes, *, host: bytes, changes: dict[bytes, bytes]) -> bytes:
        """Return the head for the upstream, in the client's order and spelling.

        `changes` maps lower-case names to new values; a header that is not there yet is added.
        """
        keep = _KEEP_TRANSFER_ENCODING if self.chunked else frozenset()
        values = {b"host": host, **changes}
        headers: list[RawHeader] = []
        done = set()
        for name, value in end_to_end(self.headers, keep=keep):
            key = name.lower()
            if key not in values:
                headers.append((name, value))
            elif key not in done:
                headers.append((name, values[key]))
                done.add(key)
        added = [(name.title(), value) for name, value in values.items() if name not in done]
        host_first = [header for header in added if header[0] == b"Host"]
        rest = [header for header in added if header[0] != b"Host"]
        return encode_head(start_line, [*host_first, *headers, *rest])
