from typing import Any

from costproxy.tokens.typescript import namespace


def shown(parameters: dict[str, Any], *, unions: bool = False) -> str:
    text = "".join(namespace([{"name": "f", "parameters": parameters}], unions=unions))
    return text.removeprefix("namespace functions {\n\n").removesuffix("\n\n} // namespace functions")


def test_a_function_without_properties_takes_nothing() -> None:
    assert shown({"type": "object", "properties": {}}) == "type f = () => any;"


def test_properties_show_their_title_description_and_type() -> None:
    city = {"type": "string", "title": "City", "description": "Where"}
    assert shown({"properties": {"city": city}, "required": ["city"], "title": "Args"}) == (
        "// Args\ntype f = (_: {\n// City\n// Where\ncity: string,\n}) => any;"
    )


def test_the_kinds_of_json_schema() -> None:
    properties = {
        "a": {"enum": ["x", 1]},
        "b": {"type": "array", "items": {"type": "integer"}},
        "c": {"type": "object", "properties": {"d": {"type": "boolean"}}},
        "e": {"type": ["string", "null"]},
        "f": {},
        "g": {"type": "array"},
        "h": "nonsense",
    }
    assert shown({"properties": properties}) == (
        'type f = (_: {\na?: "x" | 1,\nb?: number[],\nc?: {\n  d?: boolean,\n},\ne?: string | null,\nf?: any,\n'
        "g?: any[],\nh?: any,\n}) => any;"
    )


def test_alternatives_are_spelled_out_for_models_that_are_shown_them() -> None:
    parameters = {"properties": {"a": {"anyOf": [{"type": "string"}, {"type": "null"}]}}}
    assert "a?: any," in shown(parameters)
    assert "a?: string | null," in shown(parameters, unions=True)


def test_a_schema_inside_itself_ends() -> None:
    schema: dict[str, Any] = {"type": "object", "properties": {}}
    schema["properties"]["again"] = schema
    assert shown(schema).count("again") < 40
