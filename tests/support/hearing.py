"""All that a client gets to hear on a connection, and how it ends."""

from dataclasses import dataclass

from tests.support.raw import RawClient


@dataclass(frozen=True, slots=True)
class Heard:
    """What came, up to the end of the connection."""

    data: bytes
    reset: bool  # the connection was broken (RST), not closed (FIN)


async def hear_out(client: RawClient) -> Heard:
    """Read to the end of the connection, whichever it is; for replies whose end need not be there."""
    pieces: list[bytes] = []
    try:
        while piece := await client.reader.read(65536):
            pieces.append(piece)
    except ConnectionError:
        # What came in the same breath as the reset is still in the reader, which will not give it out any more.
        pieces.append(bytes(client.reader._buffer))  # type: ignore[attr-defined]
        return Heard(b"".join(pieces), reset=True)
    return Heard(b"".join(pieces), reset=False)
