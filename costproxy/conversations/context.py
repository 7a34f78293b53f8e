"""How full the context window is, and which thresholds that crosses."""

from collections.abc import Iterable

from costproxy.model import ContextUse, Limits, LimitSource


def context_use(
    prompt: int | None, limits: Limits, source: LimitSource | None, requested_output: int | None = None
) -> ContextUse | None:
    """Return how full the window is with a prompt; None where the prompt or the limit is unknown, which is not 0."""
    usable = limits.usable(requested_output)
    if prompt is None or usable is None or source is None:
        return None
    return ContextUse(used=prompt, usable=usable, source=source)


def crossed(use: ContextUse | None, thresholds: Iterable[int], warned: int) -> tuple[int, ...]:
    """Return the thresholds in percent that are reached and above the highest that was warned of, lowest first."""
    if use is None:
        return ()
    return tuple(sorted({percent for percent in thresholds if percent > warned and _reaches(use, percent)}))


def _reaches(use: ContextUse, percent: int) -> bool:
    return use.used * 100 >= percent * use.usable
