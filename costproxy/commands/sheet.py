"""A table as a terminal, a spreadsheet, a program or a wiki wants it."""

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

from costproxy.offline.audit_text import plain_dollars, printable, table

Cell = str | int | float | None  # None is unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: its name for programs, its heading for people, and how people are shown a cell."""

    name: str
    heading: str
    kind: str = "text"  # text, count, dollars, share or seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A table with a title; amounts in p$, shares from 0 to 1, times in seconds."""

    name: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    empty: str = "nothing"  # what to say without rows


def show(sheets: Sequence[Sheet], form: str, out: TextIO, facts: dict[str, Any]) -> None:
    """Print sheets and, in JSON, the facts that go with them; as CSV, the first sheet alone."""
    if form == "json":
        told = {**facts, **{sheet.name: [_object(sheet, row) for row in sheet.rows] for sheet in sheets}}
        json.dump(told, out, indent=2)
        out.write("\n")
    elif form == "csv":
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([_field(column) for column in sheets[0].columns])
        writer.writerows([_plain(cell) for cell in row] for row in sheets[0].rows)
    else:
        lines = [line for sheet in sheets for line in (_markdown(sheet) if form == "md" else _table(sheet))]
        out.write("\n".join(lines).rstrip() + "\n")


def dollars(pico: int) -> str:
    """Return p$ as dollars for people: cents, and more digits of what is less."""
    amount = pico / 1e12
    if 0 < amount < 0.000_001:
        return plain_dollars(pico)
    digits = 2 if amount >= 100 or not pico else 4 if amount >= 0.01 else 6
    return f"{amount:,.{digits}f}"


def _table(sheet: Sheet) -> Iterable[str]:
    yield sheet.title
    if not sheet.rows:
        yield from (f"  {sheet.empty}", "")
        return
    right = frozenset(number for number, column in enumerate(sheet.columns) if column.kind not in {"text", "time"})
    shown = [[_shown(column, cell) for column, cell in _pairs(sheet, row)] for row in sheet.rows]
    yield from (f"  {line}" for line in table([each.heading for each in sheet.columns], shown, right=right))
    yield ""


def _markdown(sheet: Sheet) -> Iterable[str]:
    yield from (f"### {sheet.title}", "")
    if not sheet.rows:
        yield from (sheet.empty, "")
        return
    yield f"| {' | '.join(each.heading for each in sheet.columns)} |"
    yield f"|{'|'.join('---' if each.kind in {'text', 'time'} else '--:' for each in sheet.columns)}|"
    for row in sheet.rows:
        yield f"| {' | '.join(_escaped(_shown(column, cell)) for column, cell in _pairs(sheet, row))} |"
    yield ""


def _escaped(text: str) -> str:
    escaped = "".join(f"\\{char}" if char in "\\|`*_<>[]#" else char for char in printable(text))
    return escaped.strip()


def _shown(column: Column, cell: Cell) -> str:
    if cell is None:
        return "?" if column.kind != "text" else ""
    if column.kind == "dollars":
        return dollars(int(cell))
    if column.kind == "share":
        return f"{float(cell):.0%}"
    if column.kind == "seconds":
        return f"{float(cell):.1f}"
    return f"{cell:,}" if column.kind == "count" else str(cell)


def _pairs(sheet: Sheet, row: Sequence[Cell]) -> Iterable[tuple[Column, Cell]]:
    return zip(sheet.columns, row, strict=True)


def _field(column: Column) -> str:
    return f"{column.name}_pico_usd" if column.kind == "dollars" else column.name


def _plain(cell: Cell) -> Cell:
    """Return a cell for a program; a text that a spreadsheet would take for a formula is marked as text."""
    if isinstance(cell, str) and cell[:1] in {"=", "+", "-", "@"}:
        return f"'{cell}"
    return round(cell, 6) if isinstance(cell, float) else cell


def _object(sheet: Sheet, row: Sequence[Cell]) -> dict[str, Cell]:
    return {_field(column): round(cell, 6) if isinstance(cell, float) else cell for column, cell in _pairs(sheet, row)}
