"""The results for people, and for programs."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

from benchmarks.bench import Book
from benchmarks.contenders import BARE, COSTPROXY, DIRECT, NAMES
from benchmarks.results import Ratio, Results
from benchmarks.rows import Row

_LABEL = 36
_FIGURE = 13
_RATIO = 22
_UNKNOWN = "-"


def environment_lines(environment: Mapping[str, str]) -> Iterator[str]:
    """Yield what the run's surroundings are."""
    for name, value in environment.items():
        yield f"{name:12} {value}"


def table_lines(rows: Sequence[Row], results: Results, rounds: int) -> Iterator[str]:
    """Yield the table."""
    many = f"{rounds} rounds" if rounds > 1 else "1 round"
    yield f"Medians of {many}; ratio: {COSTPROXY} over {BARE}, with the least and the most of a round."
    heads = "".join(f"{name:>{_FIGURE}}" for name in NAMES)
    yield f"\n{'':{_LABEL}}{heads}{'ratio':>{_RATIO}}"
    group = ""
    for row in rows:
        if row.group != group:
            group = row.group
            yield f"\n{group}{'' if row.lower_is_better else ' (more is better)'}"
        figures = "".join(f"{_figure(row, results, name):>{_FIGURE}}" for name in NAMES)
        yield f"  {row.label:{_LABEL - 2}}{figures}{_ratio(results.ratio(row)):>{_RATIO}}"


def _figure(row: Row, results: Results, contender: str) -> str:
    median = results.median(row, contender)
    if median is None:
        return _UNKNOWN
    sign = "+" if row.added and contender != DIRECT else ""
    return f"{median:{sign},.{row.digits}f}"


def _ratio(ratio: Ratio | None) -> str:
    return _UNKNOWN if ratio is None else f"{ratio.median:.2f} ({ratio.least:.2f} to {ratio.most:.2f})"


def book_lines(books: Mapping[str, Book]) -> Iterator[str]:
    """Yield who has counted what: figures of a proxy that did not do its work would be worth nothing."""
    for name, book in books.items():
        line = f"{name}: {book.sent:,} requests sent, {book.seen_by_upstream:,} seen by the upstream"
        if book.metered is not None and book.tokens_metered is not None:
            line += f", {book.metered:,} metered; {book.tokens_told:,} tokens told, {book.tokens_metered:,} metered"
        yield line


def as_json(
    environment: Mapping[str, str], rows: Sequence[Row], results: Results, rounds: int, books: Mapping[str, Book]
) -> str:
    """Return all of it, with the figures of every round."""
    found = {
        "environment": dict(environment),
        "rounds": rounds,
        "rows": [_row(row, results) for row in rows],
        "counted": {name: asdict(book) for name, book in books.items()},
    }
    return json.dumps(found, indent=2, ensure_ascii=False)


def _row(row: Row, results: Results) -> dict[str, object]:
    ratio = results.ratio(row)
    return {
        "name": row.name,
        "group": row.group,
        "label": row.label,
        "added_to_direct": row.added,
        "figures": {name: results.of(row, name) for name in NAMES},
        "ratio": asdict(ratio) if ratio is not None else None,
    }
