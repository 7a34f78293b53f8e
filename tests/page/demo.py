"""The demo as a process of its own, to look at with a browser."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.support.project import ROOT

_SPEED = "6"
_FOR = "900"  # seconds, should nobody end it


@dataclass(frozen=True, slots=True)
class Demo:
    """Where its admin port is."""

    admin_url: str


@contextmanager
def running_demo() -> Iterator[Demo]:
    """Run `costproxy demo` on free ports."""
    flags = ("--port", "0", "--admin-port", "0", "--speed", _SPEED, "--seconds", _FOR)
    with subprocess.Popen(
        [sys.executable, "-m", "costproxy", "demo", *flags], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            found = next(match for line in process.stdout if (match := re.search(r"page +(http://[\d.:]+)/", line)))
            yield Demo(admin_url=found[1])
        finally:
            process.terminate()
            process.stdout.read()
