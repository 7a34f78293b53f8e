"""The proxy is up soon, and a command that has nothing to do is done at once.

What is bounded is CPU time, which a busy neighbour stretches less than the clock on the wall.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from costproxy import __version__
from tests.support.project import ROOT

# CPU seconds, at least twice what a slow machine needs.
MOST_FOR_THE_VERSION = 0.5
MOST_UNTIL_READY = 2.0
TRIES = 3

NOT_NEEDED = {"aiohttp", "asyncio", "msgspec", "prometheus_client", "structlog", "tiktoken", "uvloop"}
LOADED_BY_VERSION = "import sys; from costproxy.cli import main; main(['--version']); print(*sys.modules)"


def test_the_version_is_printed_without_loading_the_proxy() -> None:
    printed = subprocess.run(
        [sys.executable, "-c", LOADED_BY_VERSION], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True
    )
    version, modules = printed.stdout.splitlines()
    assert __version__ in version
    assert NOT_NEEDED & set(modules.split()) == set()


@pytest.mark.serial
def test_the_version_is_printed_at_once() -> None:
    assert min(_cpu_seconds("--version", until=__version__) for _ in range(TRIES)) < MOST_FOR_THE_VERSION


@pytest.mark.serial
def test_the_proxy_is_ready_soon() -> None:
    serve = ("serve", "--upstream", "http://127.0.0.1:9", "--port", "0", "--admin-port", "0", "--log-level", "info")
    assert min(_cpu_seconds(*serve, until='"listening"') for _ in range(TRIES)) < MOST_UNTIL_READY


def _cpu_seconds(*arguments: str, until: str) -> float:
    """Return the CPU seconds, user and system, that `costproxy` takes until it prints a line with `until` in it."""
    with _costproxy(*arguments) as (process, lines):
        printed = []
        for line in lines:
            printed.append(line)
            if until in line:
                spent = psutil.Process(process.pid).cpu_times()
                return spent.user + spent.system
    raise AssertionError(f"costproxy {' '.join(arguments)}: expected a line with {until}, got {printed}")


@contextmanager
def _costproxy(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], Iterator[str]]]:
    with subprocess.Popen(
        [sys.executable, "-m", "costproxy", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield process, iter(process.stdout)
        finally:
            process.terminate()
