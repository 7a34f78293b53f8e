"""One metric family, and the buckets that several share."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One metric family; names without `costproxy_` and counters without `_total`."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    help: str
    buckets: tuple[float, ...] = ()

    @property
    def exported_name(self) -> str:
        """The name on /metrics."""
        return f"costproxy_{self.name}{'_total' if self.kind == 'counter' else ''}"
