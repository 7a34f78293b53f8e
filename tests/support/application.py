"""An application of a test: a process of its own that plays scenarios against whatever base URL it is given.

It is a process so that it is a real application: with its own interpreter, its own sockets and its own environment,
and so that a library's threads and warnings stay out of the tests.
"""

import asyncio
import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from tests.support.child import bare_environment, child, tail

KEY = "sk-not-a-real-key-for-the-tests"
# No library may look for models, prices or news, or report home.
OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LANGSMITH_TRACING": "false",
    "DO_NOT_TRACK": "1",
    "NO_PROXY": "*",
    "OPENAI_API_KEY": KEY,
}


class Player(Protocol):
    """Whatever plays scenarios."""

    async def play(self, scenario: str, base_url: str, **options: Any) -> Any:
        """Return what a scenario told when played against `base_url`."""


class Application:
    """Plays scenarios, one at a time; what it tells is JSON."""

    def __init__(self, process: subprocess.Popen[str], errors: Path) -> None:
        self._process = process
        self._errors = errors

    async def play(self, scenario: str, base_url: str, **options: Any) -> Any:
        """Return what a scenario told when played against `base_url`, which ends in /v1.

        Raises:
            AssertionError: the scenario failed, or the application talked to anybody but this machine.
        """
        order = {"scenario": scenario, "base_url": base_url, "options": options}
        told = await asyncio.to_thread(self._exchange, json.dumps(order))
        assert "failed" not in told, f"{scenario} against {base_url}:\n{told['failed']}"
        assert told["strangers"] == [], f"{scenario} looked for hosts beyond this machine"
        return told["result"]

    def _exchange(self, order: str) -> Any:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(f"{order}\n")
        stdin.flush()
        line = stdout.readline()
        assert line, f"the application ended; stderr:\n{tail(self._errors)}"
        return json.loads(line)


@contextmanager
def application(
    command: Sequence[str | Path], *, folder: Path, env: Mapping[str, str] | None = None
) -> Iterator[Application]:
    """Run an application that has `folder` for a home."""
    errors = folder / "stderr.txt"
    with child(command, env=bare_environment(folder, {**OFFLINE, **(env or {})}), errors=errors) as process:
        yield Application(process, errors)
