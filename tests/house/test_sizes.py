"""A file holds one thing, and a function can be read without scrolling."""

import ast
from pathlib import Path

import pytest

from tests.support.project import python_files, shown

MOST_LINES_OF_A_FILE = 350
MOST_LINES_OF_A_FUNCTION = 40

# What may be longer, and why: "path" or "path: function".
EXCEPTIONS: dict[str, str] = {}


def test_no_file_is_too_long() -> None:
    long = {
        shown(path): lines for path in _files() if (lines := len(path.read_text().splitlines())) > MOST_LINES_OF_A_FILE
    }
    assert {name: lines for name, lines in long.items() if name not in EXCEPTIONS} == {}


def test_no_function_is_too_long() -> None:
    long = {
        f"{shown(path)}: {name}": lines
        for path in _files()
        for name, lines in function_lengths(path.read_text())
        if lines > MOST_LINES_OF_A_FUNCTION
    }
    assert {name: lines for name, lines in long.items() if name not in EXCEPTIONS} == {}


def test_every_exception_still_exists() -> None:
    files = {shown(path): path for path in _files()}
    assert [name for name in EXCEPTIONS if name.split(": ")[0] not in files] == []


@pytest.mark.parametrize("lines", [MOST_LINES_OF_A_FUNCTION, MOST_LINES_OF_A_FUNCTION + 1])
def test_a_function_is_measured_from_its_first_line_to_its_last(lines: int) -> None:
    source = "class A:\n    async def b(self):\n" + "        pass\n" * (lines - 1)
    assert list(function_lengths(source)) == [("b", lines)]


def _files() -> list[Path]:
    return python_files("costproxy", "scripts", "dashboards", "benchmarks")


def function_lengths(source: str) -> list[tuple[str, int]]:
    """Return the name and the number of lines of every function of `source`, decorators left out."""
    return [
        (node.name, (node.end_lineno or node.lineno) - node.lineno + 1)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
