"""JSON values in one spelling, whoever wrote them: sorted keys, no spaces, whole numbers without a fraction."""

import json
from typing import Any

import msgspec

_UNREADABLE = (ValueError, RecursionError, OverflowError)  # both decoders' errors are ValueErrors


def parsed(text: str | bytes | memoryview) -> Any:
    """Return the value that JSON text holds, read leniently: half surrogates and NaN may come.

    Raises:
        ValueError: it is no JSON, or nested too deeply.
    """
    try:
        return msgspec.json.decode(text)
    except _UNREADABLE:
        pass
    try:
        return json.loads(text if isinstance(text, str) else bytes(text).decode("utf-8-sig", "surrogatepass"))
    except _UNREADABLE as error:
        raise ValueError(f"no readable JSON: {type(error).__name__}") from None


def canonical_json(value: Any) -> str:
    """Return the value's one spelling.

    Raises:
        ValueError: it is nested too deeply.
    """
    try:
        text = _written(value)
        return _written(_whole_numbers(value)) if ".0" in text else text
    except (RecursionError, OverflowError) as error:
        raise ValueError(f"not writable: {type(error).__name__}") from None


def canonical_arguments(arguments: Any) -> str:
    """Return what a tool is called with in one spelling; text that is no JSON stays, nothing is an empty object."""
    if isinstance(arguments, str):
        if not arguments.strip():
            return "{}"
        try:
            return canonical_json(parsed(arguments))
        except ValueError:
            return arguments.strip()
    return "{}" if arguments is None else canonical_json(arguments)


def _written(value: Any) -> str:
    try:
        return msgspec.json.encode(value, order="sorted").decode()
    except (ValueError, TypeError, OverflowError):
        return json.dumps(value, sort_keys=True, separators=(",", ":"), default=repr)


def _whole_numbers(value: Any) -> Any:
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, dict):
        return {key: _whole_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole_numbers(item) for item in value]
    return value
