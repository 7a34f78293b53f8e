"""Every module can be the first one imported, warns about nothing and starts nothing."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence

import pytest

from tests.support.floors import ALLOWED, BROUGHT_ALONG, PURE
from tests.support.imports import room_of
from tests.support.project import ROOT, module_name, python_files

# What no room without I/O may load, not even by way of somebody else's package.
HEAVY = ("aiohttp", "asyncio", "prometheus_client", "structlog", "uvloop")

# One bare interpreter and a fork of it for every module: each import starts from nothing, at no cost.
DRIVER = """
import json, os, sys
for name, unwanted in json.loads(sys.argv[1]).items():
    sys.stdout.flush()
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        continue
    try:
        __import__(name)
        loaded = [other for other in unwanted if other in sys.modules]
        threads = len(sys.modules["threading"].enumerate()) - 1 if "threading" in sys.modules else 0
        verdict = f"loads {loaded}" if loaded else f"starts {threads} threads" if threads else "fine"
    except BaseException as error:
        verdict = repr(error)
    print(name, verdict, flush=True)
    os._exit(0)
"""


def test_every_module_imports_alone_without_a_warning() -> None:
    modules = {name: unwanted_in(name) for path in python_files("costproxy") if (name := module_name(path))}
    assert import_each(modules) == dict.fromkeys(modules, "fine")


@pytest.mark.parametrize(("room", "brought"), BROUGHT_ALONG)
def test_what_is_excused_as_brought_along_really_is(room: str, brought: str) -> None:
    module = f"costproxy.{room}"
    assert import_each({module: [brought]}) == {module: f"loads {[brought]}"}
    assert (room, brought) not in ALLOWED  # importing it by a line of its own stays forbidden


@pytest.mark.parametrize(
    ("module", "verdict"),
    [
        ("json", "fine"),
        ("asyncio.locks", "loads ['asyncio']"),
        ("no_such_module", """ModuleNotFoundError("No module named 'no_such_module'")"""),
    ],
)
def test_a_surprise_is_noticed(module: str, verdict: str) -> None:
    assert import_each({module: HEAVY}) == {module: verdict}


def unwanted_in(module: str) -> list[str]:
    """Return what importing `module` may not load."""
    room = room_of(module)
    excused = {*ALLOWED, *BROUGHT_ALONG}
    return [name for name in HEAVY if room in PURE and (room, name) not in excused]


def import_each(modules: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return for each module "fine", or what went wrong when it was the first one imported.

    `modules` gives for each the names that it may not load.
    """
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", DRIVER, json.dumps(modules)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    assert done.stderr == ""
    return dict(line.split(" ", 1) for line in done.stdout.splitlines())
