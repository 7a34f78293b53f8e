"""What a usage object counts beside tokens: things that are priced one by one."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from costproxy.pricing.kinds import FILE_SEARCH, REQUEST, TOOL_CALL, WEB_SEARCH

# Object inside the usage -> count in it -> kind. Sources: docs.x.ai/developers/pricing (web, X and code calls cost the
# same, collection searches less); docs.anthropic.com, server tools; OpenRouter's recorded replies.
_CALLS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "server_side_tool_usage_details": {
            "web_search_calls": WEB_SEARCH,
            "x_search_calls": TOOL_CALL,
            "code_interpreter_calls": TOOL_CALL,
            "file_search_calls": FILE_SEARCH,
            "document_search_calls": FILE_SEARCH,
        },
        "server_tool_use": {"web_search_requests": WEB_SEARCH},
        "server_tool_use_details": {"web_search_requests": WEB_SEARCH},
    }
)
_SIZES = ("medium", "high")  # a low search context is the ordinary request


def units_of(usage: Mapping[str, Any]) -> dict[str, int]:
    """Return `{kind: count}` of what a raw usage object says was used besides tokens, without the zeros."""
    units: dict[str, int] = {}
    for place, counts in _CALLS.items():
        found = usage.get(place)
        if not isinstance(found, Mapping):
            continue
        for name, kind in counts.items():
            count = found.get(name)
            if isinstance(count, int) and count > 0:
                units[kind] = units.get(kind, 0) + int(count)
    size = usage.get("search_context_size")
    return {f"{REQUEST}:{size}": 1, **units} if size in _SIZES else units
