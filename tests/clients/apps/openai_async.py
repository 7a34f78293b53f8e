"""An application with the official Python SDK and asyncio."""

import asyncio
from typing import Any

from openai import AsyncOpenAI

from tests.clients.apps.loop import serve
from tests.clients.apps.openai_shared import (
    ASKING,
    ASKING_FOR_JSON,
    COLOUR,
    TOOLS,
    WEATHER,
    Forecast,
    dumped,
    headers_of,
    messages,
    told_of,
)


async def plain() -> Any:
    async with AsyncOpenAI() as client:
        return dumped(await client.chat.completions.create(messages=COLOUR, **ASKING))


async def streamed(**options: Any) -> Any:
    async with AsyncOpenAI() as client:
        stream = await client.chat.completions.create(messages=COLOUR, stream=True, **ASKING, **options)
        return [dumped(chunk) async for chunk in stream]


async def streamed_with_usage() -> Any:
    return await streamed(stream_options={"include_usage": True})


async def tools_streamed() -> Any:
    async with AsyncOpenAI() as client:
        stream = await client.chat.completions.create(messages=WEATHER, tools=TOOLS, stream=True, **ASKING)
        return [dumped(chunk) async for chunk in stream]


async def parsed() -> Any:
    async with AsyncOpenAI() as client:
        return dumped(await client.chat.completions.parse(response_format=Forecast, **ASKING_FOR_JSON))


async def parsed_streamed() -> Any:
    async with (
        AsyncOpenAI() as client,
        client.chat.completions.stream(response_format=Forecast, **ASKING_FOR_JSON) as stream,
    ):
        kinds = [event.type async for event in stream]
        return kinds, dumped(await stream.get_final_completion())


async def at_once() -> Any:
    """Ask for several replies of each kind at the same time, over one client."""
    async with AsyncOpenAI() as client:

        async def one(number: int) -> Any:
            asking: Any = {**ASKING, "messages": messages(f"Name colour number {number}, please.")}
            if number % 2:
                return dumped(await client.chat.completions.create(**asking))
            return [dumped(chunk) async for chunk in await client.chat.completions.create(**asking, stream=True)]

        return await asyncio.gather(*map(one, range(8)))


async def raw() -> Any:
    async with AsyncOpenAI() as client:
        response = await client.chat.completions.with_raw_response.create(messages=COLOUR, **ASKING)
        return response.status_code, headers_of(response), response.text


async def refused(text: str, *, stream: bool = False, retries: int = 0) -> Any:
    async with AsyncOpenAI(max_retries=retries) as client:
        chunks: list[Any] = []
        try:
            reply = await client.chat.completions.create(messages=messages(text), stream=stream, **ASKING)
            if not stream:
                return [dumped(reply)], None
            async for chunk in reply:
                chunks.append(dumped(chunk))  # noqa: PERF401  # what came before an error is to be kept
        except Exception as error:  # noqa: BLE001  # which one is the question
            return chunks, told_of(error)
        return chunks, None


async def many(count: int) -> Any:
    """Read many streams to their end, some at a time."""
    some = asyncio.Semaphore(10)
    async with AsyncOpenAI(max_retries=0) as client:

        async def one() -> list[str | None]:
            async with some:
                stream = await client.chat.completions.create(messages=COLOUR, stream=True, **ASKING)
                return [chunk.choices[0].delta.content async for chunk in stream]

        return await asyncio.gather(*(one() for _ in range(count)))


if __name__ == "__main__":
    serve(
        plain,
        streamed,
        streamed_with_usage,
        tools_streamed,
        parsed,
        parsed_streamed,
        at_once,
        raw,
        refused,
        many,
    )
