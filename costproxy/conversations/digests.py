"""Keyed digests: whoever does not know the secret can neither guess a message from one nor make two of them equal."""

from collections.abc import Iterable
from hashlib import blake2b

_BITS = 127
_PRIME = (1 << _BITS) - 1
_SMALL = (1 << 60) - 1


class Digests:
    """Digests under one secret, as integers below 2^128.

    The chain over messages is a polynomial over a prime field, taken at a secret point. Of values that are keyed
    digests themselves it collides no more often than a hash would, and costs a third.
    """

    def __init__(self, secret: bytes) -> None:
        self._key = blake2b(secret, digest_size=32, person=b"costproxy thread").digest()
        self._point = self.of(b"point") >> 2 | 1
        self._side = self.of(b"side") % _PRIME | 1
        self.open = self.of(b"open")  # where the chain begins if the request names no session

    def __repr__(self) -> str:
        return "<Digests>"  # and never the secret

    def of(self, data: bytes | memoryview) -> int:
        """Return the digest of some bytes."""
        return int.from_bytes(blake2b(data, digest_size=16, key=self._key).digest())

    def of_text(self, kind: str, *texts: str | bytes | None) -> int:
        """Return the digest of texts of a kind; other kinds have other digests, and None is not the empty text."""
        parts = [kind.encode(), *(b"-" if text is None else b"+" + _bytes(text) for text in texts)]
        return self.of(b"".join(b"%d:%s" % (len(part), part) for part in parts))

    def short(self, text: str) -> int:
        """Return a digest of 63 bits of an id; a trailing 1 tells that it is long enough to be hardly shared."""
        size = 8
        digest = blake2b(_bytes(text), digest_size=size, key=self._key).digest()
        return int.from_bytes(digest) >> 2 << 1 | (len(text) >= size)

    def step(self, before: int, digest: int) -> int:
        """Return the chain after one more message."""
        return self.chain(before, (digest,))[1]

    def chain(self, scope: int, digests: Iterable[int]) -> list[int]:
        """Return the chain before the first message and after each; chains of two scopes have nothing in common.

        Instead of a division, what is above the prime's bits is added to what is below: the same modulo this prime,
        for so little more than its bits that it may stay.
        """
        point, value, values = self._point, scope, [scope]
        for digest in digests:
            value = value * point + digest
            value = (value & _PRIME) + (value >> _BITS)
            values.append(value)
        return values

    def tail(self, scope: int, before: int, reply: int) -> int:
        """Return what tells a reply together with the message before it."""
        return ((scope * self._side + before) * self._side + reply) % _PRIME

    def echo(self, scope: int, reply: int) -> int:
        """Return what tells a reply by itself, in 60 bits: whatever is kept of every thread is kept small."""
        return self.tail(scope, 0, reply) & _SMALL


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
