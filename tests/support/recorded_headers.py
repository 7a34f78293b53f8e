"""What recorded replies said of limits in their headers."""

import json
import re
from email.utils import parsedate_to_datetime
from typing import Any

from costproxy.demo.replies import Header
from tests.support.data import Recording, needed

_OF_LIMITS = re.compile(r"rate-?limit|retry", re.IGNORECASE)


def limit_headers(recording: Recording) -> list[Header]:
    """Return those of its headers that are about limits and trying again."""
    return [(name, value) for name, value in _facts(recording)["response_headers"].items() if _OF_LIMITS.search(name)]


def recorded_at(recording: Recording) -> float | None:
    """Return when it was sent, in epoch seconds, as its `Date` says; None: it has none."""
    date = _facts(recording)["response_headers"].get("date")
    return parsedate_to_datetime(date).timestamp() if date else None


def _facts(recording: Recording) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((needed("vectors") / f"{recording.name}.meta.json").read_text(encoding="utf-8"))
    return {**facts, "response_headers": facts["response_headers"] or {}}
