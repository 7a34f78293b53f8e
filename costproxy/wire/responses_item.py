"""Output items of the Responses API.

Source: the OpenAI OpenAPI file 2.3.0, `OutputItem`; recorded replies (2026-08).
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from costproxy.wire.reply_blocks import Kind, ReplyBlocks, json_text

_TEXT_KEYS = ("text", "refusal", "transcript")


def take_item(blocks: ReplyBlocks, index: Any, item: Any) -> None:
    """Add an output item to `blocks`, but for text that its pieces have brought already; outputs of tools are not."""
    if not isinstance(item, dict):
        return
    name = item.get("type")
    kind, text_of = _ITEMS.get(name if isinstance(name, str) else "", (None, _nothing))
    if kind is None or item.get("role", "assistant") != "assistant":
        return
    if _is_for_the_client(item):
        kind = Kind.CALL
    blocks.open(index, kind, block_id=item.get("call_id"), name=item.get("name") or _name(kind, name))
    if not blocks.has(index):
        blocks.add(index, kind, text_of(item))


def _is_for_the_client(item: Mapping[str, Any]) -> bool:
    """Tell whether a call that the provider may run itself is left to the client."""
    environment = item.get("environment")
    local = isinstance(environment, dict) and environment.get("type") == "local"
    return item.get("execution") == "client" or local


def _name(kind: Kind, item_type: Any) -> Any:
    return item_type if kind in (Kind.CALL, Kind.HOSTED) else None


def _nothing(_: Mapping[str, Any]) -> str:
    return ""


def _spoken(item: Mapping[str, Any]) -> str:
    return "".join(map(_part_text, _parts(item.get("content"))))


def _thought(item: Mapping[str, Any]) -> str:
    return "".join(map(_part_text, [*_parts(item.get("summary")), *_parts(item.get("content"))]))


def _parts(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _part_text(part: Any) -> str:
    if not isinstance(part, dict):
        return ""
    return next((part[key] for key in _TEXT_KEYS if isinstance(part.get(key), str)), "")


def _field(*names: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda item: next((json_text(item[name]) for name in names if item.get(name)), "")


_ITEMS: Mapping[str, tuple[Kind | None, Callable[[Mapping[str, Any]], str]]] = MappingProxyType(
    {
        "message": (Kind.TEXT, _spoken),
        "reasoning": (Kind.ASIDE, _thought),
        "function_call": (Kind.CALL, _field("arguments")),
        "custom_tool_call": (Kind.CALL, _field("input")),
        "computer_call": (Kind.CALL, _field("actions", "action")),
        "local_shell_call": (Kind.CALL, _field("action")),
        "apply_patch_call": (Kind.CALL, _field("operation")),
        "shell_call": (Kind.HOSTED, _field("action")),
        "tool_search_call": (Kind.HOSTED, _field("arguments")),
        "mcp_call": (Kind.HOSTED, _field("arguments")),
        "mcp_approval_request": (Kind.CALL, _field("arguments")),
        "code_interpreter_call": (Kind.HOSTED, _field("code")),
        "web_search_call": (Kind.HOSTED, _field("action")),
        "file_search_call": (Kind.HOSTED, _field("queries")),
    }
)
