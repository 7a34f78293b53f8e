"""LangChain."""

import pytest

from tests.clients.compare import compare
from tests.clients.servers.account import Server
from tests.clients.servers.aimock import Aimock
from tests.clients.servers.grudging import running_grudging
from tests.support.application import Application

APP = "langchain_app"


@pytest.mark.parametrize(
    ("scenario", "requests"),
    [
        ("plain", 1),
        ("streamed", 1),
        ("streamed_with_usage", 1),
        ("plain_async", 1),
        ("streamed_async", 1),
        ("tools", 2),
        ("tools_streamed", 1),
        ("structured", 1),
    ],
)
async def test_it_gets_the_same_and_the_bill_is_true(
    app: Application, server: Server, scenario: str, requests: int
) -> None:
    both = await compare(app, scenario, server, requests=requests)
    both.assert_same()
    both.assert_bill_true()
    assert both.seen.outcomes == {"success": requests}


async def test_a_batch_is_counted_one_by_one(app: Application, server: Server) -> None:
    both = await compare(app, "batch", server, requests=3)
    assert both.proxied == both.direct
    both.assert_bill_true()
    assert both.seen.outcomes == {"success": 3}


async def test_a_stream_whose_usage_it_does_not_ask_for_is_billed_all_the_same(
    app: Application, aimock: Aimock
) -> None:
    both = await compare(app, "streamed", aimock)
    assert [chunk["usage_metadata"] for chunk in both.proxied] == [None] * len(both.direct)
    assert both.seen.total("costproxy_tokens_total") == 31 + 17


@pytest.mark.parametrize(
    ("text", "outcome", "error"),
    [
        ("an endless story", "context_exceeded", "OpenAIInvalidRequestError"),
        ("you are busy", "rate_limited", "OpenAIRateLimitError"),
        ("you are broken", "upstream_error", "OpenAIAPIError"),
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
