"""What the applications with the official Python SDK ask, and how they tell what they got."""

from typing import Any

import openai
from pydantic import BaseModel

MODEL = "tiny"
ASKING: dict[str, Any] = {"model": MODEL, "temperature": 0, "seed": 1, "max_tokens": 24}
TOOLS: Any = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "Forecast the weather.",
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
                "required": ["city", "days"],
                "additionalProperties": False,
            },
        },
    }
]
# Headers that differ from one reply to the next, and those that are for the next hop only.
PASSING_HEADERS = frozenset({"date", "x-request-id", "connection", "keep-alive"})


class Forecast(BaseModel):
    """What `parse` is to make of a reply."""

    sunny: bool


def messages(text: str) -> list[Any]:
    return [{"role": "system", "content": "Be brief."}, {"role": "user", "content": text}]


COLOUR = messages("Name a colour, please: grün?")
# A model without sense takes its time over the blanks that JSON allows.
ASKING_FOR_JSON: dict[str, Any] = {**ASKING, "messages": messages("Is Rome sunny?"), "max_tokens": 250}
WEATHER = messages("What will the weather be like?")


def dumped(value: BaseModel) -> Any:
    return value.model_dump(mode="json")


def headers_of(response: Any) -> list[list[str]]:
    found = response.headers.multi_items() if hasattr(response.headers, "multi_items") else response.headers.items()
    return [[name, value] for name, value in found if name.lower() not in PASSING_HEADERS]


def told_of(error: Exception) -> dict[str, Any]:
    """Return what an application can know of an error."""
    told: dict[str, Any] = {"class": type(error).__qualname__, "message": str(error)}
    if isinstance(error, openai.APIError):
        told |= {"body": error.body, "code": error.code, "type": error.type, "param": error.param}
    if isinstance(error, openai.APIStatusError):
        told |= {"status": error.status_code, "headers": headers_of(error.response), "text": error.response.text}
    return told
