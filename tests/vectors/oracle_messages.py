"""What a recorded reply of the Messages API says, read independently of the code under test."""

from collections.abc import Sequence
from typing import Any

from tests.vectors.oracle_facts import Facts, counted

STOPS = {"end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length", "tool_use": "tool_calls"}


def facts_of_messages(objects: Sequence[dict[str, Any]]) -> Facts:
    """Return the facts of its events, or of its one document."""
    documents = [each.get("message", each) for each in objects if each["type"] in ("message_start", "message")]
    if not documents:
        return Facts(tokens={}, finish_reasons={})
    ends = [each for each in objects if each["type"] == "message_delta"]
    usage = dict(documents[0]["usage"])
    for end in ends:
        usage |= {name: value for name, value in end["usage"].items() if value is not None}
    stop = ends[-1]["delta"]["stop_reason"] if ends else documents[0]["stop_reason"]
    model = documents[0]["model"]
    return Facts(model=model, tokens=_kinds(usage, model), finish_reasons={STOPS[stop]: 1})


def _kinds(usage: dict[str, Any], model: str) -> dict[str, int]:
    """Add up the passes where the usage lists them: that sum is billed. Those of another model have its own price."""
    passes = [each for each in usage.get("iterations") or [usage] if each.get("model", model) == model]
    thought = (usage.get("output_tokens_details") or {}).get("thinking_tokens") or 0
    long = sum((each.get("cache_creation") or {}).get("ephemeral_1h_input_tokens", 0) for each in passes)
    return counted(
        input=sum(each["input_tokens"] for each in passes),
        cache_read=sum(each.get("cache_read_input_tokens", 0) for each in passes),
        cache_write=sum(each.get("cache_creation_input_tokens", 0) for each in passes) - long,
        cache_write_1h=long,
        output=sum(each["output_tokens"] for each in passes) - thought,
        reasoning=thought,
    )
