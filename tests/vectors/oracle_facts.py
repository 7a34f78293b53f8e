"""What a recorded reply says."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What should be counted of one reply."""

    model: str | None = None  # None: the reply names none
    tokens: Mapping[str, int]  # by kind, those of 0 left out; {} without usage
    finish_reasons: Mapping[str, int]  # how many choices ended so


def counted(**kinds: int) -> dict[str, int]:
    """Return the counts without those of 0."""
    return {kind: count for kind, count in kinds.items() if count}
