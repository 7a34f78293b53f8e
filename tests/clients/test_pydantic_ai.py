"""Pydantic AI."""

import pytest

from tests.clients.compare import compare
from tests.clients.servers.account import Server
from tests.clients.servers.aimock import Aimock
from tests.clients.servers.grudging import running_grudging
from tests.clients.servers.llama import Llama
from tests.support.application import Application

APP = "pydantic_ai_app"


@pytest.mark.parametrize("scenario", ["plain", "plain_sync", "streamed", "structured"])
async def test_it_gets_the_same_and_the_bill_is_true(app: Application, server: Server, scenario: str) -> None:
    both = await compare(app, scenario, server)
    both.assert_same()
    both.assert_bill_true()
    assert both.seen.outcomes == {"success": 1}


@pytest.mark.parametrize(("scenario", "requests"), [("tools", 2), ("tools_streamed", 2), ("structured_by_tool", 1)])
async def test_its_tools_are_called_the_same(app: Application, aimock: Aimock, scenario: str, requests: int) -> None:
    both = await compare(app, scenario, aimock, requests=requests)
    both.assert_same()
    both.assert_bill_true()
    assert both.seen.outcomes == {"success": requests}


@pytest.mark.parametrize("scenario", ["tools", "tools_streamed"])
async def test_a_model_that_calls_no_tool_is_the_same(app: Application, llama: Llama, scenario: str) -> None:
    both = await compare(app, scenario, llama)
    both.assert_same()
    both.assert_bill_true()


@pytest.mark.parametrize("scenario", ["plain", "streamed"])
async def test_its_own_count_is_ours(app: Application, server: Server, scenario: str) -> None:
    both = await compare(app, scenario, server)
    usage = both.proxied[-1]
    assert usage["input"] == both.seen.total("costproxy_prompt_tokens_sum")
    assert usage["output"] == both.seen.total("costproxy_completion_tokens_sum")


@pytest.mark.parametrize(
    ("text", "outcome", "error"),
    [
        ("an endless story", "context_exceeded", "ModelContextWindowExceededError"),
        ("a stranger", "client_error", "ModelAuthenticationError"),
    ],
)
async def test_a_refusal_is_the_same(app: Application, aimock: Aimock, text: str, outcome: str, error: str) -> None:
    both = await compare(app, "refused", aimock, text=text)
    both.assert_same()
    assert both.proxied[1][0] == error
    assert both.seen.outcomes == {outcome: 1}


async def test_its_own_retries_are_counted_one_by_one(app: Application) -> None:
    async with running_grudging(refusals=2) as grudging:
        both = await compare(app, "plain", grudging, requests=3)
    both.assert_same()
    both.assert_bill_true()
    assert both.seen.outcomes == {"rate_limited": 2, "success": 1}
