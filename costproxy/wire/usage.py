"""From the many shapes of `usage` to one normal form, decided by arithmetic.

Source of the shapes: recorded replies of 29 providers; the OpenAI OpenAPI file 2.3.0, `CompletionUsage`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from costproxy.model import Usage, UsageQuality
from costproxy.wire.numbers import token_count

# Where a figure may stand, most telling first; a dot goes one level down.
_Places = tuple[tuple[str, str], ...]


def _places(*paths: str) -> _Places:
    """Return paths, each cut at its first dot."""
    return tuple((outer, inner) for outer, _, inner in (path.partition(".") for path in paths))


_PROMPT = _places("prompt_tokens", "input_tokens")
_COMPLETION = _places("completion_tokens", "output_tokens")
_TOTAL = _places(
    "total_tokens",
)
_CACHED = _places(
    "prompt_tokens_details.cached_tokens",
    "prompt_cache_hit_tokens",
    "prompt_token_details.cached_tokens",
    "input_tokens_details.cached_tokens",
    "num_cached_tokens",
    "cached_tokens",
    "cache_read_input_tokens",
)
_WRITTEN = _places(
    "prompt_tokens_details.cache_write_tokens",
    "input_tokens_details.cache_write_tokens",
    "prompt_tokens_details.cache_creation_input_tokens",
    "prompt_tokens_details.cache_creation_tokens",
    "cache_creation_input_tokens",
)
_REASONING = _places(
    "completion_tokens_details.reasoning_tokens",
    "output_tokens_details.reasoning_tokens",
    "reasoning_tokens",
)
_WRITTEN_1H = _places(
    "cache_creation.ephemeral_1h_input_tokens",
    "prompt_tokens_details.cache_creation_token_details.ephemeral_1h_input_tokens",
)
_AUDIO_IN = _places("prompt_tokens_details.audio_tokens", "input_tokens_details.audio_tokens")
_IMAGE_IN = _places("prompt_tokens_details.image_tokens", "input_tokens_details.image_tokens")
_AUDIO_OUT = _places("completion_tokens_details.audio_tokens", "output_tokens_details.audio_tokens")
_IMAGE_OUT = _places("completion_tokens_details.image_tokens", "output_tokens_details.image_tokens")
_AUDIO_OUTSIDE_PROMPT = _places("prompt_audio_tokens", "prompt_tokens_details.audio_tokens", "audio_tokens")


class UsageMerge:
    """Merge the usage objects of one reply: the last non-null value of each field wins, never a sum."""

    __slots__ = ("_merged",)

    def __init__(self) -> None:
        self._merged: dict[str, Any] = {}

    def add(self, usage: Any) -> None:
        """Take in a usage object; anything else is ignored, and so are all zeros after real counts."""
        if not isinstance(usage, dict):
            return
        if self._merged and is_blank(usage) and not is_blank(self._merged):
            return
        _overlay(self._merged, usage)

    @property
    def value(self) -> dict[str, Any] | None:
        """The merged object, or None if there was none."""
        return self._merged or None


def _overlay(base: dict[str, Any], top: Mapping[str, Any]) -> None:
    for key, value in top.items():
        if value is None:
            continue
        below = base.get(key)
        if isinstance(value, dict) and isinstance(below, dict):
            _overlay(below, value)
        else:
            base[key] = dict(value) if isinstance(value, dict) else value


def is_blank(usage: Mapping[str, Any]) -> bool:
    """Tell whether a usage object counts nothing: what servers send after an error."""
    return not any(_first(usage, places) for places in (_PROMPT, _COMPLETION, _TOTAL))


def _first(usage: Mapping[str, Any], places: _Places) -> int | None:
    for outer, inner in places:
        value = usage.get(outer)
        if value is None:
            continue  # as nearly always: no provider has all the places
        if inner:
            value = _inside(value, inner)
        if (count := token_count(value)) is not None:
            return count
    return None


def _inside(value: Any, path: str) -> Any:
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


@dataclass(slots=True)
class _Repair:
    """Usage being brought into normal form, and what had to be bent for it."""

    prompt: int
    completion: int
    total: int | None
    cached: int
    written: int
    reasoning: int
    audio_outside: int = 0  # audio that the prompt did not hold at first
    anomalies: list[str] = field(default_factory=list)

    def place_reasoning(self, *, outside_if_unsure: bool) -> None:
        """Make the completion include the reasoning, whichever way the provider counts."""
        both = self.prompt + self.completion
        if self.total is None:
            outside = outside_if_unsure
        else:
            outside = self.total != both and self.total == both + self.reasoning
        if outside:
            self.completion += self.reasoning
        elif self.reasoning > self.completion:
            self.anomalies.append("reasoning_exceeds_completion")
            self.reasoning = self.completion

    def place_hidden_output(self) -> None:
        """Count what only the total shows as reasoning (Gemini's OpenAI endpoint hides thinking there)."""
        if self.total is not None and self.total > self.prompt + self.completion:
            hidden = self.total - self.prompt - self.completion
            self.completion += hidden
            self.reasoning += hidden
            self.anomalies.append("hidden_output")

    def place_outside_audio(self, audio: int, *, heard: bool) -> None:
        """Count audio that the total holds and the prompt does not (Mistral, which may give its seconds only)."""
        surplus = 0 if self.total is None else self.total - self.prompt - self.completion
        if surplus > 0 and (heard or surplus == audio):
            self.prompt += surplus
            self.audio_outside = surplus

    def check_total(self) -> None:
        """Note a total that its parts do not make."""
        if self.total is not None and self.total != self.prompt + self.completion:
            self.anomalies.append("total_mismatch")

    def fit_cache(self, *, billed_whole: bool) -> None:
        """Keep cache reads and writes inside the prompt.

        Where more was read than the prompt holds, xAI bills all that was read (`billed_whole`).
        """
        if self.cached > self.prompt:
            self.anomalies.append("cached_exceeds_prompt")
            if billed_whole:
                self.prompt = self.cached
            else:
                self.cached = self.prompt
        if self.written and self.cached + self.written > self.prompt:
            self.anomalies.append("cache_write_exceeds_prompt")
            # A provider that reports the same tokens as read and written has refreshed them: a read.
            self.written = 0 if self.written == self.cached else self.prompt - self.cached


def normal_form(raw: Mapping[str, Any], *, dialect: str, model: str | None) -> Usage | None:
    """Return the usage in disjoint kinds, or None when `raw` states no believable counts.

    `dialect` decides only what arithmetic cannot: where reasoning stands when there is no total, and
    whether a surplus in the total is hidden output.
    """
    prompt, completion = _first(raw, _PROMPT), _first(raw, _COMPLETION)
    if not prompt and not completion:
        return None  # a total alone says what nobody can split, and zeros are no count of anything
    repair = _Repair(
        prompt=prompt or 0,
        completion=completion or 0,
        total=_first(raw, _TOTAL),
        cached=_first(raw, _CACHED) or 0,
        written=_first(raw, _WRITTEN) or 0,
        reasoning=_first(raw, _REASONING) or 0,
    )
    if prompt is None or completion is None:
        repair.anomalies.append("partial_usage")
    is_grok = dialect == "xai" or (model or "").startswith("grok")
    repair.place_reasoning(outside_if_unsure=is_grok)
    heard = bool(raw.get("prompt_audio_seconds"))
    repair.place_outside_audio(_first(raw, _AUDIO_OUTSIDE_PROMPT) or 0, heard=heard)
    if dialect == "gemini":
        repair.place_hidden_output()
    repair.check_total()
    repair.fit_cache(billed_whole=dialect == "xai")
    return _finished(repair, raw)


def _finished(repair: _Repair, raw: Mapping[str, Any]) -> Usage:
    fresh = repair.prompt - repair.cached - repair.written
    audio_in = min(repair.audio_outside or _first(raw, _AUDIO_IN) or 0, fresh)
    image_in = min(_first(raw, _IMAGE_IN) or 0, fresh - audio_in)
    said = repair.completion - repair.reasoning
    audio_out = min(_first(raw, _AUDIO_OUT) or 0, said)
    image_out = min(_first(raw, _IMAGE_OUT) or 0, said - audio_out)
    kept_long = min(_first(raw, _WRITTEN_1H) or 0, repair.written)
    return Usage(
        input=fresh - audio_in - image_in,
        cache_read=repair.cached,
        cache_write=repair.written - kept_long,
        cache_write_1h=kept_long,
        audio_input=audio_in,
        image_input=image_in,
        output=said - audio_out - image_out,
        reasoning=repair.reasoning,
        audio_output=audio_out,
        image_output=image_out,
        quality=UsageQuality.ADJUSTED if repair.anomalies else UsageQuality.EXACT,
        anomalies=tuple(repair.anomalies),
    )
