"""The fake upstream's answers as bytes, in the shape and with the headers of a large provider."""

from dataclasses import dataclass

from benchmarks.text import MODEL

_COMMON = b"""\
Date: Mon, 02 Nov 2026 10:44:31 GMT\r
openai-processing-ms: 412\r
openai-version: 2020-10-01\r
x-request-id: req_3f1c54c3a9b24d6f8e21\r
x-ratelimit-limit-requests: 10000\r
x-ratelimit-limit-tokens: 30000000\r
x-ratelimit-remaining-requests: 9999\r
x-ratelimit-remaining-tokens: 29999000\r
x-ratelimit-reset-requests: 6ms\r
x-ratelimit-reset-tokens: 2ms\r
strict-transport-security: max-age=31536000; includeSubDomains; preload\r
Server: fake\r
"""
STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n"
    + _COMMON
    + b"\r\n"
)
JSON_HEAD = b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n" + _COMMON + b"\r\n"
EXTRA_EVENTS = 3  # of a stream beside its chunks: the role, the finish reason, the end marker
END = b"0\r\n\r\n"

_ID = "chatcmpl-BkNe3Yt0yq1C2mWc8xvQbT5sLr4aU"
_ABOUT = (
    f'"created":1793616271,"model":"{MODEL}-2025-04-14","service_tier":"default","system_fingerprint":"fp_51e1070cf2"'
)
_HEAD = f'"id":"{_ID}","object":"chat.completion.chunk",{_ABOUT}'
_WORDS = (" conversation", " grows", " with", " each", " turn", ",", " and", " the", " bill", " with", " it", ".")
_KINDS = 48  # different chunks


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What an answer says it cost."""

    prompt: int
    completion: int

    @property
    def tokens(self) -> int:
        """Prompt and completion."""
        return self.prompt + self.completion

    @property
    def json(self) -> str:
        """The usage object; half of the prompt came from the provider's cache."""
        return (
            f'{{"prompt_tokens":{self.prompt},"completion_tokens":{self.completion},"total_tokens":{self.tokens},'
            f'"prompt_tokens_details":{{"cached_tokens":{self.prompt // 2},"audio_tokens":0}},'
            '"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,'
            '"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}'
        )


def document(body: bytes, status: bytes = b"200 OK") -> bytes:
    """Return a JSON reply."""
    return JSON_HEAD % (status, len(body)) + body


def completion(message: str, reason: str, usage: Usage) -> bytes:
    """Return the reply to a request that does not stream."""
    choice = f'{{"index":0,"message":{message},"logprobs":null,"finish_reason":"{reason}"}}'
    return document(
        f'{{"id":"{_ID}","object":"chat.completion",{_ABOUT},"choices":[{choice}],"usage":{usage.json}}}'.encode()
    )


class Frames:
    """The frames of a stream; `asked` for usage, the provider puts a null in its place into every chunk."""

    def __init__(self) -> None:
        self._kinds = {asked: [_token(number, asked=asked) for number in range(_KINDS)] for asked in (False, True)}
        self._joined: dict[tuple[int, bool], bytes] = {}

    def first(self, *, asked: bool) -> bytes:
        """Return the frame with the role."""
        return _chunk('{"role":"assistant","content":"","refusal":null}', asked=asked)

    def each(self, chunks: int, *, asked: bool) -> list[bytes]:
        """Return so many frames with a token each."""
        kinds = self._kinds[asked]
        return [kinds[number % _KINDS] for number in range(chunks)]

    def joined(self, chunks: int, *, asked: bool) -> bytes:
        """Return so many frames with a token each, as one."""
        key = chunks, asked
        if key not in self._joined:
            self._joined[key] = b"".join(self.each(chunks, asked=asked))
        return self._joined[key]

    def ending(self, usage: Usage | None) -> bytes:
        """Return the frames after the last token; usage is told if it is not None."""
        finish = _chunk("{}", asked=usage is not None, reason='"stop"')
        told = b"" if usage is None else _frame(f'{{{_HEAD},"choices":[],"usage":{usage.json}}}')
        return finish + told + _frame("[DONE]") + END


def _token(number: int, *, asked: bool) -> bytes:
    return _chunk(f'{{"content":"{_WORDS[number % len(_WORDS)]}"}}', asked=asked)


def _chunk(delta: str, *, asked: bool, reason: str = "null") -> bytes:
    choice = f'{{"index":0,"delta":{delta},"logprobs":null,"finish_reason":{reason}}}'
    usage = ',"usage":null' if asked else ""
    return _frame(f'{{{_HEAD},"choices":[{choice}]{usage},"obfuscation":"p7TqWx"}}')


def _frame(data: str) -> bytes:
    event = f"data: {data}\n\n".encode()
    return b"%x\r\n%s\r\n" % (len(event), event)
