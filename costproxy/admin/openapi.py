"""The description of the API, generated from its types."""

import ast
import inspect
import re
from typing import Any

import msgspec

from costproxy.admin.endpoints import ENDPOINTS, Endpoint
from costproxy.admin.parameters import Parameter

_REFUSALS = {
    "400": "A parameter is not understood; the text says which.",
    "401": "The bearer token is missing or wrong.",
    "403": "The port is open to others and no token is set, or the request came by the name of another host.",
}
_HEAD = {
    "title": "costproxy",
    "version": "1",
    "description": (
        "What conversations with chat APIs cost, and how near their limits they are. Read-only. "
        "Amounts of money are exact decimal texts, null is unknown and never 0, moments are seconds since 1970 in UTC. "
        "Fields may be added; what is there keeps its meaning."
    ),
}
_REF = "#/components/schemas/{name}"


def description() -> dict[str, Any]:
    """Return the OpenAPI 3.1 document."""
    types = [each.gives for each in ENDPOINTS]
    _, components = msgspec.json.schema_components(types, ref_template=_REF)
    for name, schema in components.items():
        _describe_fields(schema, _comments(name))
    return {
        "openapi": "3.1.0",
        "info": _HEAD,
        "servers": [{"url": "http://127.0.0.1:8788"}],
        "security": [{}, {"token": []}],
        "paths": {each.path: {"get": _operation(each)} for each in ENDPOINTS},
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": dict(sorted(components.items())),
        },
    }


def text() -> str:
    """Return the document as it stands in `docs/openapi.json`."""
    return msgspec.json.format(msgspec.json.encode(description()), indent=2).decode() + "\n"


def _operation(of: Endpoint) -> dict[str, Any]:
    name = of.path.rpartition("/")[2] if "{" not in of.path else "conversation"
    refusals = {status: {"description": doc} for status, doc in _REFUSALS.items()}
    in_path = re.findall(r"{(\w+)}", of.path)
    if in_path:
        refusals["404"] = {"description": "There is none of that id, or it is forgotten."}
    schema = {"$ref": _REF.format(name=of.gives.__name__)}
    return {
        "operationId": name,
        "summary": of.doc,
        "parameters": [
            *({"name": each, "in": "path", "required": True, "schema": {"type": "string"}} for each in in_path),
            *(_parameter(each) for each in of.parameters),
        ],
        "responses": {
            "200": {"description": of.gives.__doc__, "content": {"application/json": {"schema": schema}}},
            **refusals,
        },
    }


def _parameter(of: Parameter) -> dict[str, Any]:
    return {"name": of.name, "in": "query", "required": False, "description": of.doc, "schema": of.schema()}


def _comments(name: str) -> dict[str, str]:
    """Return what the comments behind the fields of a type say, by field."""
    modules = {inspect.getmodule(each.gives) for each in ENDPOINTS}
    of = next(found for module in modules if (found := getattr(module, name, None)) is not None)
    lines = inspect.getsource(of).splitlines()
    (tree,) = ast.parse("\n".join(lines)).body
    fields = [node for node in getattr(tree, "body", ()) if isinstance(node, ast.AnnAssign)]
    said = {ast.unparse(node.target): lines[node.lineno - 1].partition("  # ")[2] for node in fields}
    return {field: comment for field, comment in said.items() if comment}


def _describe_fields(schema: dict[str, Any], comments: dict[str, str]) -> None:
    for field, comment in comments.items():
        found = schema["properties"][field]
        sentence = comment[0].upper() + comment[1:] + "."
        unit = found.pop("description", "")
        found["description"] = f"{sentence} {unit}".strip()
