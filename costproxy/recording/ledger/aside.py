"""A damaged file is kept for whoever wants to look into it, out of the way of a new one."""

from datetime import UTC, datetime
from pathlib import Path

_PARTS = ("", "-wal", "-shm")


def set_aside(path: Path, now: float) -> Path:
    """Rename the ledger's file, and what belongs to it, with a date; return its new name.

    Raises:
        OSError: it cannot be renamed.
    """
    stamp = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    target = path.with_name(f"{path.stem}.corrupt-{stamp}{path.suffix}")
    number = 1
    while target.exists():
        number += 1
        target = path.with_name(f"{path.stem}.corrupt-{stamp}-{number}{path.suffix}")
    for part in _PARTS:
        source = path.with_name(path.name + part)
        if source.exists():
            source.rename(target.with_name(target.name + part))
    return target
