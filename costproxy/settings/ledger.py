"""What may be set about the ledger."""

from dataclasses import dataclass, field

from costproxy.settings.kinds import FLAG, whole
from costproxy.settings.setting import setting

_MIB = 1024 * 1024
_TIB = 1024 * 1024 * _MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerSettings:
    """The record of every exchange on disk, in the data directory: numbers, names and digests, never a message."""

    enabled: bool = field(
        default=True,
        metadata=setting(FLAG, "Keep every exchange on disk, for reports, exports and a restart."),
    )
    keep_days: int = field(
        default=90,
        metadata=setting(whole(1, 36_500), "Days that exchanges and conversations are kept."),
    )
    totals_days: int = field(
        default=800,
        metadata=setting(whole(1, 36_500), "Days that their sums by the hour are kept."),
    )
    most_bytes: int = field(
        default=4 * 1024 * _MIB,
        metadata=setting(
            whole(16 * _MIB, 1024 * _TIB),
            "Bytes that the ledger may take; beyond them the oldest hours are deleted, but for the present one.",
        ),
    )
    queue: int = field(
        default=10_000,
        metadata=setting(
            whole(100, 1_000_000),
            "Exchanges that may wait while the disk does not take them; those beyond are lost, and counted.",
        ),
    )
