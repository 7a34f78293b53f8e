"""Requests of the Messages API. Source: docs.anthropic.com, `POST /v1/messages` (read 2026-11)."""

from costproxy.model import ChatRequest
from costproxy.model.prompt import Prompt
from costproxy.wire.request_fields import RequestFields
from costproxy.wire.surface import RequestRead


def read(body: bytes, names: frozenset[str]) -> RequestRead:
    """Return what a request says; `names` are those of fields that may name a session.

    Raises:
        WireError: the body is no JSON object.
    """
    fields = RequestFields(body)
    messages, tools = fields.items("messages"), fields.items("tools")
    facts = ChatRequest(
        model=fields.name("model"),
        stream=fields.flag("stream"),
        messages=None if messages is None else len(messages),
        tools=None if tools is None else len(tools),
        max_output=fields.count("max_tokens"),
    )
    prompt = Prompt(
        messages=messages or (),
        system=fields.text("system"),
        tools=fields.text("tools") if tools else None,
    )
    return RequestRead(facts=facts, prompt=prompt, fields=fields.among(names))
