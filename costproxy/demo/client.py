"""How the demo's applications talk to a chat API: over HTTP, knowing nothing of a proxy."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import aiohttp

from costproxy.demo.frames import Json

_PATIENCE = aiohttp.ClientTimeout(total=60, sock_connect=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What became of one request."""

    status: int | None = None  # None: no reply at all
    message: dict[str, Any] | None = None  # the assistant's, None if there was none or it broke off
    error: str | None = None  # the API's error code
    wait: float | None = None  # Retry-After in seconds, None if the reply did not say

    @property
    def calls(self) -> list[Any]:
        """The tool calls of the message."""
        return list((self.message or {}).get("tool_calls") or ())


class ChatClient:
    """One application's connection to its `base_url`, which ends in `/v1`."""

    def __init__(self, base_url: str, *, app: str) -> None:
        """Sign requests as `app`: a header for the meter, a key of its own for the provider."""
        self._url = f"{base_url}/chat/completions"
        headers = {"x-costproxy-app": app, "authorization": f"Bearer sk-demo-{app}"}
        self._session = aiohttp.ClientSession(headers=headers, timeout=_PATIENCE)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def ask(self, messages: Sequence[Json], *, model: str, leave_after: int | None = None, **more: Any) -> Heard:
        """Send a thread and return what came back.

        `more` are further fields of the request. A streamed reply is left after `leave_after` pieces by
        closing the connection; None hears it out.
        """
        body = {"model": model, "messages": messages, **more}
        try:
            async with self._session.post(self._url, json=body) as reply:
                if reply.status != 200:
                    return _refused(reply, await reply.read())
                if body.get("stream"):
                    return await _hear_stream(reply, leave_after)
                return Heard(status=200, message=(await reply.json())["choices"][0]["message"])
        except (aiohttp.ClientError, TimeoutError, OSError):
            return Heard()


def _refused(reply: aiohttp.ClientResponse, body: bytes) -> Heard:
    wait = reply.headers.get("retry-after", "")
    return Heard(status=reply.status, error=_error_code(body), wait=float(wait) if wait.isdecimal() else None)


def _error_code(body: bytes) -> str | None:
    try:
        code = json.loads(body)["error"]["code"]
    except (ValueError, TypeError, LookupError):
        return None
    return None if code is None else str(code)


async def _hear_stream(reply: aiohttp.ClientResponse, leave_after: int | None) -> Heard:
    message: dict[str, Any] = {"role": "assistant", "content": None}
    pieces = 0
    async for line in reply.content:
        data = line.removeprefix(b"data: ").strip()
        if data == b"[DONE]":
            return Heard(status=200, message=message)
        if pieces == leave_after:
            reply.close()
            break
        if line.startswith(b"data: "):
            pieces += 1
            _add(message, json.loads(data))
    return Heard(status=200)


def _add(message: dict[str, Any], chunk: Any) -> None:
    for choice in chunk.get("choices", ()):
        delta = choice["delta"]
        if delta.get("content"):
            message["content"] = (message["content"] or "") + delta["content"]
        for piece in delta.get("tool_calls", ()):
            _add_call(message.setdefault("tool_calls", []), piece)


def _add_call(calls: list[Any], piece: Any) -> None:
    if piece["index"] == len(calls):
        named = {"name": piece["function"]["name"], "arguments": ""}
        calls.append({"id": piece["id"], "type": "function", "function": named})
    calls[piece["index"]]["function"]["arguments"] += piece["function"]["arguments"]
