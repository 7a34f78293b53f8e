"""What is installed is what was looked at: exact releases, with hashes, few, none running by itself."""

import importlib.metadata
import json
import re
import tomllib
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.project import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
CLIENTS = ROOT / "tests" / "clients"
LOCKS = ("run.txt", "dev.txt")

# What `pip install` brings on CPython 3.11 on Linux, the build backend counted. Raising it needs a reason.
MOST_RUNTIME_DISTRIBUTIONS = 24
# Releases that carried somebody else's code: MAL-2026-2144.
POISONED = {"litellm": {"1.82.7", "1.82.8"}}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_is_one_release_with_its_hashes(lock: str) -> None:
    loose = [
        str(requirement)
        for requirement, hashes in pins(lock)
        if [spec.operator for spec in requirement.specifier] != ["=="] or requirement.url or not hashes
    ]
    assert loose == []


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [
        ("run.txt", PROJECT["project"]["dependencies"] + PROJECT["build-system"]["requires"]),
        ("dev.txt", PROJECT["project"]["dependencies"] + PROJECT["project"]["optional-dependencies"]["dev"]),
    ],
)
def test_the_lock_holds_what_the_project_asks_for(lock: str, wanted: list[str]) -> None:
    pinned = releases(lock)
    unmet = [text for text in wanted if not _met(Requirement(text), pinned)]
    assert unmet == [], "run `make lock`"


def test_tests_run_on_the_releases_that_users_get() -> None:
    run, dev = releases("run.txt"), releases("dev.txt")
    assert {name: run[name] for name in run if name in dev} == {name: dev[name] for name in run if name in dev}


def test_a_default_install_stays_small() -> None:
    names = runtime_names()
    print(f"{len(names)} runtime distributions: {', '.join(sorted(names))}")
    assert len(names) <= MOST_RUNTIME_DISTRIBUTIONS


def test_no_runtime_distribution_runs_code_at_start_up() -> None:
    hooks = [
        f"{name}: {file}"
        for name in sorted(runtime_names())
        for file in importlib.metadata.files(name) or ()
        if file.suffix == ".pth" or file.name in {"sitecustomize.py", "usercustomize.py"}
    ]
    assert hooks == []


def test_aiohttp_is_newer_than_its_known_holes() -> None:
    (aiohttp,) = (
        requirement
        for requirement in map(Requirement, PROJECT["project"]["dependencies"])
        if requirement.name == "aiohttp"
    )
    assert not any(aiohttp.specifier.contains(release) for release in ("3.13.5", "3.14.0", "3.14.4"))
    assert aiohttp.specifier.contains("3.14.5")


@pytest.mark.parametrize("lock", LOCKS)
def test_no_poisoned_release_is_pinned(lock: str) -> None:
    pinned = releases(lock)
    assert {name: found for name, bad in POISONED.items() if (found := pinned.get(name, set()) & bad)} == {}


def test_npm_packages_are_exact_and_hashed() -> None:
    locked = _npm("package-lock.json")["packages"]
    wanted = _npm("package.json")["dependencies"]
    assert {name: locked[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    assert [name for name, entry in locked.items() if name and not entry["integrity"].startswith("sha512-")] == []
    assert [name for name, entry in locked.items() if "resolved" in entry] == []


def pins(lock: str) -> list[tuple[Requirement, list[str]]]:
    """Return each requirement of a lock file with its hashes."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "requirements" / lock).read_text(), flags=re.MULTILINE)
    entries = text.replace("\\\n", " ").splitlines()
    split = [(entry.partition("--hash=")[0], re.findall(r"--hash=(sha256:[0-9a-f]{64})\b", entry)) for entry in entries]
    return [(Requirement(head.strip()), hashes) for head, hashes in split if head.strip()]


def releases(lock: str) -> dict[str, set[str]]:
    """Return the pinned releases by name; a name has several where Pythons need different ones."""
    found: dict[str, set[str]] = {}
    for requirement, _ in pins(lock):
        found.setdefault(canonicalize_name(requirement.name), set()).update(
            spec.version for spec in requirement.specifier
        )
    return found


def runtime_names() -> set[str]:
    """Return the distributions that a default install has on this machine."""
    return {
        canonicalize_name(requirement.name)
        for requirement, _ in pins("run.txt")
        if requirement.marker is None or requirement.marker.evaluate()
    }


def _met(wanted: Requirement, pinned: dict[str, set[str]]) -> bool:
    found = pinned.get(canonicalize_name(wanted.name), set())
    return bool(found) and all(wanted.specifier.contains(release) for release in found)


def _npm(name: str) -> Any:
    return json.loads((CLIENTS / name).read_text())
