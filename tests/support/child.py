"""Other programs that a test needs running: started, waited for until they are ready, and surely ended."""

import os
import re
import select
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.project import ROOT

# What a program is told of this machine: enough to run, nothing that could lead it to the network or to a key.
_KEPT = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "TMPDIR")
_ENDS_WITHIN = 5.0  # seconds, then it is killed


def bare_environment(home: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment with an empty home, Python's path to this project, and `more`."""
    kept = {name: value for name in _KEPT if (value := os.environ.get(name)) is not None}
    return {**kept, "HOME": str(home), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **(more or {})}


@contextmanager
def child(command: Sequence[str | Path], *, env: Mapping[str, str], errors: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a program that is talked to by lines; what it writes to stderr goes to the file `errors`.

    It is asked to end by the end of its input, then by a signal, and killed if it does not hear.
    """
    with errors.open("wb") as stderr:
        running = subprocess.Popen(
            [str(each) for each in command],
            env=dict(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            encoding="utf-8",
        )
    try:
        yield running
    finally:
        _end(running)


def line_with(running: subprocess.Popen[str], pattern: str, *, errors: Path, within: float = 30.0) -> re.Match[str]:
    """Return the match of the first line a program writes that has `pattern` in it.

    Raises:
        AssertionError: it ended before, or took longer than `within` seconds; the message quotes its stderr.
    """
    assert running.stdout is not None
    deadline = time.monotonic() + within
    while select.select([running.stdout], [], [], max(0.0, deadline - time.monotonic()))[0]:
        line = running.stdout.readline()
        if found := re.search(pattern, line):
            return found
        if not line:
            break
    raise AssertionError(f"{running.args!r}: expected a line with {pattern!r}, found none; stderr:\n{tail(errors)}")


def tail(errors: Path) -> str:
    """Return the end of what a program wrote to stderr."""
    return errors.read_text(encoding="utf-8", errors="replace")[-4000:]


def _end(running: subprocess.Popen[str]) -> None:
    assert running.stdin is not None
    assert running.stdout is not None
    running.stdin.close()
    running.terminate()
    try:
        running.wait(_ENDS_WITHIN)
    except subprocess.TimeoutExpired:
        running.kill()
        running.wait()
    running.stdout.close()
