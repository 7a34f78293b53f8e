"""Usage of the Messages API in normal form.

Source: docs.anthropic.com on prompt caching (`input_tokens` leaves both cache counts out), on compaction (the top-level
counts leave its passes out; the sum over `iterations` is billed) and on the advisor tool; recorded replies (2026-06).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from costproxy.model import Usage, UsageQuality
from costproxy.wire.numbers import token_count

OTHER_MODEL = "other_model"  # a pass of another model is billed at another price; it is in none of the counts
_COUNTS = (
    "input_tokens",
    "output_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "cache_creation.ephemeral_5m_input_tokens",
    "cache_creation.ephemeral_1h_input_tokens",
)
_WHOLE = _COUNTS[:4]


def is_blank(raw: Mapping[str, Any]) -> bool:
    """Tell whether a usage object counts nothing."""
    return not any(_count(raw, name) for name in _WHOLE)


def normal_form(raw: Mapping[str, Any], *, model: str | None) -> Usage | None:
    """Return the usage in disjoint kinds, or None when `raw` counts nothing.

    `model` is the one that served: a pass that names another is left out, and the usage then said to be adjusted.
    """
    if is_blank(raw):
        return None
    passes = list(_passes(raw))
    own = [each for each in passes if each.get("model") in (None, model)]
    counts = {name: _billed(raw, own, name) for name in _COUNTS}
    anomalies = [OTHER_MODEL] if len(own) < len(passes) else []
    if any(_count(raw, name) is None for name in _COUNTS[:2]):
        anomalies.append("partial_usage")
    thought = _count(raw, "output_tokens_details.thinking_tokens") or 0
    if thought > counts["output_tokens"]:
        anomalies.append("reasoning_exceeds_completion")
    return _usage(counts, thought, tuple(anomalies))


def begun(raw: Mapping[str, Any], *, model: str | None) -> Usage | None:
    """Return the usage of the prompt alone: at its beginning a stream states it, and the output only as a start."""
    return normal_form({**raw, "output_tokens": 0, "output_tokens_details": None}, model=model)


def context(raw: Mapping[str, Any]) -> int | None:
    """Return the prompt tokens of the last pass that made a message, None where the usage lists no passes."""
    messages = [each for each in _passes(raw) if each.get("type") == "message"]
    places = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    return sum(_count(messages[-1], name) or 0 for name in places) if messages else None


def _usage(counts: Mapping[str, int], thought: int, anomalies: tuple[str, ...]) -> Usage:
    short, long = counts["cache_creation.ephemeral_5m_input_tokens"], counts["cache_creation.ephemeral_1h_input_tokens"]
    written = max(counts["cache_creation_input_tokens"], short + long)  # what the split leaves out was for 5 minutes
    reasoning = min(thought, counts["output_tokens"])
    return Usage(
        input=counts["input_tokens"],
        cache_read=counts["cache_read_input_tokens"],
        cache_write=written - long,
        cache_write_1h=long,
        output=counts["output_tokens"] - reasoning,
        reasoning=reasoning,
        quality=UsageQuality.ADJUSTED if anomalies else UsageQuality.EXACT,
        anomalies=anomalies,
    )


def _passes(raw: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the passes that a reply took, where it says so: messages, and compactions and advice between them."""
    passes = raw.get("iterations")
    return (each for each in passes if isinstance(each, dict)) if isinstance(passes, list) else iter(())


def _billed(raw: Mapping[str, Any], passes: list[Mapping[str, Any]], name: str) -> int:
    """Return a count with that of the passes that the top level leaves out."""
    return max(_count(raw, name) or 0, sum(_count(each, name) or 0 for each in passes))


def _count(usage: Mapping[str, Any], name: str) -> int | None:
    outer, _, inner = name.partition(".")
    value = usage.get(outer)
    if inner:
        value = value.get(inner) if isinstance(value, dict) else None
    return token_count(value)
