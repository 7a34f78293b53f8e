"""An application with the official Python SDK."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from openai import OpenAI

from tests.clients.apps.loop import serve
from tests.clients.apps.openai_shared import (
    ASKING,
    ASKING_FOR_JSON,
    COLOUR,
    MODEL,
    TOOLS,
    WEATHER,
    Forecast,
    dumped,
    headers_of,
    messages,
    told_of,
)


def plain() -> Any:
    with OpenAI() as client:
        return dumped(client.chat.completions.create(messages=COLOUR, **ASKING))


def streamed(**options: Any) -> Any:
    with OpenAI() as client:
        stream = client.chat.completions.create(messages=COLOUR, stream=True, **ASKING, **options)
        return [dumped(chunk) for chunk in stream]


def streamed_with_usage() -> Any:
    return streamed(stream_options={"include_usage": True})


def streamed_without_usage() -> Any:
    return streamed(stream_options={"include_usage": False})


def streamed_with_empty_options() -> Any:
    return streamed(stream_options={})


def first_choice_of_each_chunk() -> Any:
    """Do what most tutorials do: take the first choice of every chunk, unasked whether there is one."""
    with OpenAI() as client:
        stream = client.chat.completions.create(messages=COLOUR, stream=True, **ASKING)
        choices = [chunk.choices[0] for chunk in stream]
        text = "".join(choice.delta.content or "" for choice in choices)
        return {"text": text, "finish_reason": choices[-1].finish_reason}


def thinking() -> Any:
    with OpenAI() as client:
        asking = {"messages": messages("think of a number"), **ASKING}
        chunks = [dumped(chunk) for chunk in client.chat.completions.create(stream=True, **asking)]
        return dumped(client.chat.completions.create(**asking)), chunks


def tools() -> Any:
    """Let the model call a tool, and give it the result."""
    with OpenAI() as client:
        first = client.chat.completions.create(messages=WEATHER, tools=TOOLS, **ASKING)
        thread = [*WEATHER, *_after(first.choices[0].message)]
        return dumped(first), dumped(client.chat.completions.create(messages=thread, tools=TOOLS, **ASKING))


def _after(message: Any) -> list[Any]:
    calls = message.tool_calls or []
    results = [{"role": "tool", "tool_call_id": call.id, "content": "sunny"} for call in calls]
    return [message.model_dump(exclude_none=True), *(results or messages("And tomorrow?")[1:])]


def tools_streamed() -> Any:
    with OpenAI() as client:
        stream = client.chat.completions.create(messages=WEATHER, tools=TOOLS, stream=True, **ASKING)
        return [dumped(chunk) for chunk in stream]


def parsed() -> Any:
    with OpenAI() as client:
        return dumped(client.chat.completions.parse(response_format=Forecast, **ASKING_FOR_JSON))


def parsed_streamed() -> Any:
    """Use the SDK's own assembly of a stream into events."""
    with OpenAI() as client, client.chat.completions.stream(response_format=Forecast, **ASKING_FOR_JSON) as stream:
        kinds = [event.type for event in stream]
        return kinds, dumped(stream.get_final_completion())


def raw() -> Any:
    with OpenAI() as client:
        response = client.chat.completions.with_raw_response.create(messages=COLOUR, **ASKING)
        return response.status_code, headers_of(response), response.text, dumped(response.parse())


def raw_streamed() -> Any:
    """Read the very lines of a stream whose usage chunk is meant for the application."""
    options = {"stream": True, "stream_options": {"include_usage": True}}
    with (
        OpenAI() as client,
        client.chat.completions.with_streaming_response.create(messages=COLOUR, **options, **ASKING) as response,
    ):
        return response.status_code, headers_of(response), [line for line in response.iter_lines() if line]


def left_early() -> Any:
    """Leave a stream in the middle, as a user does who has read enough."""
    with OpenAI() as client:
        stream = client.chat.completions.create(messages=messages("dawdle"), stream=True, **ASKING)
        first = dumped(next(stream))
        stream.close()
        return first


def models() -> Any:
    with OpenAI() as client:
        return [model.id for model in client.models.list()]


def embeddings() -> Any:
    with OpenAI() as client:
        return dumped(client.embeddings.create(model=MODEL, input=["a colour", "a number"]))


def responses() -> Any:
    """Use the other API, which passes through unread."""
    with OpenAI() as client:
        whole = client.responses.create(model=MODEL, input="Name a colour, please.")
        with client.responses.stream(model=MODEL, input="Name a colour, please.") as stream:
            kinds = [event.type for event in stream]
            return whole.output_text, dumped(whole)["usage"], kinds, stream.get_final_response().output_text


def refused(text: str, *, stream: bool = False, retries: int = 0) -> Any:
    """Tell what became of a request that is not answered with success."""
    with OpenAI(max_retries=retries) as client:
        chunks: list[Any] = []
        try:
            reply = client.chat.completions.create(messages=messages(text), stream=stream, **ASKING)
            chunks.extend(dumped(chunk) for chunk in (reply if stream else [reply]))
        except Exception as error:  # noqa: BLE001  # which one is the question
            return chunks, told_of(error)
        return chunks, None


def turns(count: int) -> Any:
    """Lead a conversation that a server may keep in its cache."""
    thread = list(COLOUR)
    told = []
    with OpenAI() as client:
        for _ in range(count):
            asking = {**ASKING, "messages": thread, "extra_body": {"cache_prompt": True, "id_slot": 0}}
            reply = client.chat.completions.create(**asking)
            told.append({"usage": dumped(reply.usage), "finish_reason": reply.choices[0].finish_reason})
            thread += [reply.choices[0].message.model_dump(exclude_none=True), *messages("And another?")[1:]]
    return told


def many(count: int) -> Any:
    """Read many streams to their end, some at a time."""
    with OpenAI(max_retries=0) as client, ThreadPoolExecutor(10) as threads:

        def one(_: int) -> list[str | None]:
            stream = client.chat.completions.create(messages=COLOUR, stream=True, **ASKING)
            return [chunk.choices[0].delta.content for chunk in stream]

        return list(threads.map(one, range(count)))


if __name__ == "__main__":
    serve(
        plain,
        streamed,
        streamed_with_usage,
        streamed_without_usage,
        streamed_with_empty_options,
        first_choice_of_each_chunk,
        thinking,
        tools,
        tools_streamed,
        parsed,
        parsed_streamed,
        raw,
        raw_streamed,
        left_early,
        models,
        embeddings,
        responses,
        refused,
        turns,
        many,
    )
