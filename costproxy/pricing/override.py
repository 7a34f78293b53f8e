"""What the operator knows better: own prices, contracts, deployments, limits and when to warn of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from costproxy.model import Limits

EVERY_MODEL = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """What the operator says about one model, or about every model that has no word of its own.

    `model` is the name as requested or served, compared whole and whatever the case; `*` is every model.
    """

    model: str
    upstream: str | None = None  # name of the only upstream it holds for; None means all
    same_as: str | None = None  # catalogue id of what it really is, such as "openai/gpt-4o" for a deployment
    prices: Mapping[str, str] | None = None  # as `costproxy.pricing.rows.parse_row` takes them; None: the catalogue's
    multiplier: Fraction = Fraction(1)  # 17/20 is a discount of 15 percent; on own prices too
    limits: Limits = field(default_factory=Limits)
    warn_at: tuple[int, ...] | None = None  # percent of the usable window; None: as for all models

    def __post_init__(self) -> None:
        """Check the multiplier.

        Raises:
            ValueError: it is negative.
        """
        if self.multiplier < 0:
            raise ValueError(f"{self.model}: multiplier: expected 0 or more, got {self.multiplier}")

    def covers(self, name: str | None, upstream: str | None) -> bool:
        """Tell whether it speaks about this very name at this upstream."""
        here = self.upstream is None or self.upstream == upstream
        return here and name is not None and name.lower() == self.model.lower()
