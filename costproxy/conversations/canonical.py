"""One message in the form in which it is compared: what a client may change by echoing it is left out.

Measured on recorded pairs of a reply and its echo: clients drop nulls and fields that only replies have, turn text
into parts and back, spell tool arguments anew, drop or add reasoning, and strip or fold whitespace.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType
from typing import Any

from costproxy.conversations.pieces import NOTHING, Piece, pieces, text_of
from costproxy.conversations.spelling import canonical_arguments, canonical_json
from costproxy.model import Part, ReplyMessage

_FRAMING = 4  # tokens that every message has beside its text


class Kind(IntEnum):
    """What a message is in its conversation."""

    SYSTEM = 0  # instructions: compared apart
    USER = 1
    ASSISTANT = 2
    TOOL = 3  # nothing but results of tools
    ASIDE = 4  # items that clients keep or drop as they like: reasoning, searches, references


LOOSE = frozenset({Kind.SYSTEM, Kind.ASIDE})  # no links of a chain

_ROLES = {
    "system": Kind.SYSTEM,
    "developer": Kind.SYSTEM,
    "assistant": Kind.ASSISTANT,
    "model": Kind.ASSISTANT,
    "tool": Kind.TOOL,
    "function": Kind.TOOL,
}
_PARTS = {Kind.SYSTEM: Part.SYSTEM, Kind.ASSISTANT: Part.ASSISTANT, Kind.TOOL: Part.TOOL_RESULTS}
# Items that are calls the client has to run, and where they say what with.
_CALL_ITEMS = MappingProxyType(
    {
        "function_call": ("arguments",),
        "custom_tool_call": ("input",),
        "computer_call": ("actions", "action"),
        "local_shell_call": ("action",),
        "apply_patch_call": ("operation",),
        "mcp_approval_request": ("arguments",),
    }
)
# The provider runs these itself, unless the item says otherwise.
_HOSTED_ITEMS = MappingProxyType({"shell_call": ("action",), "tool_search_call": ("arguments",)})


@dataclass(slots=True)
class Canonical:
    """A message, reduced to what is compared, and what else one wants to know of it."""

    kind: Kind
    role: str = ""
    text: str = ""
    other: list[str] = field(default_factory=list)  # what is no text, one spelling each
    calls: list[str] = field(default_factory=list)  # tools called: name and arguments, one spelling each
    makes: list[str] = field(default_factory=list)  # ids of these calls
    answers: list[str] = field(default_factory=list)  # ids of the calls whose results it brings; "" for no id
    tokens: dict[Part, int] = field(default_factory=dict)  # estimated, by part
    piecemeal: bool = False  # an item that is one piece of a reply, which may have several
    refers: bool = False  # it stands for something the API has stored

    def digestible(self) -> bytes:
        """Return the bytes that tell it from every other."""
        texts = (self.role, self.text, *self.other, "", *self.calls)
        return "".join(f"{len(text)}:{text}" for text in texts).encode("utf-8", "surrogatepass")

    @property
    def length(self) -> int:
        """How many characters tell it from others."""
        return len(self.text) + sum(map(len, self.calls)) + sum(map(len, self.other))

    def add(self, part: Part, tokens: int) -> None:
        """Count tokens."""
        self.tokens[part] = self.tokens.get(part, 0) + tokens


def canonical(value: Any) -> Canonical:
    """Return the canonical form of a chat message, an Anthropic message or an item of the Responses API.

    Raises:
        ValueError: it is nested too deeply.
    """
    if not isinstance(value, dict):
        return _junk(value)
    kind = value.get("type")
    if isinstance(value.get("role"), str):
        return _message(value)
    if not isinstance(kind, str):
        return _junk(value)
    fields = _CALL_ITEMS.get(kind) or (_HOSTED_ITEMS.get(kind) if _is_for_the_client(value) else None)
    if fields:
        return _call_item(value, fields)
    if kind.endswith("_output") and isinstance(value.get("call_id"), str) and value.get("execution") != "server":
        return _output_item(value)
    weight = _FRAMING if kind == "item_reference" else tokens_of(canonical_json(value))
    aside = Canonical(Kind.ASIDE, role=kind, other=[canonical_json(value)], refers=kind == "item_reference")
    aside.add(Part.ASSISTANT, weight)
    return aside


def canonical_reply(reply: ReplyMessage) -> Canonical:
    """Return the canonical form of the message that a client will make of a reply."""
    form = Canonical(Kind.ASSISTANT, role="assistant", text=said(reply.text))
    for call in reply.calls:
        form.calls.append(_call(call.name, call.arguments))
        form.makes.append(call.id or "")
    return form


def merged(values: Iterable[Any]) -> Canonical:
    """Return the one message that several items of a reply make up: its text, its calls.

    Raises:
        ValueError: one of them is nested too deeply.
    """
    form = Canonical(Kind.ASSISTANT, role="assistant")
    for piece in map(canonical, values):
        form.text += piece.text
        form.calls += piece.calls
        form.makes += piece.makes
        for part, tokens in piece.tokens.items():
            form.add(part, tokens)
    return form


def said(text: str) -> str:
    """Return an assistant's text without its visible thoughts and without whitespace, which clients fold."""
    if "</think>" in text:
        text = _without_thoughts(text)
    return "".join(text.split())


def tokens_of(text: str) -> int:
    """Return about how many tokens a text is."""
    size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
    return (size + 3) // 4


def _without_thoughts(text: str) -> str:
    kept, at = [], 0
    while (end := text.find("</think>", at)) >= 0:
        start = text.find("<think>", at, end)
        kept.append(text[at:start] if start >= 0 else "")  # some models never write where it begins
        at = end + len("</think>")
    return "".join(kept) + text[at:]


def _junk(value: Any) -> Canonical:
    form = Canonical(Kind.USER, other=[canonical_json(value)])
    form.add(Part.USER, _FRAMING + tokens_of(form.other[0]))
    return form


def _call(name: Any, arguments: Any) -> str:
    spelled = canonical_arguments(arguments)
    label = name if isinstance(name, str) else ""
    return f"{len(label)}:{label}{spelled}"


def _id(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _is_for_the_client(value: dict[str, Any]) -> bool:
    environment = value.get("environment")
    local = isinstance(environment, dict) and environment.get("type") == "local"
    return value.get("execution") == "client" or local


def _call_item(value: dict[str, Any], fields: tuple[str, ...]) -> Canonical:
    form = Canonical(Kind.ASSISTANT, role="assistant", piecemeal=True)
    arguments = next((value[name] for name in fields if value.get(name)), None)
    form.calls.append(_call(value.get("name") or value["type"], arguments))
    form.makes.append(_id(value.get("call_id")))
    form.add(Part.ASSISTANT, _FRAMING + tokens_of(form.calls[0]))
    return form


def _output_item(value: dict[str, Any]) -> Canonical:
    form = Canonical(Kind.TOOL, role="tool", answers=[_id(value.get("call_id"))])
    _take(form, value.get("output"), Part.TOOL_RESULTS)
    form.add(Part.TOOL_RESULTS, _FRAMING)
    return form


def _message(value: dict[str, Any]) -> Canonical:
    role = value["role"]
    kind = _ROLES.get(role, Kind.USER)
    form = Canonical(kind, role="assistant" if kind is Kind.ASSISTANT else role)
    part = _PARTS.get(kind, Part.USER)
    form.add(part, _FRAMING)
    _take(form, value.get("content"), part)
    if kind is Kind.ASSISTANT:
        _finish_reply(form, value)
    elif kind is Kind.TOOL:
        form.answers.append(_id(value.get("tool_call_id")))
        if isinstance(name := value.get("name"), str):
            form.other.append(f"name {name}")
    elif form.answers and not form.text and len(form.other) == len(form.answers):
        form.kind = Kind.TOOL  # Anthropic brings results in the user's name
    return form


def _finish_reply(form: Canonical, value: dict[str, Any]) -> None:
    form.piecemeal = value.get("type") == "message"
    refusal = value.get("refusal")
    if isinstance(refusal, str) and not form.text:
        form.text = refusal
        form.add(Part.ASSISTANT, tokens_of(refusal))
    form.text = said(form.text)
    form.other.clear()  # of a reply, only text and calls are known
    calls = value.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        _add_chat_call(form, call)
    if isinstance(legacy := value.get("function_call"), dict):
        _add_call(form, legacy.get("name"), legacy.get("arguments"), "")
    if not form.text and not form.calls:
        form.kind = Kind.ASIDE  # some clients send an empty message before one with calls


def _add_chat_call(form: Canonical, call: Any) -> None:
    if not isinstance(call, dict):
        return
    function = call.get("function", call.get("custom"))
    if isinstance(function, dict):
        _add_call(form, function.get("name"), function.get("arguments", function.get("input")), _id(call.get("id")))


def _add_call(form: Canonical, name: Any, arguments: Any, identifier: str) -> None:
    form.calls.append(_call(name, arguments))
    form.makes.append(identifier)
    form.add(Part.ASSISTANT, _FRAMING + tokens_of(form.calls[-1]))


def _take(form: Canonical, content: Any, part: Part) -> None:
    """Take the content into the form, whatever it is."""
    texts = []
    for piece in pieces(content):
        if piece.text:
            texts.append(piece.text)
            form.add(part, tokens_of(piece.text))
        elif piece is not NOTHING:
            _take_piece(form, piece, part)
    if texts:
        form.text = text_of(texts)


def _take_piece(form: Canonical, piece: Piece, part: Part) -> None:
    if piece.called is not None:
        _add_call(form, piece.called[0], piece.called[1], piece.id)
        return
    if piece.result:
        form.answers.append(piece.id)
    if piece.other:
        form.other.append(piece.other)
    form.add(piece.part or part, piece.tokens)
