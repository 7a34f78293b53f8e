"""The official Python SDK."""

import pytest

from tests.clients.compare import compare
from tests.clients.servers.account import Server
from tests.clients.servers.aimock import Aimock
from tests.clients.servers.grudging import running_grudging
from tests.clients.servers.llama import Llama
from tests.support.application import Application
from tests.support.proxy import running_proxy
from tests.support.scrape import recorded

APP = "openai_sync"


@pytest.mark.parametrize(
    ("scenario", "requests"),
    [
        ("plain", 1),
        ("streamed", 1),
        ("streamed_with_usage", 1),
        ("streamed_with_empty_options", 1),
        ("first_choice_of_each_chunk", 1),
        ("thinking", 2),
        ("tools", 2),
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


@pytest.mark.parametrize("scenario", ["raw", "raw_streamed"])
async def test_it_reads_the_same_headers_and_the_same_text(app: Application, aimock: Aimock, scenario: str) -> None:
    both = await compare(app, scenario, aimock)
    both.assert_same()
    both.assert_bill_true()


async def test_usage_that_was_asked_for_arrives(app: Application, server: Server) -> None:
    both = await compare(app, "streamed_with_usage", server)
    last = both.proxied[-1]
    assert last["choices"] == []
    assert last["usage"]["prompt_tokens"] == both.asked_by_proxy.prompt
    assert last["usage"]["completion_tokens"] == both.asked_by_proxy.completion


async def test_usage_that_was_not_asked_for_does_not_arrive(app: Application, server: Server) -> None:
    both = await compare(app, "streamed", server)
    assert [chunk["usage"] for chunk in both.proxied] == [None] * len(both.direct)
    assert all(chunk["choices"] for chunk in both.proxied)


async def test_usage_that_was_declined_is_missing_and_not_zero(app: Application, server: Server) -> None:
    both = await compare(app, "streamed_without_usage", server)
    both.assert_same()
    assert both.seen.outcomes == {"success": 1}
    assert both.seen.by("costproxy_usage_missing_total", "reason") == {"not_sent": 1}
    assert both.seen.by("costproxy_usage_total", "source") == {"missing": 1}
    assert both.seen.total("costproxy_tokens_total", quality="exact") == 0


async def test_cached_tokens_of_a_conversation_are_counted_as_such(app: Application, llama: Llama) -> None:
    both = await compare(app, "turns", llama, requests=4, count=4)
    both.assert_bill_true()
    cached = [turn["usage"]["prompt_tokens_details"]["cached_tokens"] for turn in both.proxied]
    assert both.seen.total("costproxy_tokens_total", kind="cache_read") == sum(cached) > 0
    assert cached == sorted(cached)


@pytest.mark.parametrize(
    "refusal",
    [
        ("a nonsense that nobody has a reply to", "client_error", "NotFoundError"),
        ("a stranger", "client_error", "AuthenticationError"),
        ("something forbidden", "client_error", "PermissionDeniedError"),
        ("an endless story", "context_exceeded", "BadRequestError"),
        ("you are busy", "rate_limited", "RateLimitError"),
        ("you are broken", "upstream_error", "InternalServerError"),
        ("you are overloaded", "upstream_error", "InternalServerError"),
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
    both.assert_nothing_missing()


@pytest.mark.parametrize("stream", [False, True])
async def test_a_prompt_that_is_too_long_is_refused_the_same(app: Application, llama: Llama, stream: bool) -> None:
    both = await compare(app, "refused", llama, text="on and on " * 1000, stream=stream)
    both.assert_same()
    assert both.proxied[1]["type"] == "exceed_context_size_error"
    assert both.seen.outcomes == {"context_exceeded": 1}


async def test_a_stream_that_breaks_off_breaks_off_the_same(app: Application, aimock: Aimock) -> None:
    both = await compare(app, "refused", aimock, text="a story cut short", stream=True)
    both.assert_same()
    chunks, error = both.proxied
    assert chunks
    assert error is not None
    assert both.seen.outcomes == {"upstream_truncated": 1}
    assert both.seen.by("costproxy_usage_missing_total", "reason") == {"truncated": 1}


async def test_a_stream_left_early_is_the_clients_doing(app: Application, aimock: Aimock) -> None:
    both = await compare(app, "left_early", aimock)
    assert both.proxied == both.direct
    assert both.seen.outcomes == {"client_abort": 1}
    assert both.seen.by("costproxy_usage_missing_total", "reason") == {"client_abort": 1}
    assert both.seen.total("costproxy_tokens_total", quality="exact") == 0


@pytest.mark.parametrize(("scenario", "requests"), [("models", 1), ("embeddings", 1), ("responses", 2)])
async def test_what_is_not_a_chat_passes_too(app: Application, aimock: Aimock, scenario: str, requests: int) -> None:
    both = await compare(app, scenario, aimock, requests=requests)
    assert both.proxied == both.direct
    assert both.seen.outcomes == {"success": requests}


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


async def test_a_proxy_told_not_to_ask_for_usage_changes_nothing_at_all(app: Application, llama: Llama) -> None:
    direct = await app.play("streamed", f"{llama.url}/v1")
    async with running_proxy(llama.url, upstream_include_usage="false") as proxy:
        proxied = await app.play("streamed", f"{proxy.url}/v1")
        seen = await recorded(proxy)
    # This server's own figures stand elsewhere once usage is asked for.
    assert "timings" in direct[-1]
    assert [list(chunk) for chunk in proxied] == [list(chunk) for chunk in direct]
    assert seen.by("costproxy_usage_missing_total", "reason") == {"not_sent": 1}
    assert seen.total("costproxy_tokens_total", quality="exact") == 0
