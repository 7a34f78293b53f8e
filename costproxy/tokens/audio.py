"""How long a recording is, and what that is in tokens."""

from costproxy.tokens.payload import Payload

# Ten tokens per second, begun ones not counted. Source: recorded bills of OpenAI (6.96 s are 69).
_TOKENS_PER_SECOND = 10
_MOST_CHUNKS = 64


def audio_tokens(payload: Payload) -> int | None:
    """Return the tokens of a recording; None unless it is a WAV file, whose header tells its length."""
    bytes_per_second = _bytes_per_second(payload)
    return None if bytes_per_second is None else bytes_per_second[1] * _TOKENS_PER_SECOND // bytes_per_second[0]


def _bytes_per_second(payload: Payload) -> tuple[int, int] | None:
    """Return the bytes of a second and those of all sound, walking over the chunks of a RIFF file."""
    head = payload.read(0, 12)
    if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        return None
    at, rate = 12, 0
    for _ in range(_MOST_CHUNKS):
        chunk = payload.read(at, 20)
        size = int.from_bytes(chunk[4:8], "little")
        if chunk[:4] == b"fmt " and len(chunk) == 20:
            rate = int.from_bytes(chunk[16:20], "little")
        elif chunk[:4] == b"data":
            # A recorder that writes as it goes leaves the size open: then what is there is all sound.
            return (rate, min(size, len(payload) - at - 8)) if rate else None
        elif len(chunk) < 8:
            return None
        at += 8 + size + size % 2
    return None
