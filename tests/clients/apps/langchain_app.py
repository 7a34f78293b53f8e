"""An application with LangChain."""

from typing import Any

from langchain_core.messages import AIMessageChunk, BaseMessage, HumanMessage, SystemMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel

from tests.clients.apps.loop import serve

COLOUR = [SystemMessage("Be brief."), HumanMessage("Name a colour, please: grün?")]
WEATHER = [HumanMessage("What will the weather be like?")]


class Forecast(BaseModel):
    """Whether it will be sunny."""

    sunny: bool


@tool
def weather(city: str, days: int) -> str:
    """Forecast the weather."""
    return f"sunny in {city} for {days} days"


def model(**more: Any) -> ChatOpenAI:
    return ChatOpenAI(**{"model": "tiny", "temperature": 0, "seed": 1, "max_tokens": 24, "max_retries": 0, **more})


def told(message: BaseMessage) -> Any:
    """Return a message without the id of the run, which LangChain makes up."""
    dumped = message.model_dump(mode="json")
    if str(dumped["id"]).startswith("lc_run--"):
        del dumped["id"]
    return dumped


def plain() -> Any:
    return told(model().invoke(COLOUR))


def streamed(**more: Any) -> Any:
    return [told(chunk) for chunk in model(**more).stream(COLOUR)]


def streamed_with_usage() -> Any:
    return streamed(stream_usage=True)


async def plain_async() -> Any:
    return told(await model().ainvoke(COLOUR))


async def streamed_async() -> Any:
    return [told(chunk) async for chunk in model().astream(COLOUR)]


def batch() -> Any:
    return [told(message) for message in model().batch([COLOUR, COLOUR, COLOUR], {"max_concurrency": 3})]


def tools() -> Any:
    """Let the model call a tool, and give it the result."""
    able = model().bind_tools([weather])
    first = able.invoke(WEATHER)
    results = [weather.invoke(call) for call in first.tool_calls] or [HumanMessage("And tomorrow?")]
    return told(first), told(able.invoke([*WEATHER, first, *results]))


def tools_streamed() -> Any:
    """Add the chunks of a tool call up."""
    chunks = list(model().bind_tools([weather]).stream(WEATHER))
    whole: AIMessageChunk = sum(chunks[1:], start=chunks[0])
    return [told(chunk) for chunk in chunks], told(whole)


def structured() -> Any:
    answer = model(max_tokens=250).with_structured_output(Forecast, method="json_schema", include_raw=True)
    both = answer.invoke("Is Rome sunny?")
    return both["parsed"].model_dump(), told(both["raw"])


def refused(text: str, *, retries: int = 0) -> Any:
    try:
        return told(model(max_retries=retries).invoke(text)), None
    except Exception as error:  # noqa: BLE001  # which one is the question
        return None, [type(error).__qualname__, str(error)]


if __name__ == "__main__":
    serve(
        plain,
        streamed,
        streamed_with_usage,
        plain_async,
        streamed_async,
        batch,
        tools,
        tools_streamed,
        structured,
        refused,
    )
