"""The kinds of things that have a price, and which price stands in for a missing one."""

from collections.abc import Mapping
from types import MappingProxyType

# Disjoint kinds of tokens, as `usage_by_kind` names them.
INPUTS = (
    "input",
    "cache_read",
    "cache_write",
    "cache_write_1h",
    "audio_input",
    "audio_cache_read",
    "image_input",
)
OUTPUTS = ("output", "reasoning", "audio_output", "image_output")
TOKENS = INPUTS + OUTPUTS

# Counted one by one; "request:medium" is a request with that much search context.
REQUEST = "request"
WEB_SEARCH = "web_search"
FILE_SEARCH = "file_search"
TOOL_CALL = "tool_call"  # of a tool that the provider runs, other than these searches
UNITS = (REQUEST, f"{REQUEST}:medium", f"{REQUEST}:high", WEB_SEARCH, FILE_SEARCH, TOOL_CALL)

# A kind without a price of its own is billed as the next one, times the factor; a kind that is not here is unknown.
#   reasoning         providers that do not price it apart bill it as output
#   cache_read        no discount listed: full price (what OpenAI's models without a cached price do)
#   cache_write       no surcharge listed: an ordinary input token
#   cache_write_1h    no price of its own: the write price (for Anthropic see below)
#   audio_cache_read  no discount listed: the full audio price
#   image_input       chat models bill the tokens of an image as text
# Audio and generated images cost many times the text price, so text prices never stand in for them.
FALLBACKS: Mapping[str, str] = MappingProxyType(
    {
        "reasoning": "output",
        "cache_read": "input",
        "cache_write": "input",
        "cache_write_1h": "cache_write",
        "audio_cache_read": "audio_input",
        "image_input": "input",
        f"{REQUEST}:medium": REQUEST,
        f"{REQUEST}:high": REQUEST,
    }
)

# Provider -> times the input price for a cache write that lives for an hour.
# Source: docs.anthropic.com, prompt caching, pricing (read 2026-11-22).
HOUR_WRITES: Mapping[str, int] = MappingProxyType({"anthropic": 2})

# Service tiers that cost the standard price.
STANDARD_TIERS = frozenset({"", "auto", "default", "standard", "standard_only", "on_demand"})
# Provider -> tiers that cost the standard price there. Source: console.groq.com/docs/flex-processing.
STANDARD_AT: Mapping[str, frozenset[str]] = MappingProxyType({"groq": frozenset({"flex"})})
