"""The tokens of tool definitions and of what a request says about its output's form."""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from costproxy.tokens.framing import Framing
from costproxy.tokens.part import NOTHING, UNCOUNTED, Part, joined
from costproxy.tokens.typescript import as_map, namespace

# A schema's bill differs from the count of its compact text by up to this, nine samples of which half are below 5.
_SCHEMA_SLACK = 30


def compact(value: Any) -> str:
    """Return `value` as JSON without spaces; an empty string for what JSON cannot hold."""
    try:
        return msgspec.json.encode(value).decode()
    except (msgspec.MsgspecError, TypeError, ValueError, RecursionError):
        pass
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError):
        return ""


def definitions(request: Mapping[str, Any], framing: Framing, *, beside_system: bool) -> Part:
    """Return the tool definitions of `request` as one part, written out only when it is counted."""
    items = [*as_list(request.get("tools")), *as_list(request.get("functions"))]
    functions = list(_functions(items))
    foreign = len(items) - len(functions)
    if not functions:
        return joined(*[UNCOUNTED] * foreign)
    fixed = framing.functions_header + (framing.functions_beside_system if beside_system else 0)
    fixed += framing.per_function * sum(_has_properties(function) for function in functions)
    fixed += framing.functions_extra if "messages" in request else 0
    if not framing.typescript:
        return Part(texts=(compact(items),), fixed=fixed, uncounted=foreign)
    return Part(
        texts=("unions" if framing.harmony else "any", compact(functions)),
        render=partial(namespace, functions, unions=framing.harmony),
        fixed=fixed + _forced(request),
        uncounted=foreign,
    )


def as_list(value: Any) -> Sequence[Any]:
    """Return `value` if it is an array, else an empty one."""
    return value if isinstance(value, list) else []


def _functions(items: Sequence[Any]) -> Iterator[Mapping[str, Any]]:
    """Yield what is a function under any API: nested, flat, or with Anthropic's `input_schema`."""
    for item in map(as_map, items):
        inner = as_map(item.get("function")) or item
        if not isinstance(inner.get("name"), str) or item.get("type", "function") not in ("function", "custom"):
            continue
        if "input_schema" in inner:
            inner = {**inner, "parameters": inner["input_schema"]}
        yield inner


def _has_properties(function: Mapping[str, Any]) -> bool:
    return bool(as_map(as_map(function.get("parameters")).get("properties")))


def _forced(request: Mapping[str, Any]) -> int:
    """Return what `function_call` adds; what `tool_choice` adds was within the noise of the bills."""
    return 1 if request.get("function_call") == "none" else 0


def output_form(request: Mapping[str, Any]) -> Part:
    """Return the JSON schema that the output has to follow, if there is one; `json_object` adds nothing."""
    chat = as_map(as_map(request.get("response_format")).get("json_schema"))
    other = as_map(as_map(request.get("text")).get("format"))
    schema = as_map(chat.get("schema")) or as_map(other.get("schema"))
    return Part(texts=(compact(schema),), slack=_SCHEMA_SLACK) if schema else NOTHING
