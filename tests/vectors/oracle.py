"""What a recorded reply says, read a second time and independently: nothing here comes from the code under test."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from tests.support.data import Recording
from tests.vectors.oracle_facts import Facts
from tests.vectors.oracle_messages import facts_of_messages
from tests.vectors.oracle_responses import facts_of_responses

KNOWN_REASONS = {"stop", "length", "tool_calls", "content_filter", "function_call", "eos"}
_CACHED_ELSEWHERE = ("prompt_cache_hit_tokens", "cached_tokens", "num_cached_tokens")
OTHERS = {"responses": facts_of_responses, "messages": facts_of_messages}
_EVENT_END = re.compile(rb"(?<=\n\n)|(?<=\r\n\r\n)")


def facts_of(recording: Recording) -> Facts:
    """Return the facts of a recorded reply; an error has none."""
    if recording.status >= 300:
        return Facts(tokens={}, finish_reasons={})
    if recording.api != "chat":
        return OTHERS[recording.api](list(objects(recording)))
    usage = _last_usage(recording)
    return Facts(
        model=next((each["model"] for each in objects(recording) if each.get("model")), None),
        tokens={} if usage is None else _kinds(usage, provider=recording.provider),
        finish_reasons=_finish_reasons(recording),
    )


def objects(recording: Recording) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects of a reply: each event's data, or the one document."""
    texts = recording.body.splitlines() if recording.is_stream else [b"data:" + recording.body]
    values = (_loaded(text[5:]) for text in texts if text.startswith(b"data:"))
    return (value for value in values if isinstance(value, dict))


def without_usage_chunk(recording: Recording) -> bytes:
    """Return a recorded stream without its extra usage chunk, if it has one."""
    return b"".join(event for event in _EVENT_END.split(recording.body) if not _is_usage_chunk(event))


def _is_usage_chunk(event: bytes) -> bool:
    value = _loaded(event[5:]) if event.startswith(b"data:") else None
    return isinstance(value, dict) and value.get("choices") == [] and isinstance(value.get("usage"), dict)


def _loaded(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _last_usage(recording: Recording) -> Mapping[str, Any] | None:
    found = None
    for each in objects(recording):
        for place in (each, each.get("x_groq") or {}, *(each.get("choices") or ())):
            usage = place.get("usage") if isinstance(place, dict) else None
            if isinstance(usage, dict) and (usage.get("prompt_tokens") or usage.get("completion_tokens")):
                found = usage
    return found


def _kinds(usage: Mapping[str, Any], *, provider: str) -> dict[str, int]:
    prompt, completion = usage["prompt_tokens"], usage.get("completion_tokens") or 0
    surplus = (usage.get("total_tokens") or prompt + completion) - prompt - completion
    details = usage.get("prompt_tokens_details") or {}
    thought = (usage.get("completion_tokens_details") or {}).get("reasoning_tokens") or 0
    if surplus and surplus == thought:  # beside the completion
        completion += thought
    elif provider == "gemini-compat":  # which hides its thinking in the total
        completion, thought = completion + surplus, thought + surplus
    read = details.get("cached_tokens") or next((usage[name] for name in _CACHED_ELSEWHERE if usage.get(name)), 0)
    prompt = max(read, prompt) if provider == "xai" else prompt  # xAI bills all that was read
    read = min(read, prompt)
    written = min(details.get("cache_write_tokens") or 0, prompt - read)
    heard = min(details.get("audio_tokens") or 0, prompt - read - written)
    looked_at = min(details.get("image_tokens") or 0, prompt - read - written - heard)
    kinds = {
        "input": prompt - read - written - heard - looked_at,
        "audio_input": heard,
        "image_input": looked_at,
        "cache_read": read,
        "cache_write": written,
        "output": completion - thought,
        "reasoning": thought,
    }
    return {kind: count for kind, count in kinds.items() if count}


def _finish_reasons(recording: Recording) -> dict[str, int]:
    ended = {
        choice.get("index", 0): choice["finish_reason"]
        for each in objects(recording)
        for choice in each.get("choices") or ()
        if choice.get("finish_reason")
    }
    return dict(Counter(reason if reason in KNOWN_REASONS else "other" for reason in ended.values()))
