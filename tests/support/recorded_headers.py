"""What recorded replies said of limits in their headers."""

import json
import re

from costproxy.demo.replies import Header
from tests.support.data import Recording, needed

_OF_LIMITS = re.compile(r"rate-?limit|retry", re.IGNORECASE)


def limit_headers(recording: Recording) -> list[Header]:
    """Return those of its headers that are about limits and trying again."""
    facts = json.loads((needed("vectors") / f"{recording.name}.meta.json").read_text(encoding="utf-8"))
    return [(name, value) for name, value in (facts["response_headers"] or {}).items() if _OF_LIMITS.search(name)]
