"""Chat requests and replies that many tests use."""

import json

from costproxy.demo.chat import Chat, usage
from costproxy.demo.frames import Json
from costproxy.demo.plan import Plan
from costproxy.demo.replies import json_reply, stream

MODEL = "gpt-4o-mini"
PROMPT_TOKENS = 10
COMPLETION_TOKENS = 5
CHAT = Chat(model=MODEL)


def chat_body(*, stream: bool = False, model: str = MODEL, text: str = "hello", **more: object) -> bytes:
    """Return the JSON body of a chat request with one message."""
    streaming = {"stream": True} if stream else {}
    return json.dumps({"model": model, "messages": [{"role": "user", "content": text}], **streaming, **more}).encode()


def answer(text: str = "hi", *, model: str = MODEL) -> Plan:
    """Return a whole plain reply of 10 prompt and 5 completion tokens."""
    return json_reply(Chat(model=model).completion(text, usage(PROMPT_TOKENS, COMPLETION_TOKENS)))


def stream_frames(*pieces: str) -> list[Json]:
    """Return the chunks of a streamed reply of 10 prompt and 5 completion tokens, the extra usage chunk with them."""
    return CHAT.text(*(pieces or ("hi", "there")), usage=usage(PROMPT_TOKENS, COMPLETION_TOKENS))


def streamed(*pieces: str) -> Plan:
    """Return a whole streamed reply, sent at once."""
    return stream(stream_frames(*pieces))
