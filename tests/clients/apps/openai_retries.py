"""An application that leaves it to the official Python SDK to try again."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openai
from openai import AsyncOpenAI, OpenAI

from tests.clients.apps.loop import serve

NAME = {"x-costproxy-app": "persistent"}


def asked(models: Sequence[str], retries: int) -> Any:
    """Ask all models at the same time; return what the application hears of each: a text, or a refusal's status."""
    with OpenAI(max_retries=retries, default_headers=NAME) as client, ThreadPoolExecutor(len(models)) as threads:

        def one(model: str) -> str | int:
            try:
                reply = client.chat.completions.create(**_question(model))
            except openai.APIStatusError as error:
                return error.status_code
            return reply.choices[0].message.content or ""

        return dict(zip(models, threads.map(one, models), strict=True))


async def asked_async(models: Sequence[str], retries: int) -> Any:
    """Do the same with asyncio."""
    async with AsyncOpenAI(max_retries=retries, default_headers=NAME) as client:

        async def one(model: str) -> str | int:
            try:
                reply = await client.chat.completions.create(**_question(model))
            except openai.APIStatusError as error:
                return error.status_code
            return reply.choices[0].message.content or ""

        return dict(zip(models, await asyncio.gather(*map(one, models)), strict=True))


def _question(model: str) -> dict[str, Any]:
    text = f"Name a colour, please, {model}. {'Think it over before you answer. ' * 20}"
    return {"model": model, "messages": [{"role": "user", "content": text}]}


if __name__ == "__main__":
    serve(asked, asked_async)
