"""An application with the official Python SDK and the Responses API."""

from typing import Any

from openai import OpenAI

from tests.clients.apps.loop import serve
from tests.clients.apps.openai_shared import COLOUR, MODEL, TOOLS, WEATHER, dumped

ASKING: dict[str, Any] = {"model": MODEL, "temperature": 0, "max_output_tokens": 24}
FLAT_TOOLS: Any = [{"type": "function", "strict": False, **tool["function"]} for tool in TOOLS]


def plain() -> Any:
    with OpenAI() as client:
        return dumped(client.responses.create(input=COLOUR, **ASKING))


def streamed() -> Any:
    with OpenAI() as client:
        return [dumped(event) for event in client.responses.create(input=COLOUR, stream=True, **ASKING)]


def accumulated() -> Any:
    with OpenAI() as client, client.responses.stream(input=COLOUR, **ASKING) as stream:
        kinds = [event.type for event in stream]
        return kinds, dumped(stream.get_final_response())


def tools() -> Any:
    with OpenAI() as client:
        return dumped(client.responses.create(input=WEATHER, tools=FLAT_TOOLS, **ASKING))


def tools_streamed() -> Any:
    with OpenAI() as client:
        asking: Any = {"input": WEATHER, "tools": FLAT_TOOLS, **ASKING}
        return [dumped(event) for event in client.responses.create(stream=True, **asking)]


if __name__ == "__main__":
    serve(plain, streamed, accumulated, tools, tools_streamed)
