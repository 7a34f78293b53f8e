"""The other side of `tests.support.application`: plays scenarios as told on stdin, answers on stdout."""

import asyncio
import inspect
import json
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import Any

HERE = frozenset({"127.0.0.1", "::1", "localhost", ""})


def serve(*scenarios: Callable[..., Any]) -> None:
    """Play scenarios by name until stdin ends: functions, plain or async, that take options and return JSON."""
    known = {scenario.__name__: scenario for scenario in scenarios}
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # libraries print what they like
    strangers = _refuse_strangers()
    # One event loop for all, since libraries keep their clients.
    with asyncio.Runner() as runner:
        for line in sys.stdin:
            order = json.loads(line)
            os.environ["OPENAI_BASE_URL"] = order["base_url"]
            told = {**_played(runner, known[order["scenario"]], order["options"]), "strangers": strangers}
            answers.write(f"{json.dumps(told)}\n")
            answers.flush()


def _played(runner: asyncio.Runner, scenario: Callable[..., Any], options: Mapping[str, Any]) -> dict[str, Any]:
    try:
        result = scenario(**options)
        return {"result": runner.run(result) if inspect.iscoroutine(result) else result}
    except Exception:  # noqa: BLE001  # whatever it is, the test is to show it
        return {"failed": traceback.format_exc()}


def _refuse_strangers() -> list[str]:
    """Forbid this process every connection but to this machine; return the list of what it tried."""
    strangers: list[str] = []

    def watch(event: str, args: tuple[Any, ...]) -> None:
        host = _host_of(event, args)
        if host is not None and host not in HERE:
            strangers.append(f"{event} {host}")
            raise ConnectionRefusedError(strangers[-1])

    sys.addaudithook(watch)
    return strangers


def _host_of(event: str, args: tuple[Any, ...]) -> str | None:
    if event == "socket.connect" and isinstance(args[1], tuple):
        return str(args[1][0])
    if event == "socket.getaddrinfo" and args[0] is not None:
        return args[0].decode() if isinstance(args[0], bytes) else str(args[0])
    return None
