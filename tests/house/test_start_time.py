"""A command that has nothing to do is done at once."""

import os
import subprocess
import sys

import pytest

from costproxy import __version__
from tests.support.project import ROOT

# CPU seconds, on a slow shared machine; a quiet one needs a fifth of it.
MOST_CPU_SECONDS = 1.0
TRIES = 3


@pytest.mark.serial
def test_the_version_is_printed_without_loading_the_proxy() -> None:
    assert min(cpu_seconds_of_version() for _ in range(TRIES)) < MOST_CPU_SECONDS


def cpu_seconds_of_version() -> float:
    """Return what `costproxy --version` costs in CPU seconds, user and system."""
    with subprocess.Popen(
        [sys.executable, "-m", "costproxy", "--version"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        printed = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    assert __version__ in printed
    return usage.ru_utime + usage.ru_stime
