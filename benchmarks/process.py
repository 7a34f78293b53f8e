"""A process under measurement: its start, its CPU time, its memory, its end."""

import http.client
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from benchmarks import cores
from benchmarks.errors import BenchError

ROOT = Path(__file__).resolve().parents[1]

_START = 30.0  # seconds a process may take to be ready
_STOP = 10.0  # and to end
_LOOK = 0.02  # seconds between two looks at whether a process is quiet
_QUIET = 0.0005  # CPU seconds in that time that count as none
_MOST_UNQUIET = 10.0  # seconds to wait for it
_PORTS = range(20_000, 32_000)  # below those the system gives to clients


class Process:
    """A Python module that serves HTTP on a port of this machine."""

    def __init__(self, module: Sequence[str], *, ready: str, core: int | None, folder: Path) -> None:
        """Start it; `ready` is the URL that answers 200 once it serves, `folder` where it may leave files."""
        started = time.perf_counter()
        self._name = module[0]
        self._process = subprocess.Popen(
            [sys.executable, "-m", *module], cwd=folder, env=_environment(), stdout=subprocess.DEVNULL
        )
        try:
            cores.bind(core, self.pid)
            self._wait_until_ready(ready)
        except BaseException:
            self.stop()
            raise
        self.ready_after = time.perf_counter() - started  # seconds

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    @property
    def cpu(self) -> float:
        """CPU seconds, user and system, of the process and those it has started."""
        return cpu_seconds(self.pid)

    @property
    def resident(self) -> int:
        """Bytes in memory, of the process and those it has started."""
        return sum(each.memory_info().rss for each in _tree(self.pid))

    def settle(self) -> None:
        """Wait until it has done what it does after its last reply; it must not be under load.

        Raises:
            BenchError: it does not come to rest, or has ended.
        """
        deadline = time.monotonic() + _MOST_UNQUIET
        before, quiet = self._cpu_or_error(), 0
        while quiet < 3:
            time.sleep(_LOOK)
            now = self._cpu_or_error()
            quiet = quiet + 1 if now - before < _QUIET else 0
            before = now
            if time.monotonic() > deadline:
                raise BenchError(f"{self._name}: expected it to be idle without load, found it working")

    def stop(self) -> None:
        """End it, politely if it lets us."""
        self._process.terminate()
        try:
            self._process.wait(_STOP)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _cpu_or_error(self) -> float:
        code = self._process.poll()
        if code is not None:
            raise BenchError(f"{self._name}: expected it to run, found it ended with code {code}")
        return self.cpu

    def _wait_until_ready(self, url: str) -> None:
        deadline = time.monotonic() + _START
        while not _answers(url):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise BenchError(f"{self._name}: expected 200 from {url} within {_START:g} s, found none")
            time.sleep(0.002)


def cpu_seconds(pid: int) -> float:
    """Return the CPU seconds, user and system, of a process with all its threads, and of those it has started."""
    return sum(_own_cpu(each) for each in _tree(pid))


def _own_cpu(process: psutil.Process) -> float:
    if psutil.LINUX:
        # clock_getcpuclockid(3) by hand: the kernel's clock of a process counts nanoseconds, /proc hundredths.
        return time.clock_gettime(~process.pid << 3 | 2)
    spent = process.cpu_times()
    return float(spent.user + spent.system)


def _tree(pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def _environment() -> dict[str, str]:
    """Return ours without what would change how Python or the proxy works."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COSTPROXY_"))}
    return {**kept, "PYTHONPATH": str(ROOT)}


def free_port() -> int:
    """Return a port that nobody listens on now."""
    for port in random.sample(_PORTS, 100):
        with socket.socket() as trial:
            try:
                trial.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise BenchError(f"expected a free port among {_PORTS.start} to {_PORTS.stop}, found none in 100 tries")


def fetch(url: str) -> str:
    """Return what a GET of a URL on this machine answers.

    Raises:
        OSError: nobody does.
        BenchError: the status is not 200.
    """
    place, _, path = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(place, timeout=10)
    try:
        connection.request("GET", f"/{path}")
        answer = connection.getresponse()
        text = answer.read().decode()
    except http.client.HTTPException as error:
        raise BenchError(f"{url}: expected an HTTP reply, found {error!r}") from None
    finally:
        connection.close()
    if answer.status != 200:
        raise BenchError(f"{url}: expected 200, found {answer.status}")
    return text


def _answers(url: str) -> bool:
    try:
        fetch(url)
    except (OSError, BenchError):
        return False
    return True
