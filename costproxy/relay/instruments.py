"""What all exchanges of a relay are metered with."""

import hashlib
from dataclasses import dataclass, field

from costproxy.relay.desk import Desk
from costproxy.wire.observer import Limits
from costproxy.wire.sessions import USUAL_NAMES, SessionNames

_DIGEST = 16  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruments:
    """The desk, and how much is kept and looked for before it is told."""

    desk: Desk
    secret: bytes = field(repr=False)  # keys the digests of API keys; 16 to 64 random bytes of this process
    limits: Limits
    names: SessionNames = USUAL_NAMES  # where ids of sessions are looked for

    def caller_of(self, key: bytes) -> bytes:
        """Return a digest that is the same for the same API key and gives nothing of it away; b"" without a key."""
        return hashlib.blake2b(key, key=self.secret, digest_size=_DIGEST).digest() if key else b""
