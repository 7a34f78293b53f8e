"""What a chat request asks the demo's provider for."""

from dataclasses import dataclass
from typing import Any, Self

from costproxy.demo.counting import prompt_parts, prompt_tokens
from costproxy.demo.frames import Json
from costproxy.demo.seen import SeenRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The few fields of a chat request that the provider acts upon."""

    model: str
    parts: list[tuple[bytes, int]]  # of the prompt: bytes and tokens
    prompt: int  # tokens
    tools: list[Json]  # the well-formed ones
    results: int  # results of tools among the latest messages
    longest: int | None  # tokens the reply may have; None: the request does not say
    stream: bool
    with_usage: bool  # a stream that shall end with a chunk of usage; nothing less than `true` means yes

    @classmethod
    def read(cls, request: SeenRequest) -> Self | None:
        """Return what a request asks for, None if it cannot be read."""
        try:
            body = request.json()
        except ValueError:
            return None
        return cls._from_body(body) if _is_chat(body) else None

    @classmethod
    def _from_body(cls, body: dict[str, Any]) -> Self:
        parts = prompt_parts(body)
        streamed = body.get("stream") is True
        options = body.get("stream_options")
        return cls(
            model=str(body.get("model")),
            parts=parts,
            prompt=prompt_tokens(parts),
            tools=[tool for tool in body.get("tools") or () if isinstance(tool, dict) and "function" in tool],
            results=sum(message.get("role") == "tool" for message in body["messages"][-8:]),
            longest=_longest(body),
            stream=streamed,
            with_usage=streamed and isinstance(options, dict) and options.get("include_usage") is True,
        )


def _is_chat(body: Any) -> bool:
    if not isinstance(body, dict):
        return False
    messages = body.get("messages")
    return isinstance(messages, list) and bool(messages) and all(isinstance(each, dict) for each in messages)


def _longest(body: dict[str, Any]) -> int | None:
    limits = (body.get("max_completion_tokens"), body.get("max_tokens"))
    return next((max(1, limit) for limit in limits if isinstance(limit, int)), None)
