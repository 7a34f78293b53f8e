"""An application with Pydantic AI."""

import json
from typing import Any

from pydantic import BaseModel
from pydantic_ai import Agent, NativeOutput
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.settings import ModelSettings

from tests.clients.apps.loop import serve

COLOUR = "Name a colour, please: grün?"
SETTINGS = ModelSettings(temperature=0, seed=1, max_tokens=24)
# What it makes up itself, differently each time, and where it was sent.
PASSING = frozenset({"timestamp", "run_id", "conversation_id", "provider_url"})


class Forecast(BaseModel):
    """Whether it will be sunny."""

    sunny: bool


def agent(**more: Any) -> Agent[None, Any]:
    return Agent(OpenAIChatModel("tiny"), instructions="Be brief.", model_settings=SETTINGS, **more)


def weather(city: str, days: int) -> str:
    """Forecast the weather."""
    return f"sunny in {city} for {days} days"


def told(result: Any) -> Any:
    """Return the output, the messages and the usage of a run."""
    output = result.output.model_dump() if isinstance(result.output, BaseModel) else result.output
    return output, without_passing(json.loads(result.all_messages_json())), usage_of(result)


def without_passing(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_passing(each) for key, each in value.items() if key not in PASSING}
    return [without_passing(each) for each in value] if isinstance(value, list) else value


def usage_of(result: Any) -> Any:
    usage = result.usage() if callable(result.usage) else result.usage
    return {"requests": usage.requests, "input": usage.input_tokens, "output": usage.output_tokens}


async def plain() -> Any:
    return told(await agent().run(COLOUR))


def plain_sync() -> Any:
    return told(agent().run_sync(COLOUR))


async def streamed() -> Any:
    async with agent().run_stream(COLOUR) as result:
        pieces = [piece async for piece in result.stream_text(delta=True, debounce_by=None)]
        return pieces, without_passing(json.loads(result.all_messages_json())), usage_of(result)


async def tools() -> Any:
    return told(await agent(tools=[weather]).run("What will the weather be like?"))


async def tools_streamed() -> Any:
    """Take the steps of a run with a tool, streamed."""
    kinds = []
    async with agent(tools=[weather]).iter("What will the weather be like?") as run:
        async for node in run:
            if Agent.is_model_request_node(node):
                async with node.stream(run.ctx) as stream:
                    kinds += [type(event).__name__ async for event in stream]
    return kinds, told(run.result)


async def structured() -> Any:
    asked = agent(output_type=NativeOutput(Forecast))
    return told(await asked.run("Is Rome sunny?", model_settings=ModelSettings(temperature=0, max_tokens=250)))


async def structured_by_tool() -> Any:
    return told(await agent(output_type=Forecast).run("Is Rome sunny?"))


async def refused(text: str) -> Any:
    try:
        return told(await agent().run(text)), None
    except Exception as error:  # noqa: BLE001  # which one is the question
        return None, [type(error).__qualname__, str(error)]


if __name__ == "__main__":
    serve(
        plain,
        plain_sync,
        streamed,
        tools,
        tools_streamed,
        structured,
        structured_by_tool,
        refused,
    )
