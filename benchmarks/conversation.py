"""Conversations that grow: each turn's request repeats the one before and adds to it."""

from collections.abc import Iterator

from benchmarks.text import MODEL, Text
from benchmarks.workloads import Chat

ANSWER = 300  # bytes of an answer

# What the Python SDK of the largest provider sends along.
_HEADERS = """\
Host: 127.0.0.1\r
Accept-Encoding: gzip, deflate\r
Connection: keep-alive\r
Accept: application/json\r
Content-Type: application/json\r
User-Agent: OpenAI/Python 3.54.0\r
X-Stainless-Lang: python\r
X-Stainless-Package-Version: 3.54.0\r
X-Stainless-OS: Linux\r
X-Stainless-Arch: x64\r
X-Stainless-Runtime: CPython\r
X-Stainless-Runtime-Version: 3.11.7\r
Authorization: Bearer a-key-of-the-benchmark\r
X-Stainless-Async: false\r
x-stainless-retry-count: 0\r
"""
_START = f"POST /v1/chat/completions HTTP/1.1\r\n{_HEADERS}"
_TOOLS = 10


class Writer:
    """Writes requests; no two conversations of a run are the same, whichever proxy they go through."""

    def __init__(self) -> None:
        self._text = Text()
        self._serial = 0

    def conversations(self, shape: Chat) -> Iterator[bytes]:
        """Yield the requests of one conversation after the other, without end."""
        while True:
            yield from self._tool_conversation(shape) if shape.tools else self._talk(shape)

    def streams(self, chunks: int, *, paced: bool) -> Iterator[bytes]:
        """Yield requests, without end, whose answers are streams of that many chunks."""
        plan = f"stream {chunks} {'paced' if paced else 'burst'}"
        while True:
            yield _request(plan, [self._system(300), self._user(400)], extra=',"stream":true')

    def _talk(self, shape: Chat) -> Iterator[bytes]:
        size = _content_size(shape)
        messages = [self._user(size)] if shape.first == 1 else [self._system(size)]
        while len(messages) < shape.first:
            messages.append(self._user(size) if len(messages) % 2 else self._text.answer(self._next(), size))
        for _ in range(shape.turns):
            serial = self._next()
            yield _request(f"text {serial} {ANSWER}", messages)
            messages += self._text.answer(serial, ANSWER), self._user(size)

    def _tool_conversation(self, shape: Chat) -> Iterator[bytes]:
        # Calls are short, so results make up the size.
        size = 2 * _content_size(shape)
        messages = [self._system(size), self._user(size)]
        while len(messages) < shape.first:
            messages += self._called(size)
        for _ in range(shape.turns):
            serial = self._next()
            yield _request(f"call {serial} 0", messages, extra=self._tools())
            messages += self._text.call(serial), self._result(serial, size)

    def _next(self) -> int:
        self._serial += 1
        return self._serial

    def _system(self, size: int) -> str:
        return f'{{"role":"system","content":"{self._text.prose(self._next(), size)}"}}'

    def _user(self, size: int) -> str:
        return f'{{"role":"user","content":"{self._text.prose(self._next(), size)}"}}'

    def _called(self, size: int) -> tuple[str, str]:
        serial = self._next()
        return self._text.call(serial), self._result(serial, size)

    def _result(self, call: int, size: int) -> str:
        content = self._text.lines(self._next(), size)
        return f'{{"role":"tool","tool_call_id":"call_{call:024d}","content":"{content}"}}'

    def _tools(self) -> str:
        tools = (
            f'{{"type":"function","function":{{"name":"tool_{number}","description":"{self._text.prose(number, 200)}",'
            '"parameters":{"type":"object","properties":{"path":{"type":"string"}},"required":["path"]}}}'
            for number in range(_TOOLS)
        )
        return f',"tools":[{",".join(tools)}]'


def _content_size(shape: Chat) -> int:
    frame = len('{"role":"assistant","content":""},')
    return max(1, shape.size // shape.messages - frame)


def _request(plan: str, messages: list[str], extra: str = "") -> bytes:
    """Return a request; `plan` tells the fake upstream what to answer."""
    body = f'{{"messages":[{",".join(messages)}],"model":"{MODEL}"{extra}}}'
    return f"{_START}x-bench: {plan}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode("ascii")
