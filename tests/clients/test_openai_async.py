"""The official Python SDK with asyncio."""

import pytest

from tests.clients.compare import compare
from tests.clients.servers.account import Server
from tests.clients.servers.aimock import Aimock
from tests.clients.servers.grudging import running_grudging
from tests.support.application import Application

APP = "openai_async"


@pytest.mark.parametrize(
    ("scenario", "requests"),
    [
        ("plain", 1),
        ("streamed", 1),
        ("streamed_with_usage", 1),
        ("tools_streamed", 1),
        ("parsed", 1),
        ("parsed_streamed", 1),
    ],
)
async def test_it_gets_the_same_and_the_bill_is_true(
    app: Application, server: Server, scenario: str, requests: int
) -> None:
    both = await compare(app, scenario, server, requests=requests)
    both.assert_same()
    both.assert_bill_true()
    assert both.seen.outcomes == {"success": requests}


async def test_requests_at_once_are_kept_apart(app: Application, server: Server) -> None:
    both = await compare(app, "at_once", server, requests=8)
    assert both.proxied == both.direct
    both.assert_bill_true()
    assert both.seen.outcomes == {"success": 8}


async def test_it_reads_the_same_headers_and_the_same_text(app: Application, aimock: Aimock) -> None:
    both = await compare(app, "raw", aimock)
    both.assert_same()
    both.assert_bill_true()


@pytest.mark.parametrize(
    "refusal",
    [
        ("an endless story", "context_exceeded", "BadRequestError"),
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
    assert both.proxied[1]["class"] == error
    assert both.seen.outcomes == {outcome: 1}
    assert both.seen.total("costproxy_tokens_total", quality="exact") == 0


async def test_a_stream_that_breaks_off_breaks_off_the_same(app: Application, aimock: Aimock) -> None:
    both = await compare(app, "refused", aimock, text="a story cut short", stream=True)
    both.assert_same()
    chunks, error = both.proxied
    assert chunks
    assert error is not None
    assert both.seen.outcomes == {"upstream_truncated": 1}


@pytest.mark.parametrize("stream", [False, True])
async def test_its_own_retries_are_counted_one_by_one(app: Application, stream: bool) -> None:
    async with running_grudging(refusals=2) as grudging:
        both = await compare(app, "refused", grudging, requests=3, text="please", stream=stream, retries=2)
        assert grudging.retry_counts == ["0", "1", "2"]
    both.assert_same()
    assert both.proxied[1] is None
    both.assert_bill_true()
    assert both.seen.outcomes == {"rate_limited": 2, "success": 1}
    assert both.seen.by("costproxy_rate_limited_total", "reason") == {"requests": 2}


async def test_retries_that_come_to_nothing_are_counted_too(app: Application) -> None:
    async with running_grudging(refusals=3) as grudging:
        both = await compare(app, "refused", grudging, requests=3, text="please", retries=2)
    both.assert_same()
    assert both.proxied[1]["class"] == "RateLimitError"
    assert both.seen.outcomes == {"rate_limited": 3}
