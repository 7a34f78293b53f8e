"""An application with the official Python SDK that holds conversations and looks at the headers of its replies."""

from typing import Any

from openai import AsyncOpenAI

from tests.clients.apps.loop import serve

MODEL = "gpt-4o-mini"


async def conversation(turns: int, *, stream: bool = False, name: str | None = None, opening: str = "Hello.") -> Any:
    """Return the headers about the conversation of each reply, and the last history; `name` names the conversation."""
    named = {} if name is None else {"x-costproxy-thread-id": name}
    history: list[Any] = [{"role": "user", "content": opening}]
    told = []
    async with AsyncOpenAI(default_headers=named) as client:
        for turn in range(turns):
            raw: Any = await client.chat.completions.with_raw_response.create(
                model=MODEL, messages=history, stream=stream, max_tokens=1000
            )
            told.append({key: value for key, value in raw.headers.items() if key.startswith("x-costproxy-")})
            reply = raw.parse()
            text = await _heard(reply) if stream else reply.choices[0].message.content
            history += [{"role": "assistant", "content": text}, {"role": "user", "content": f"Question {turn + 2}."}]
    return told, history


async def _heard(reply: Any) -> str:
    return "".join([chunk.choices[0].delta.content or "" async for chunk in reply])


if __name__ == "__main__":
    serve(conversation)
