"""An application with LiteLLM as a library."""

from typing import Any

import litellm

from tests.clients.apps.loop import serve

ASKING: dict[str, Any] = {
    "model": "openai/tiny",
    "temperature": 0,
    "seed": 1,
    "max_tokens": 24,
}
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "Forecast the weather.",
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
                "required": ["city", "days"],
            },
        },
    }
]


def messages(text: str) -> list[dict[str, str]]:
    return [{"role": "system", "content": "Be brief."}, {"role": "user", "content": text}]


COLOUR = messages("Name a colour, please: grün?")
WEATHER = messages("What will the weather be like?")


def told(value: Any) -> Any:
    """Return a reply without the time, which LiteLLM sets itself."""
    return value.model_dump(mode="json", exclude={"created"})


def plain() -> Any:
    return told(litellm.completion(messages=COLOUR, **ASKING))


def streamed(**more: Any) -> Any:
    return [told(chunk) for chunk in litellm.completion(messages=COLOUR, stream=True, **ASKING, **more)]


def streamed_with_usage() -> Any:
    return streamed(stream_options={"include_usage": True})


async def plain_async() -> Any:
    return told(await litellm.acompletion(messages=COLOUR, **ASKING))


async def streamed_async() -> Any:
    return [told(chunk) async for chunk in await litellm.acompletion(messages=COLOUR, stream=True, **ASKING)]


def tools() -> Any:
    return told(litellm.completion(messages=WEATHER, tools=TOOLS, **ASKING))


def tools_streamed() -> Any:
    return [told(chunk) for chunk in litellm.completion(messages=WEATHER, tools=TOOLS, stream=True, **ASKING)]


def refused(text: str, *, retries: int = 0) -> Any:
    try:
        return told(litellm.completion(messages=messages(text), max_retries=retries, **ASKING)), None
    except Exception as error:  # noqa: BLE001  # which one is the question
        return None, [type(error).__qualname__, str(error), getattr(error, "status_code", None)]


if __name__ == "__main__":
    serve(plain, streamed, streamed_with_usage, plain_async, streamed_async, tools, tools_streamed, refused)
