"""LiteLLM as a library."""

import pytest

from tests.clients.compare import compare
from tests.clients.servers.account import Server
from tests.clients.servers.aimock import Aimock
from tests.clients.servers.grudging import running_grudging
from tests.support.application import Application

APP = "litellm_app"


@pytest.mark.parametrize(
    "scenario",
    ["plain", "streamed", "streamed_with_usage", "plain_async", "streamed_async", "tools", "tools_streamed"],
)
async def test_it_gets_the_same_and_the_bill_is_true(app: Application, server: Server, scenario: str) -> None:
    both = await compare(app, scenario, server)
    both.assert_same()
    both.assert_bill_true()
    assert both.seen.outcomes == {"success": 1}


@pytest.mark.parametrize(
    ("text", "outcome", "error"),
    [
        ("an endless story", "context_exceeded", "ContextWindowExceededError"),
        ("you are busy", "rate_limited", "RateLimitError"),
        ("you are broken", "upstream_error", "InternalServerError"),
    ],
)
async def test_a_refusal_is_the_same(app: Application, aimock: Aimock, text: str, outcome: str, error: str) -> None:
    both = await compare(app, "refused", aimock, text=text)
    both.assert_same()
    assert both.proxied[1][0] == error
    assert both.seen.outcomes == {outcome: 1}


async def test_its_own_retries_are_counted_one_by_one(app: Application) -> None:
    async with running_grudging(refusals=2) as grudging:
        both = await compare(app, "refused", grudging, requests=3, text="please", retries=2)
    both.assert_same()
    both.assert_bill_true()
    assert both.seen.outcomes == {"rate_limited": 2, "success": 1}
