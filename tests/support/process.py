"""costproxy as it is started by an operator: a process of its own, by the command line."""

import asyncio
import contextlib
import json
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import psutil

from tests.support.child import bare_environment

# As warnings are errors here, they are there: what the process warns of is on its stderr.
COMMAND = ("-W", "error", "-m", "costproxy")
_STARTS_WITHIN = 30.0  # seconds, on a busy machine
_ENDS_WITHIN = 30.0


class Served:
    """A running `costproxy serve`."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.url = ""
        self.admin_url = ""
        self.lines: list[dict[str, Any]] = []  # of the log, read so far
        self._reading: asyncio.Task[None] | None = None
        self._errors = asyncio.create_task(_all(process.stderr), name="stderr")

    def __repr__(self) -> str:
        return f"<Served {self.process.pid} {self.url}>"

    async def listening(self) -> None:
        """Read the log up to the line that says where the process listens.

        Raises:
            AssertionError: it ended before.
        """
        assert self.process.stdout is not None
        async with asyncio.timeout(_STARTS_WITHIN):
            while not self.url:
                line = await self.process.stdout.readline()
                assert line, f"it ended: {(await self._errors).decode()}"
                self._take(line)

    async def answering(self) -> None:
        """Wait until the admin port says that the process is ready.

        Raises:
            TimeoutError: it did not.
        """
        async with asyncio.timeout(_STARTS_WITHIN):
            while await self.status("/readyz") != 200:  # noqa: ASYNC110  # another process tells by this alone
                await asyncio.sleep(0.02)

    def read_on(self) -> None:
        """Go on reading the log; without this, the process meets a reader that has stalled."""
        self._reading = asyncio.create_task(self._read(), name="stdout")

    def hang_up(self) -> None:
        """Close the pipe of its log, so that writing to it fails."""
        transport = self.process._transport.get_pipe_transport(1)  # type: ignore[attr-defined]
        transport.close()

    def exchanges(self) -> list[dict[str, Any]]:
        """Return the lines of exchanges read so far."""
        return [line for line in self.lines if line["event"] == "exchange"]

    async def status(self, route: str) -> int:
        """Return the status that the admin port answers for a route, 0 if nobody is there."""
        try:
            async with aiohttp.ClientSession() as session, session.get(f"{self.admin_url}{route}") as answer:
                return answer.status
        except aiohttp.ClientConnectionError:
            return 0

    def memory(self) -> int:
        """Return the bytes that the process has in memory."""
        return int(psutil.Process(self.process.pid).memory_info().rss)

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.process.send_signal(signal.SIGTERM)

    async def ended(self) -> int:
        """Wait until it has ended and its log is read; return its exit code."""
        async with asyncio.timeout(_ENDS_WITHIN):
            if self._reading is not None:
                await self._reading
            return await self.process.wait()

    async def errors(self) -> str:
        """Wait for its end; return what it wrote to stderr."""
        async with asyncio.timeout(_ENDS_WITHIN):
            return (await self._errors).decode("utf-8", "replace")

    async def close(self) -> None:
        """End it if it has not ended."""
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
        self.process._transport.close()  # type: ignore[attr-defined]
        await self.process.wait()
        for task in (self._reading, self._errors):
            if task is not None:
                task.cancel()
                await asyncio.wait((task,))

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self._take(line)

    def _take(self, line: bytes) -> None:
        facts = json.loads(line)
        self.lines.append(facts)
        if facts["event"] == "listening":
            self.url, self.admin_url = facts["url"], facts["admin_url"]


async def _all(stream: asyncio.StreamReader | None) -> bytes:
    return await stream.read() if stream is not None else b""


async def start(
    *words: str, home: Path, env: Mapping[str, str] | None = None, command: Sequence[str] = COMMAND
) -> Served:
    """Start a command with an environment that has nothing of this one's, in an empty `home`."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, *words, stdout=PIPE, stderr=PIPE, cwd=home, env=bare_environment(home, env)
    )
    return Served(process)


@asynccontextmanager
async def served(
    upstream_url: str,
    *words: str,
    home: Path,
    env: Mapping[str, str] | None = None,
    command: Sequence[str] = COMMAND,
    reading: bool = True,
    quiet: bool = False,
) -> AsyncIterator[Served]:
    """Run `costproxy serve` on free ports.

    `quiet` is for one whose log level hides where it listens; not `reading` leaves the log unread from then on.
    """
    ports = [str(free_port() if quiet else 0) for _ in range(2)]
    flags = ("serve", "--upstream", upstream_url, "--port", ports[0], "--admin-port", ports[1], *words)
    running = await start(*flags, home=home, env=env, command=command)
    try:
        if quiet:
            running.url, running.admin_url = (f"http://127.0.0.1:{port}" for port in ports)
            await running.answering()
        else:
            await running.listening()
        if reading:
            running.read_on()
        yield running
    finally:
        await running.close()


def free_port() -> int:
    """Return a port that nobody has right now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port
