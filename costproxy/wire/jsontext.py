"""JSON from strangers: fast where it is clean, lenient where it is odd, never raising anything else."""

import json
from typing import Any

import msgspec

from costproxy.errors import WireError

_decoder = msgspec.json.Decoder()


def decode(text: bytes | memoryview) -> Any:
    """Return the value that `text` holds.

    What the strict decoder refuses (lone surrogates, NaN, a byte order mark) is tried again with the
    standard library's, since such a request may well be answered by the upstream.

    Raises:
        WireError: it is not JSON, is nested too deeply, or holds a number too long to read.
    """
    try:
        return _decoder.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        pass
    try:
        # As text, for given bytes it would take UTF-16 too, in which nothing can be spliced.
        return json.loads(bytes(text).decode("utf-8-sig", "surrogatepass"))
    except (ValueError, RecursionError) as error:
        raise WireError(f"not readable as JSON: {type(error).__name__}") from None


def decode_object(text: bytes | memoryview) -> dict[str, Any]:
    """Return the object that `text` holds.

    Raises:
        WireError: as `decode`, or it holds something else than an object.
    """
    value = decode(text)
    if not isinstance(value, dict):
        raise WireError(f"expected a JSON object, found {type(value).__name__}")
    return value
