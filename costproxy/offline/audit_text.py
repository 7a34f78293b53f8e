"""Numbers, names and tables as text."""

from collections.abc import Iterable, Sequence
from decimal import Decimal


def plain_dollars(pico: int) -> str:
    """Return p$ as dollars, exactly, with at least two decimals: `0.0010959`."""
    text = format(Decimal(pico).scaleb(-12), "f")
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"


def printable(name: str) -> str:
    """Return a name from a stranger's file so that a terminal only shows it."""
    return name if name.isprintable() else name.encode("unicode_escape").decode("ascii")


def table(header: Sequence[str], rows: Iterable[Sequence[str]], *, right: frozenset[int]) -> list[str]:
    """Return lines with aligned columns; those of `right` end together, amounts at their decimal points."""
    cells = [list(map(printable, row)) for row in rows]
    for column in right:
        _align_points(cells, column)
    every = [list(header), *cells]
    widths = [max(len(row[column]) for row in every) for column in range(len(header))]
    return ["  ".join(_cell(text, widths[at], at in right) for at, text in enumerate(row)).rstrip() for row in every]


def _align_points(cells: list[list[str]], column: int) -> None:
    decimals = [len(row[column].partition(".")[2]) for row in cells if _is_amount(row[column])]
    most = max(decimals, default=0)
    for row in cells:
        if most and _is_amount(row[column]):
            row[column] += " " * (most - len(row[column].partition(".")[2]))


def _is_amount(text: str) -> bool:
    return "." in text and text.replace(".", "", 1).replace(",", "").isdigit()


def _cell(text: str, width: int, right: bool) -> str:
    return text.rjust(width) if right else text.ljust(width)
