"""What a recorded reply of the Responses API says, read independently of the code under test."""

from collections.abc import Sequence
from typing import Any

from tests.vectors.oracle_facts import Facts, counted

CLIENT_CALLS = {"function_call", "custom_tool_call"}
CUT = {"max_output_tokens": "length", "content_filter": "content_filter"}


def facts_of_responses(objects: Sequence[dict[str, Any]]) -> Facts:
    """Return the facts of its events, or of its one document."""
    responses = [each["response"] for each in objects if "response" in each]
    responses = responses or [each for each in objects if each.get("object") == "response"]
    if not responses:
        return Facts(tokens={}, finish_reasons={})
    last = responses[-1]
    usage = last.get("usage") or {}
    return Facts(model=last["model"], tokens=_kinds(usage) if usage else {}, finish_reasons=_finish(last))


def _finish(response: dict[str, Any]) -> dict[str, int]:
    if response["status"] == "incomplete":
        return {CUT[response["incomplete_details"]["reason"]]: 1}
    if response["status"] != "completed":
        return {}
    calls = CLIENT_CALLS & {item["type"] for item in response["output"]}
    return {"tool_calls" if calls else "stop": 1}


def _kinds(usage: dict[str, Any]) -> dict[str, int]:
    inside, outside = usage.get("input_tokens_details") or {}, usage.get("output_tokens_details") or {}
    read, written = inside.get("cached_tokens") or 0, inside.get("cache_write_tokens") or 0
    thought = outside.get("reasoning_tokens") or 0
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    return counted(
        input=usage["input_tokens"] - read - written,
        cache_read=read,
        cache_write=written,
        output=usage["output_tokens"] - thought,
        reasoning=thought,
    )
