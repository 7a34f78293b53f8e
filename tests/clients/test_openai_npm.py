"""The official npm package."""

import pytest

from tests.clients.compare import compare
from tests.clients.servers.account import Server
from tests.clients.servers.aimock import Aimock
from tests.clients.servers.grudging import running_grudging
from tests.clients.servers.llama import Llama
from tests.support.application import Application

APP = "openai_npm.mjs"


@pytest.mark.parametrize(
    "scenario", ["plain", "streamed", "streamed_with_usage", "tools_streamed", "structured", "assembled"]
)
async def test_it_gets_the_same_and_the_bill_is_true(app: Application, server: Server, scenario: str) -> None:
    both = await compare(app, scenario, server)
    both.assert_same()
    both.assert_bill_true()
    assert both.seen.outcomes == {"success": 1}


async def test_its_tools_are_called_the_same(app: Application, aimock: Aimock) -> None:
    both = await compare(app, "tools", aimock, requests=2)
    both.assert_same()
    both.assert_bill_true()
    assert both.proxied["usage"]["total_tokens"] == both.seen.total("costproxy_tokens_total")


@pytest.mark.parametrize("scenario", ["raw", "raw_streamed"])
async def test_it_reads_the_same_headers_and_the_same_text(app: Application, aimock: Aimock, scenario: str) -> None:
    both = await compare(app, scenario, aimock)
    both.assert_same()
    both.assert_bill_true()


@pytest.mark.parametrize(
    "refusal",
    [
        ("an endless story", "context_exceeded", "BadRequestError"),
        ("a stranger", "client_error", "AuthenticationError"),
        ("you are busy", "rate_limited", "RateLimitError"),
        ("you are broken", "upstream_error", "InternalServerError"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_a_refusal_is_the_same(
    app: Application, aimock: Aimock, refusal: tuple[str, str, str], stream: bool
) -> None:
    text, outcome, error = refusal
    both = await compare(app, "refused", aimock, text=text, stream=stream)
    both.assert_same()
    assert both.proxied["class"] == error
    assert both.seen.outcomes == {outcome: 1}


async def test_a_prompt_that_is_too_long_is_refused_the_same(app: Application, llama: Llama) -> None:
    both = await compare(app, "refused", llama, text="on and on " * 1000, stream=True)
    both.assert_same()
    assert both.proxied["status"] == 400
    assert both.seen.outcomes == {"context_exceeded": 1}


async def test_a_stream_that_breaks_off_breaks_off_the_same(app: Application, aimock: Aimock) -> None:
    both = await compare(app, "refused", aimock, text="a story cut short", stream=True)
    both.assert_same()
    assert both.proxied["chunks"]
    assert both.proxied["class"]
    assert both.seen.outcomes == {"upstream_truncated": 1}


@pytest.mark.parametrize("stream", [False, True])
async def test_its_own_retries_are_counted_one_by_one(app: Application, stream: bool) -> None:
    async with running_grudging(refusals=2) as grudging:
        both = await compare(app, "refused", grudging, requests=3, text="please", stream=stream, retries=2)
        assert grudging.retry_counts == ["0", "1", "2"]
    both.assert_same()
    both.assert_bill_true()
    assert both.seen.outcomes == {"rate_limited": 2, "success": 1}
    assert both.seen.by("costproxy_rate_limited_total", "reason") == {"requests": 2}


async def test_retries_that_come_to_nothing_are_counted_too(app: Application) -> None:
    async with running_grudging(refusals=3) as grudging:
        both = await compare(app, "refused", grudging, requests=3, text="please", retries=2)
    both.assert_same()
    assert both.proxied["class"] == "RateLimitError"
    assert both.seen.outcomes == {"rate_limited": 3}
