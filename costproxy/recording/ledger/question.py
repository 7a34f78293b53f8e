"""What is asked of a ledger."""

from collections.abc import Mapping
from dataclasses import dataclass

NAMES = ("app", "model", "upstream", "quality", "source", "conversation")  # what can be filtered by

# What can be grouped by, and what it is in the sums by the hour.
GROUPS: Mapping[str, str] = {
    "model": "model",
    "app": "app",
    "upstream": "upstream",
    "conversation": "conversation",
    "day": "strftime('%Y-%m-%d', hour * 3600, 'unixepoch')",
    "hour": "strftime('%Y-%m-%dT%H:00Z', hour * 3600, 'unixepoch')",
    "quality": "quality",
    "source": "source",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A range of time, filters, and what to group by; None is everything, "" what is not known.

    Exchanges belong where they started: from `since` on and before `until`, seconds since the epoch, UTC.

    Raises:
        ValueError: there is no such group, or one comes twice.
    """

    since: float | None = None
    until: float | None = None
    app: str | None = None
    model: str | None = None
    upstream: str | None = None
    quality: str | None = None
    source: str | None = None
    conversation: str | None = None
    by: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in self.by:
            if name not in GROUPS or self.by.count(name) > 1:
                raise ValueError(f"by: expected each at most once of {', '.join(GROUPS)}, found {name!r}")

    @property
    def filters(self) -> Mapping[str, str]:
        """What is asked for, by column."""
        return {name: value for name in NAMES if (value := getattr(self, name)) is not None}

    @property
    def needs_conversations(self) -> bool:
        """Whether conversations must be told apart."""
        return self.conversation is not None or "conversation" in self.by
