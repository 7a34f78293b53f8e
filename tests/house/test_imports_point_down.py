"""The rooms of the house stand on floors, and a room knows only rooms below it."""

import ast
from collections.abc import Iterator

import pytest

from tests.support.floors import ALLOWED, FLOOR, IMPURE, ONLY, PURE
from tests.support.imports import Import, imports_of, room_of
from tests.support.project import module_name, python_files

CLOCKS = {"now", "utcnow", "today"}


def test_imports_point_down() -> None:
    assert [line for imported in _all_imports() for line in wrong_way(imported)] == []


def test_pure_rooms_import_nothing_that_reaches_outside() -> None:
    assert [line for imported in _all_imports() for line in reaches_outside(imported)] == []


def test_pure_rooms_read_no_clock_and_open_no_file() -> None:
    found = [
        f"{name}: {call}" for name, source, _ in _modules() if room_of(name) in PURE for call in outside_calls(source)
    ]
    assert found == []


def test_every_exception_is_used() -> None:
    used = {(room_of(imported.importer), kind) for imported in _all_imports() for kind in _impure(imported.target)}
    assert set(ALLOWED) - used == set()


@pytest.mark.parametrize(
    ("importer", "source"),
    [
        ("costproxy.wire.made_up", "from costproxy.relay import pump"),
        ("costproxy.wire.made_up", "import costproxy.tokens.counting as counting"),
        ("costproxy.wire.made_up", "from costproxy import conversations"),
        ("costproxy.wire.made_up", "from ..tokens import counting"),
        ("costproxy.model.made_up", "if TYPE_CHECKING:\n    from costproxy.wire.sse import Decoder"),
        ("costproxy.admin.made_up", "def page():\n    from costproxy.relay import pump"),
        ("costproxy.relay.made_up", "from costproxy.meter import Meter"),
        ("costproxy.app", "from costproxy.demo import run"),
        ("costproxy.demo.made_up", "from costproxy.cli import main"),
        ("costproxy.attic.made_up", "from costproxy.model import Usage"),
        ("costproxy.app", "from costproxy.attic import Box"),
    ],
)
def test_a_wrong_way_is_noticed(importer: str, source: str) -> None:
    assert [line for imported in imports_of(importer, source) for line in wrong_way(imported)] != []


@pytest.mark.parametrize(
    ("importer", "source"),
    [
        (
            "costproxy.wire.made_up",
            "from costproxy.model import Usage\nfrom .sse import Decoder\nimport msgspec",
        ),
        ("costproxy.meter", "from costproxy import __version__, wire, tokens"),
        ("costproxy.cli", "import costproxy.demo.run\nfrom costproxy.app import serve"),
        ("costproxy", "from importlib import resources"),
    ],
)
def test_the_right_way_is_let_through(importer: str, source: str) -> None:
    assert [line for imported in imports_of(importer, source) for line in wrong_way(imported)] == []


@pytest.mark.parametrize(
    "source",
    [
        "import time",
        "from asyncio import Queue",
        "import urllib.request",
        "import aiohttp.web",
        "import os.path",
    ],
)
def test_reaching_outside_is_noticed(source: str) -> None:
    assert [line for imported in imports_of("costproxy.meter", source) for line in reaches_outside(imported)] != []


@pytest.mark.parametrize("source", ["import timeit", "from http import HTTPStatus", "from urllib.parse import quote"])
def test_harmless_neighbours_are_let_through(source: str) -> None:
    assert [line for imported in imports_of("costproxy.meter", source) for line in reaches_outside(imported)] == []


@pytest.mark.parametrize("source", ["datetime.now(UTC)", "datetime.date.today()", "open(path)", "print(1)"])
def test_a_clock_and_a_file_are_noticed(source: str) -> None:
    assert outside_calls(source) != []


def wrong_way(imported: Import) -> Iterator[str]:
    """Yield what is wrong with one import, if anything."""
    here, there = room_of(imported.importer), room_of(imported.target)
    if here == there or there in {None, ""}:
        return
    if here not in FLOOR and here != "":
        yield f"{imported}: room {here} stands on no floor"
    elif there not in FLOOR:
        yield f"{imported}: room {there} stands on no floor"
    elif FLOOR.get(here or "", -1) <= FLOOR[there]:
        yield f"{imported}: not below it"
    elif here in ONLY and there not in ONLY[here]:
        yield f"{imported}: {here} knows only {', '.join(sorted(ONLY[here]))}"


def reaches_outside(imported: Import) -> Iterator[str]:
    """Yield what a room that does no I/O may not import."""
    room = room_of(imported.importer)
    if room in PURE:
        yield from (str(imported) for kind in _impure(imported.target) if (room, kind) not in ALLOWED)


def outside_calls(source: str) -> list[str]:
    """Return the calls of `source` that read a clock, open a file or print."""
    calls = [node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [ast.unparse(func) for func in calls if _reads_clock(func) or _opens(func)]


def _reads_clock(func: ast.expr) -> bool:
    if not isinstance(func, ast.Attribute) or func.attr not in CLOCKS:
        return False
    return ast.unparse(func.value).rpartition(".")[2] in {"datetime", "date"}


def _opens(func: ast.expr) -> bool:
    return isinstance(func, ast.Name) and func.id in {"open", "print", "input"}


def _impure(target: str) -> list[str]:
    return [name for name in IMPURE if target == name or target.startswith(f"{name}.")]


def _modules() -> Iterator[tuple[str, str, bool]]:
    for path in python_files("costproxy"):
        yield module_name(path), path.read_text(), path.name == "__init__.py"


def _all_imports() -> list[Import]:
    return [
        imported
        for name, source, is_package in _modules()
        for imported in imports_of(name, source, is_package=is_package)
    ]
