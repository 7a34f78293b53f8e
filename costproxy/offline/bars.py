"""Bars made of characters."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Ink:
    """What bars are drawn with."""

    first: str
    second: str


BLOCKS = Ink(first="█", second="░")
PLAIN = Ink(first="#", second="+")  # for an output that takes nothing but ASCII


def ink_for(encoding: str | None) -> Ink:
    """Return what an output of that encoding can show."""
    try:
        (BLOCKS.first + BLOCKS.second).encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return PLAIN
    return BLOCKS


def bars(rows: Sequence[tuple[float, float]], *, width: int, ink: Ink) -> list[str]:
    """Return a bar for each row, of two numbers one after the other; the longest fills the width."""
    most = max((first + second for first, second in rows), default=0)
    return [_bar(first, second, width / most if most else 0.0, ink) for first, second in rows]


def _bar(first: float, second: float, scale: float, ink: Ink) -> str:
    until, end = round(first * scale), round((first + second) * scale)
    return ink.first * until + ink.second * (end - until)
