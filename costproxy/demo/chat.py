"""Chat completions in OpenAI's shape, whole and in chunks, and the ways other servers differ."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from costproxy.demo.frames import Json

Usage: TypeAlias = dict[str, Any]

# Source: recorded Azure streams; the first chunk has no model, no id and no choices.
AZURE_PRELUDE: Json = {
    "choices": [],
    "created": 0,
    "id": "",
    "model": "",
    "object": "",
    "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": {}}],
}


def usage(prompt: int, completion: int, *, cached: int = 0, reasoning: int = 0, total: int | None = None) -> Usage:
    """Return OpenAI's usage: `cached` is part of `prompt`, `reasoning` part of `completion`.

    `total` None is their sum; give it, and `reasoning` on top, to be xAI.
    """
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion if total is None else total,
        "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def tool_call(name: str, arguments: str, id: str = "call_1") -> dict[str, Any]:  # noqa: A002 - the wire's word
    """Return a tool call as a whole message carries it; `arguments` is JSON as text."""
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """One reply's identity; its methods return the objects that such a reply is made of."""

    id: str = "chatcmpl-1"
    model: str = "gpt-4o-mini-2024-07-18"
    created: int = 1_750_000_000  # seconds since 1970
    nulls: bool = False  # whether each chunk carries "usage": null, as OpenAI's do when usage was asked for

    def completion(
        self,
        text: str | None,
        usage: Usage | None = None,
        *,
        finish: str = "stop",
        tool_calls: Sequence[Json] = (),
        **message: Any,
    ) -> Json:
        """Return a whole, unstreamed completion with one choice; usage None leaves it out."""
        calls = {"tool_calls": list(tool_calls)} if tool_calls else {}
        said = {"role": "assistant", "content": text, "refusal": None, **calls, **message}
        choice = {"index": 0, "message": said, "logprobs": None, "finish_reason": finish}
        return {**self._envelope("chat.completion"), "choices": [choice], **_optional(usage)}

    def chunk(
        self,
        delta: Json,
        *,
        finish: str | None = None,
        index: int = 0,
        usage: Usage | None = None,
        **more: Any,
    ) -> Json:
        """Return one chunk with one choice; `more` are further top-level keys."""
        choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}
        return {**self._frame(usage), "choices": [choice], **more}

    def role(self, *, index: int = 0) -> Json:
        """Return the chunk that opens a choice."""
        return self.chunk({"role": "assistant", "content": "", "refusal": None}, index=index)

    def content(self, text: str, *, index: int = 0) -> Json:
        """Return a chunk of text."""
        return self.chunk({"content": text}, index=index)

    def reasoning(self, text: str, *, key: str = "reasoning_content", index: int = 0) -> Json:
        """Return a chunk of visible reasoning; OpenRouter and Groq use the key `reasoning`."""
        return self.chunk({key: text}, index=index)

    def tool(
        self,
        arguments: str,
        *,
        name: str | None = None,
        id: str | None = None,  # noqa: A002 - the wire's word
        call: int = 0,
        index: int = 0,
    ) -> Json:
        """Return a piece of a tool call; `name` and `id` belong into the first piece only."""
        first = {} if id is None else {"id": id, "type": "function"}
        named = {} if name is None else {"name": name}
        piece = {"index": call, **first, "function": {**named, "arguments": arguments}}
        return self.chunk({"tool_calls": [piece]}, index=index)

    def finish(self, reason: str = "stop", *, index: int = 0, usage: Usage | None = None) -> Json:
        """Return the chunk that ends a choice; with usage it is DeepSeek's and Mistral's."""
        return self.chunk({}, finish=reason, index=index, usage=usage)

    def groq_finish(self, usage: Usage, reason: str = "stop") -> Json:
        """Return Groq's last chunk, which keeps the usage in an object of its own."""
        return self.chunk({}, finish=reason, x_groq={"id": self.id, "usage": usage})

    def usage(self, usage: Usage) -> Json:
        """Return the extra chunk, without choices, that carries the usage a request asked for."""
        return {**self._frame(usage), "choices": []}

    def text(self, *pieces: str, finish: str = "stop", usage: Usage | None = None) -> list[Json]:
        """Return all chunks of a plain reply; usage adds the extra chunk."""
        last = [] if usage is None else [self.usage(usage)]
        return [self.role(), *map(self.content, pieces), self.finish(finish), *last]

    def _frame(self, usage: Usage | None) -> dict[str, Any]:
        counted = {"usage": None} if self.nulls and usage is None else _optional(usage)
        return {**self._envelope("chat.completion.chunk"), **counted}

    def _envelope(self, kind: str) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.model,
            "service_tier": "default",
            "system_fingerprint": "fp_demo",
        }


def cumulative(chunks: Iterable[Json], usages: Iterable[Usage]) -> list[Json]:
    """Return the chunks with a running usage in each, as vLLM and Perplexity can send them."""
    return [{**chunk, "usage": each} for chunk, each in zip(chunks, usages, strict=True)]


def _optional(usage: Usage | None) -> dict[str, Any]:
    return {} if usage is None else {"usage": usage}
