"""The `llm` command."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.clients.compare import compare
from tests.clients.servers.account import Server
from tests.clients.servers.aimock import Aimock
from tests.clients.servers.grudging import running_grudging
from tests.support.application import OFFLINE, Application
from tests.support.child import bare_environment

APP = "llm_app"


@pytest.mark.parametrize(("scenario", "requests"), [("streamed", 1), ("plain", 1), ("continued", 2), ("structured", 1)])
async def test_it_gets_the_same_and_the_bill_is_true(
    app: Application, server: Server, scenario: str, requests: int
) -> None:
    both = await compare(app, scenario, server, requests=requests)
    both.assert_same()
    both.assert_bill_true()
    assert both.seen.outcomes == {"success": requests}


async def test_its_tools_are_called_the_same(app: Application, aimock: Aimock) -> None:
    both = await compare(app, "tools", aimock, requests=2)
    both.assert_same()
    both.assert_bill_true()
    assert "Three sunny days" in both.proxied["stdout"]


async def test_it_keeps_the_usage_that_it_asked_for(app: Application, server: Server) -> None:
    both = await compare(app, "logged", server)
    both.assert_same()
    kept = both.proxied[1]
    assert (kept["input_tokens"], kept["output_tokens"]) == (both.asked_by_proxy.prompt, both.asked_by_proxy.completion)
    both.assert_bill_true()


async def test_a_refusal_is_the_same(app: Application, aimock: Aimock) -> None:
    both = await compare(app, "refused", aimock, text="an endless story")
    both.assert_same()
    assert both.proxied["exit_code"] == 1
    assert both.seen.outcomes == {"context_exceeded": 1}


async def test_its_own_retries_are_counted_one_by_one(app: Application) -> None:
    async with running_grudging(refusals=2) as grudging:
        both = await compare(app, "streamed", grudging, requests=3)
    both.assert_same()
    both.assert_bill_true()
    assert both.seen.outcomes == {"rate_limited": 2, "success": 1}


class Typed:
    """The command as one types it."""

    def __init__(self, home: Path) -> None:
        self._home = home

    async def play(self, scenario: str, base_url: str, **options: Any) -> Any:
        environment = bare_environment(self._home, {**OFFLINE, "OPENAI_BASE_URL": base_url})
        words = ["-m", "llm", "-m", "gpt-4o-mini", "-u", options["text"]]
        pipe = asyncio.subprocess.PIPE
        typed = await asyncio.create_subprocess_exec(sys.executable, *words, env=environment, stdout=pipe, stderr=pipe)
        output = await typed.communicate()
        return [typed.returncode, *(text.decode() for text in output)]


async def test_typed_into_a_shell_it_is_the_same(aimock: Aimock, tmp_path: Path) -> None:
    both = await compare(Typed(tmp_path), "typed", aimock, text="Name a colour, please.")
    both.assert_same()
    both.assert_bill_true()
    assert both.proxied[0] == 0
    assert "31 input, 17 output" in both.proxied[2]
