"""Requests of the Responses API. Source: the OpenAI OpenAPI file 2.3.0, `CreateResponse`."""

from costproxy.model import ChatRequest
from costproxy.model.prompt import JsonText, Prompt
from costproxy.wire.request_fields import RequestFields
from costproxy.wire.surface import RequestRead


def read(body: bytes, names: frozenset[str]) -> RequestRead:
    """Return what a request says; `names` are those of fields that may name a session.

    Of a thread that is kept at the provider, the request carries the new items only.

    Raises:
        WireError: the body is no JSON object.
    """
    fields = RequestFields(body)
    messages, tools = _items(fields), fields.items("tools")
    facts = ChatRequest(
        model=fields.name("model"),
        stream=fields.flag("stream"),
        messages=None if messages is None else len(messages),
        tools=None if tools is None else len(tools),
        max_output=fields.count("max_output_tokens"),
    )
    prompt = Prompt(
        messages=messages or (),
        system=fields.text("instructions"),
        tools=fields.text("tools") if tools else None,
    )
    return RequestRead(facts=facts, prompt=prompt, fields=fields.among(names))


def _items(fields: RequestFields) -> list[JsonText] | None:
    """Return the items of the input; a text is short for one message of the user."""
    text = fields.text("input")
    if text is not None and bytes(text[:8]).lstrip().startswith(b'"'):
        return [b'{"role":"user","content":%s}' % bytes(text)]
    return fields.items("input")
