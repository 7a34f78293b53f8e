"""The commands that the project promises are there, and the listing tells the truth."""

import re
import subprocess

import pytest

from tests.support.needs import need
from tests.support.project import ROOT

PROMISED = {"run", "demo", "test", "check", "docs-check", "fix", "bench", "lock", "clean", "help"}


def make(*arguments: str) -> str:
    """Return what `make` prints."""
    done = subprocess.run(
        [need("make"), "--no-print-directory", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return done.stdout


def test_make_alone_lists_every_target() -> None:
    listed = {line.split()[0] for line in make().splitlines()[1:]}
    assert listed == PROMISED


def test_every_listed_target_is_phony() -> None:
    (phony,) = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    assert set(phony.split()) >= PROMISED


def test_flags_reach_the_proxy() -> None:
    printed = make("--dry-run", "run", "ARGS=--port 9000", "UPSTREAM=https://chat.example")
    assert "costproxy serve --upstream https://chat.example --port 9000" in printed


def test_ci_does_what_make_test_does() -> None:
    assert (ROOT / ".ci" / "run").read_text().splitlines()[-1] == "exec make test </dev/null"


@pytest.mark.parametrize("script", [".ci/run", "scripts/lock", "scripts/setup-tests"])
def test_scripts_are_valid_and_stop_at_the_first_failure(script: str) -> None:
    path = ROOT / script
    assert "set -eu" in path.read_text()
    assert subprocess.run([need("sh"), "-n", path], check=False, timeout=10).returncode == 0
