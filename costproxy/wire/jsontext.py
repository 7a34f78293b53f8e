"""JSON from strangers: fast where it is clean, lenient where it is odd, never raising anything else."""

import json
from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec

from costproxy.errors import WireError
from costproxy.model.prompt import JsonText

_decoder = msgspec.json.Decoder()
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_items = msgspec.json.Decoder(list[msgspec.Raw])
_dumps = partial(json.dumps, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_LARGE = 2048  # bytes, of an average item
_REFUSALS = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)


def decode(text: JsonText) -> Any:
    """Return the value that `text` holds.

    What the strict decoder refuses (lone surrogates, NaN, a byte order mark) is tried again with the
    standard library's, since such a request may well be answered by the upstream.

    Raises:
        WireError: it is not JSON, is nested too deeply, or holds a number too long to read.
    """
    try:
        return _decoder.decode(text)
    except _REFUSALS:
        pass
    try:
        # As text, for given bytes it would take UTF-16 too, in which nothing can be spliced.
        return json.loads(_as_text(text))
    except (ValueError, RecursionError) as error:
        raise WireError(f"not readable as JSON: {type(error).__name__}") from None


def decode_object(text: JsonText) -> dict[str, Any]:
    """Return the object that `text` holds.

    Raises:
        WireError: as `decode`, or it holds something else than an object.
    """
    value = decode(text)
    if not isinstance(value, dict):
        raise WireError(f"expected a JSON object, found {type(value).__name__}")
    return value


def fields(text: JsonText) -> dict[str, JsonText]:
    """Return the fields of the object that `text` holds, as views of it; written anew where it is lenient.

    Raises:
        WireError: as `decode_object`.
    """
    try:
        return {name: memoryview(value) for name, value in _fields.decode(text).items()}
    except _REFUSALS:
        return {name: written(value) for name, value in decode_object(text).items()}


def items(text: JsonText | None) -> list[JsonText] | None:
    """Return the items of the list that `text` holds, as they are written; None if it is no list, or not readable."""
    if text is None:
        return None
    try:
        return cut(_items.decode(text), len(text))
    except _REFUSALS:
        pass
    try:
        value = decode(text)
    except WireError:
        return None
    return [written(item) for item in value] if isinstance(value, list) else None


def cut(items: Sequence[msgspec.Raw], size: int) -> list[JsonText]:
    """Return the JSON texts of items that are `size` bytes in all.

    Large ones are views, for copying them costs more than all else. Small ones are copies: tens of thousands of views
    would set off the garbage collector, which looks at each of them and at all else there is.
    """
    if size > _LARGE * len(items):
        return [memoryview(item) for item in items]
    return [bytes(item) for item in items]


def count(text: JsonText | None) -> int | None:
    """Return how many items the list that `text` holds has; None as in `items`."""
    if text is None:
        return None
    try:
        return len(_items.decode(text))
    except _REFUSALS:
        found = items(text)
        return None if found is None else len(found)


def written(value: Any) -> bytes:
    """Return a decoded value as strict JSON; half a surrogate becomes `?`, what JSON cannot say becomes null."""
    try:
        try:
            text = _dumps(value)
        except ValueError:  # infinite, or not a number
            text = _dumps(json.loads(json.dumps(value), parse_constant=_nothing))
    except (ValueError, RecursionError):
        return b"null"
    return text.encode("utf-8", "replace")


def _as_text(text: JsonText) -> str:
    return bytes(text).decode("utf-8-sig", "surrogatepass")


def _nothing(_: str) -> None:
    return None
