"""Which core does what: the proxy has one for itself, so that neither side slows the other."""

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Cores:
    """Core numbers; None where processes cannot be bound, or there is one core only."""

    proxy: int | None
    upstream: int | None
    load: int | None

    def __str__(self) -> str:
        if self.proxy is None:
            return "not bound to cores: one core, or a system without that"
        return f"proxy on core {self.proxy}, upstream on {self.upstream}, load generator on {self.load}"


def choose() -> Cores:
    """Return a choice among the cores this process may use; with two, upstream and load generator share one."""
    usable = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(usable) < 2:
        return Cores(proxy=None, upstream=None, load=None)
    # The first core is where systems like to handle interrupts.
    return Cores(proxy=usable[-1], load=usable[0], upstream=usable[1 if len(usable) > 2 else 0])


def bind(core: int | None, pid: int = 0) -> None:
    """Bind a process to a core; 0 is this one. Those it starts from then on inherit it."""
    if core is not None:
        os.sched_setaffinity(pid, {core})
