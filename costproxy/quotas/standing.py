"""What one exchange tells of its client's way with refusals."""

from dataclasses import dataclass
from enum import StrEnum

from costproxy.model import Failure


class StormEvent(StrEnum):
    """What became of a retry storm; told once each."""

    BEGAN = "began"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class RateStanding:
    """One exchange among the attempts of its request, and its client among those that were told to wait."""

    attempt: int = 1  # from 1, by when attempts began; those that only the client knows of are counted in
    retried_after: Failure | None = None  # how the last attempt before it failed; None: none had, when this one began
    violation: bool = False  # it began before the time that a refusal had named
    in_vain_tokens: int | None = 0  # prompt tokens, estimated, sent only to be refused; None: refused, nobody counted
    retry_in_vain: bool = False  # it failed after an attempt whose refusal no retrying can help
    succeeded_after: int | None = None  # attempts, this one included; None: it failed, or another had succeeded before
    storm: StormEvent | None = None  # of its owner at its upstream


NO_STANDING = RateStanding()
