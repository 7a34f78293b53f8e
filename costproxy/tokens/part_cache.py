"""Remembers how many tokens a part was, so that a thread that grows pays for its new messages alone."""

import threading
from collections import OrderedDict
from collections.abc import Iterable
from hashlib import blake2b

from costproxy.tokens.part import Part

_SLICE = 64 * 1024  # characters; hashing a slice of this size lets other threads run


class PartCache:
    """Counts by digest, the least lately used forgotten first; safe to share between threads.

    Holds digests and numbers, never text. The digest is keyed, so that what is in a dump of this process's
    memory cannot be looked up in a list of known texts. An entry takes some 150 bytes.
    """

    def __init__(self, *, secret: bytes, most: int = 50_000) -> None:
        """Remember up to `most` counts; `secret` is 16 to 64 random bytes of this process."""
        self._secret = secret
        self._most = most  # 0: remembers nothing
        self._tokens: OrderedDict[bytes, int] = OrderedDict()
        self._lock = threading.Lock()
        self.hits = 0
        self.misses = 0

    def __repr__(self) -> str:
        return f"<PartCache {len(self._tokens)}/{self._most} hits={self.hits} misses={self.misses}>"

    def __len__(self) -> int:
        """Return how many counts are remembered."""
        return len(self._tokens)

    def key(self, part: Part, encoding: str) -> bytes:
        """Return the digest of the texts of `part`, as counted with `encoding`."""
        digest = blake2b(key=self._secret, digest_size=16)
        digest.update(f"{encoding}:{'text' if part.render is None else 'rendered'}".encode())
        for text in part.texts:
            digest.update(b"\0%d:" % len(text))
            for piece in _slices(text):
                digest.update(piece.encode("utf-8", "surrogatepass"))
        return digest.digest()

    def get(self, key: bytes) -> int | None:
        """Return the tokens remembered under `key`, if there are any."""
        with self._lock:
            tokens = self._tokens.get(key)
            if tokens is None:
                self.misses += 1
                return None
            self.hits += 1
            self._tokens.move_to_end(key)
            return tokens

    def put(self, key: bytes, tokens: int) -> None:
        """Remember `tokens` under `key`."""
        with self._lock:
            self._tokens[key] = tokens
            self._tokens.move_to_end(key)
            while len(self._tokens) > self._most:
                self._tokens.popitem(last=False)


def _slices(text: str) -> Iterable[str]:
    return (text[start : start + _SLICE] for start in range(0, len(text), _SLICE))
