"""What /metrics says before anything has happened: rare events at 0, and buckets made for chats."""

from pathlib import Path

import pytest

from costproxy.recording import series
from tests.support.proxy import running_proxy
from tests.support.scrape import Scrape, scrape

pytestmark = pytest.mark.timeout(20)

OUTCOMES = {
    "success",
    "client_abort",
    "client_error",
    "rate_limited",
    "context_exceeded",
    "upstream_error",
    "upstream_timeout",
    "upstream_truncated",
    "proxy_error",
}


@pytest.fixture
async def first() -> Scrape:
    async with running_proxy("http://127.0.0.1:9") as proxy:
        return await scrape(proxy)


def values(first: Scrape, name: str, label: str) -> set[str]:
    assert {each.value for each in first.all(name)} <= {0.0}
    return {each.labels[label] for each in first.all(name)}


async def test_what_is_rare_is_there_at_zero(first: Scrape) -> None:
    assert values(first, "costproxy_requests_total", "outcome") == OUTCOMES
    assert values(first, "costproxy_rate_limited_total", "reason") >= {"requests", "tokens", "quota", "overloaded"}
    assert values(first, "costproxy_usage_missing_total", "reason") >= {"not_sent", "client_abort", "truncated"}
    assert values(first, "costproxy_usage_total", "source") == {"reported", "missing"}
    assert values(first, "costproxy_unmetered_total", "reason") >= {"api", "request_too_large", "reply_encoding"}
    assert values(first, "costproxy_tokens_total", "kind") >= {"input", "cache_read", "output", "reasoning"}
    assert values(first, "costproxy_record_failures_total", "sink") >= {"meter", "metrics", "log"}
    assert values(first, "costproxy_label_overflow_total", "label") >= {"model", "app"}
    assert values(first, "costproxy_in_flight_requests", "upstream") == {"default"}


async def test_every_upstream_has_its_own(tmp_path: Path) -> None:
    path = tmp_path / "costproxy.toml"
    path.write_text('[upstreams.groq]\nurl = "http://127.0.0.1:9"\n')
    async with running_proxy("http://127.0.0.1:9", file=path) as proxy:
        first = await scrape(proxy)
    for name in ("requests_total", "rate_limited_total", "usage_missing_total", "in_flight_requests"):
        assert values(first, f"costproxy_{name}", "upstream") == {"default", "groq"}


@pytest.mark.parametrize(
    ("of", "reaches"),
    [
        (series.DURATION, 900),
        (series.FIRST_TOKEN, 120),
        (series.PROMPT_TOKENS, 2_000_000),
        (series.COMPLETION_TOKENS, 2_000_000),
    ],
    ids=lambda each: getattr(each, "name", each),
)
def test_buckets_reach_far_enough(of: series.Series, reaches: float) -> None:
    assert max(of.buckets) >= reaches
    assert list(of.buckets) == sorted(of.buckets)


async def test_the_first_scrape_is_small(first: Scrape) -> None:
    assert len(first.samples) < 300
