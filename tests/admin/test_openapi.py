"""The description of the API is generated from what it really answers, and says everything."""

import json
import re
from typing import Any

import msgspec
import pytest

from costproxy.admin import openapi
from costproxy.admin.endpoints import ENDPOINTS
from tests.support.fake_source import NOW, FakeSource
from tests.support.project import ROOT


@pytest.fixture(scope="module", name="document")
def _document() -> Any:
    return json.loads((ROOT / "docs" / "openapi.json").read_text())


def test_the_committed_description_is_the_generated_one(document: Any) -> None:
    assert document == openapi.description()


def test_every_path_is_described_and_can_only_be_read(document: Any) -> None:
    assert {path: list(item) for path, item in document["paths"].items()} == {each.path: ["get"] for each in ENDPOINTS}


def test_every_reference_leads_somewhere(document: Any) -> None:
    names = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)))
    assert names == set(document["components"]["schemas"])


def test_every_value_is_described(document: Any) -> None:
    bare = [
        f"{name}.{field}"
        for name, schema in document["components"]["schemas"].items()
        for field, found in schema["properties"].items()
        if "examples" in found and "description" not in found
    ]
    assert bare == []
    assert all(schema["description"] for schema in document["components"]["schemas"].values())


def test_units_stand_at_the_fields(document: Any) -> None:
    row = document["components"]["schemas"]["ConversationRow"]["properties"]
    assert "US dollars" in json.dumps(document["components"]["schemas"]["Amount"]["properties"]["total"])
    assert "Tokens" in json.dumps(row["growth"])
    assert "1970" in json.dumps(row["seen"])


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda each: each.path)
def test_answers_have_the_required_fields(document: Any, endpoint: Any) -> None:
    values = {each.name: each.default for each in endpoint.parameters}
    answer = msgspec.to_builtins(endpoint.answer(FakeSource(), NOW, values, "00112233aabbccdd"))
    schema = document["components"]["schemas"][endpoint.gives.__name__]
    assert set(answer) == set(schema["properties"])
    assert set(schema["required"]) <= set(answer)
