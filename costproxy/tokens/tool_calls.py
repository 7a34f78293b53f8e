"""The tokens of tool calls in a request's history, and of those a reply makes."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from costproxy.tokens.framing import Framing
from costproxy.tokens.part import NOTHING, Part
from costproxy.tokens.tools import as_list, compact
from costproxy.tokens.typescript import as_map

# A single call is `to=functions.NAME` on the assistant's side and NAME again on the tool's. These two with their
# separators, in every recorded bill of gpt-3.5 to gpt-4.1 that is not off by its tool definitions already.
_ONE_CALL = 5
# Several calls at once are one call of a tool that the API makes up for them, with all of them as its arguments.
# Given its arguments, four bills of four are met exactly: its name, and something for each answer.
_SEVERAL_CALLS, _ANSWER_OF_SEVERAL = 6, 3
# harmony: channel, recipient, constraint and call marks, and the recipient of the answer.
_HARMONY_CALL = 11
# The same when the reply makes them: 33 of 39 single calls and 12 of 12 of several are met exactly.
_ONE_CALL_MADE, _SEVERAL_CALLS_MADE = 7, 10
_LONG = 16 * 1024  # characters; reading more would be felt by the loop, and spaces weigh little in long texts


def calls_of(message: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the tool calls of a message, under any API, as pairs of name and argument text."""
    calls = [*_chat_calls(message), *_content_calls(message)]
    if message.get("type") in ("function_call", "custom_tool_call"):
        calls.append((_text(message.get("name")), _text(message.get("arguments") or message.get("input"))))
    return calls


def _chat_calls(message: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for call in [*as_list(message.get("tool_calls")), {"function": message.get("function_call")}]:
        inner = as_map(as_map(call).get("function")) or as_map(as_map(call).get("custom"))
        if inner:
            arguments = inner.get("arguments", inner.get("input"))
            yield _text(inner.get("name")), arguments if isinstance(arguments, str) else compact(arguments)


def _content_calls(message: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for item in map(as_map, as_list(message.get("content"))):
        if item.get("type") in ("tool_use", "server_tool_use"):
            yield _text(item.get("name")), compact(item.get("input"))


def calls_in_history(calls: Sequence[tuple[str, str]], framing: Framing) -> Part:
    """Return what `calls` of one message add to it and to the messages that answer them."""
    if not calls:
        return NOTHING
    plain = [(name, _compacted(arguments)) for name, arguments in calls]
    if framing.harmony:
        texts = (text for name, arguments in plain for text in (name, name, arguments))
        return Part(texts=tuple(texts), fixed=_HARMONY_CALL * len(plain))
    if len(plain) == 1:
        ((name, arguments),) = plain
        return Part(texts=(name, name, arguments), fixed=_ONE_CALL)
    return Part(texts=(_together(plain),), fixed=_SEVERAL_CALLS + _ANSWER_OF_SEVERAL * len(plain))


def calls_in_reply(calls: Sequence[tuple[str, str]], framing: Framing) -> Part:
    """Return the tokens of the calls that a reply makes, or of as much of them as was seen."""
    if not calls:
        return NOTHING
    plain = [(name, _compacted(arguments)) for name, arguments in calls]
    if len(plain) > 1 and not framing.harmony:
        return Part(texts=(_together(plain),), fixed=_SEVERAL_CALLS_MADE)
    each = _HARMONY_CALL if framing.harmony else _ONE_CALL_MADE
    return Part(texts=tuple(text for call in plain for text in call), fixed=each * len(plain))


def _together(calls: Sequence[tuple[str, str]]) -> str:
    uses = (f'{{"recipient_name":"functions.{name}","parameters":{arguments or "{}"}}}' for name, arguments in calls)
    return f'{{"tool_uses":[{",".join(uses)}]}}'


def _compacted(arguments: str) -> str:
    """Return the arguments as the API writes them, without spaces; unchanged if they are no JSON or long."""
    if len(arguments) > _LONG:
        return arguments
    try:
        return compact(json.loads(arguments)) or arguments
    except (ValueError, RecursionError):
        return arguments


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
