"""What SDKs do to a reply before they send it back, as often as it was seen in recorded traffic."""

import json
import random
from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.identity.ask import text_of
from benchmarks.identity.recorded import Message

Change = Callable[[dict[str, Any], random.Random], None]


def echo(message: Message, chance: random.Random) -> dict[str, Any]:
    """Return an assistant's message as an application may send it back."""
    sent = dict(message)
    for change, share in _CHANGES:
        if chance.random() < share:
            change(sent, chance)
    return sent


def _respell_calls(sent: dict[str, Any], chance: random.Random) -> None:
    """Calls with an index, without a type, their arguments with other spaces and another order."""
    if calls := sent.get("tool_calls"):
        sent["tool_calls"] = [_respelled(call, index, chance) for index, call in enumerate(calls)]


def _respelled(call: Mapping[str, Any], index: int, chance: random.Random) -> dict[str, Any]:
    found = dict(call)
    if chance.random() < 0.5:
        found["index"] = index
    if chance.random() < 0.3:
        found.pop("type", None)
    if isinstance(function := call.get("function"), Mapping):
        found["function"] = dict(function) | {"arguments": _respaced(function.get("arguments"), chance)}
    return found


def _respaced(arguments: object, chance: random.Random) -> object:
    try:
        value = json.loads(arguments) if isinstance(arguments, str) else arguments
    except ValueError:
        return arguments
    separators = chance.choice(((",", ":"), (", ", ": "), (",", ": ")))
    return json.dumps(value, separators=separators, sort_keys=chance.random() < 0.3, ensure_ascii=chance.random() < 0.5)


def _rename_calls(sent: dict[str, Any], chance: random.Random) -> None:
    """Calls without the ids they came with."""
    if calls := sent.get("tool_calls"):
        sent["tool_calls"] = [dict(call) | {"id": f"call_{chance.getrandbits(96):024x}"} for call in calls]


def _empty_content(sent: dict[str, Any], chance: random.Random) -> None:
    """Content that is nothing: null, an empty text, or left out."""
    if sent.get("content") in (None, ""):
        sent.pop("content", None)
        if (content := chance.choice((None, "", ...))) is not ...:
            sent["content"] = content


def _other_form_of_content(sent: dict[str, Any], _: random.Random) -> None:
    """A text as a list of parts, a list of parts as a text."""
    content = sent.get("content")
    if isinstance(content, str) and content:
        sent["content"] = [{"type": "text", "text": content}]
    elif isinstance(content, list) and all(part.get("type") == "text" for part in content):
        sent["content"] = text_of(sent)


def _reasoning(sent: dict[str, Any], _: random.Random) -> None:
    """Reasoning in a field of its own, or left out."""
    if sent.pop("reasoning_content", None) is None:
        sent["reasoning_content"] = "Let me see what was asked, and answer that."


def _thought(sent: dict[str, Any], _: random.Random) -> None:
    """Reasoning inside the text."""
    if isinstance(content := sent.get("content"), str) and content:
        sent["content"] = f"<think>\nWhat was asked?\n</think>\n\n{content}"


def _spaces(sent: dict[str, Any], _: random.Random) -> None:
    """Spaces around the text, and line ends of another system."""
    if isinstance(content := sent.get("content"), str) and content:
        sent["content"] = f" {content.strip()}\n".replace("\r\n", "\n").replace("\n", "\r\n")


def _reword(sent: dict[str, Any], _: random.Random) -> None:
    """Other words: frameworks that write the reply anew from what they understood."""
    if isinstance(content := sent.get("content"), str) and content:
        sent["content"] = f"Thought: {content}\nObservation: done"


def _field(name: str, value: object) -> Change:
    def change(sent: dict[str, Any], _: random.Random) -> None:
        sent[name] = value

    return change


# What share of echoed messages each was seen in (403 pairs of a reply and the request after it).
_CHANGES: tuple[tuple[Change, float], ...] = (
    (_respell_calls, 138 / 403),
    (_field("refusal", None), 133 / 403),
    (_field("annotations", []), 92 / 403),
    (_field("audio", None), 20 / 403),
    (_empty_content, 108 / 403),
    (_other_form_of_content, 78 / 403),
    (_reasoning, 44 / 403),
    (_rename_calls, 11 / 403),
    (_field("prefix", False), 10 / 403),
    (_field("id", "msg_0123456789abcdef"), 10 / 403),
    (_reword, 8 / 403),
    (_thought, 4 / 403),
    (_spaces, 4 / 403),
)
