"""Tool definitions the way OpenAI's models are shown them: as a TypeScript namespace.

Source: hmarr/openai-chat-tokens and pamelafox/openai-messages-token-helper (the layout), openai/harmony (titles).
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

_DEEPEST = 32  # a schema nested deeper than this is not followed: it would not be accepted either
_WITH_COMMENTS = 2  # columns of indent up to which descriptions are shown


def namespace(functions: Iterable[Mapping[str, Any]], *, unions: bool) -> Iterator[str]:
    """Yield the namespace of `functions` (`{"name", "description", "parameters"}`), a piece for each of them.

    All three may be missing. With `unions`, alternatives are spelled out (`string | null`); without, they are `any`.
    """
    writer = _Writer(unions=unions)
    yield "namespace functions {\n\n"
    for function in functions:
        yield "\n".join([*writer.function(function), "", ""])
    yield "} // namespace functions"


def as_map(value: Any) -> Mapping[str, Any]:
    """Return `value` if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


class _Writer:
    def __init__(self, *, unions: bool) -> None:
        self._unions = unions

    def function(self, function: Mapping[str, Any]) -> Iterator[str]:
        parameters = as_map(function.get("parameters"))
        yield from _comments(function, ("description",))
        yield from _comments(parameters, ("title",))
        if as_map(parameters.get("properties")):
            yield f"type {function.get('name')} = (_: {{"
            yield self._properties(parameters, indent=0)
            yield "}) => any;"
        else:
            yield f"type {function.get('name')} = () => any;"

    def _properties(self, schema: Mapping[str, Any], *, indent: int) -> str:
        required = schema.get("required")
        required = required if isinstance(required, list) else []
        lines: list[str] = []
        for name, value in as_map(schema.get("properties")).items():
            inner = as_map(value)
            if indent < _WITH_COMMENTS:
                lines += _comments(inner, ("title", "description"))
            optional = "" if name in required else "?"
            lines.append(f"{name}{optional}: {self._type(inner, indent=indent)},")
        return "\n".join(" " * indent + line for line in lines)

    def _type(self, schema: Mapping[str, Any], *, indent: int) -> str:
        if indent > _DEEPEST:
            return "any"
        if isinstance(choices := schema.get("enum"), list):
            return " | ".join(json.dumps(choice, ensure_ascii=False, default=str) for choice in choices)
        if isinstance(variants := schema.get("anyOf", schema.get("oneOf")), list):
            return self._union(variants, indent=indent) if self._unions else "any"
        return self._of_kind(schema, schema.get("type"), indent=indent)

    def _union(self, variants: Sequence[Any], *, indent: int) -> str:
        return " | ".join(self._type(as_map(variant), indent=indent + 1) for variant in variants)

    def _of_kind(self, schema: Mapping[str, Any], kind: Any, *, indent: int) -> str:
        if kind == "object":
            return "{\n" + self._properties(schema, indent=indent + 2) + "\n}"
        if kind == "array":
            return self._type(as_map(schema.get("items")), indent=indent + 1) + "[]"
        if isinstance(kind, list):
            return " | ".join(str(one) for one in kind)
        return {"integer": "number"}.get(kind, kind) if isinstance(kind, str) else "any"


def _comments(schema: Mapping[str, Any], keys: Iterable[str]) -> list[str]:
    return [f"// {text}" for key in keys if isinstance(text := schema.get(key), str) and text]
