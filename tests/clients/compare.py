"""The one question of this folder: is it the same with the proxy in between, and is what it counted true?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.clients.servers.account import Account, Asked, Server
from tests.support.application import Player
from tests.support.proxy import running_proxy
from tests.support.scrape import Scrape, recorded

# The proxy's one permitted change asks for usage, and for an encoding in which the answer can be hidden again.
_CHANGED_WITH_THE_BODY = frozenset({"accept-encoding", "content-length"})
_FOR_THE_NEXT_HOP = frozenset({"host", "connection", "keep-alive"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One scenario, played twice."""

    direct: Any  # what the application told, without what differs from reply to reply
    proxied: Any
    asked_directly: Account
    asked_by_proxy: Account
    seen: Scrape

    def assert_same(self) -> None:
        """The application got the same, and the server was asked the same."""
        assert self.proxied == self.direct
        assert self.asked_by_proxy.prompt == self.asked_directly.prompt
        assert self.asked_by_proxy.completion == self.asked_directly.completion
        assert [_said(each) for each in self.asked_by_proxy.asked or ()] == [
            _said(each) for each in self.asked_directly.asked or ()
        ]

    def assert_bill_true(self) -> None:
        """What was counted is what the server says it reported, and nothing went wrong."""
        bill, seen = self.asked_by_proxy, self.seen
        kinds = seen.by("costproxy_tokens_total", "kind", quality="exact")
        prompt = {kind: kinds.get(kind, 0) for kind in ("input", "cache_read", "cache_write")}
        assert prompt == {"input": bill.prompt - bill.cached, "cache_read": bill.cached, "cache_write": 0}
        assert kinds.get("output", 0) + kinds.get("reasoning", 0) == bill.completion
        assert seen.total("costproxy_tokens_total") == bill.prompt + bill.completion
        self._assert_finish_reasons(seen.by("costproxy_finish_reasons_total", "reason"))
        self.assert_nothing_missing()

    def assert_nothing_missing(self) -> None:
        """Every reply's usage was read."""
        for name in ("unmetered", "usage_missing", "usage_anomalies", "record_failures"):
            assert self.seen.total(f"costproxy_{name}_total") == 0, name

    def _assert_finish_reasons(self, counted: Mapping[str, float]) -> None:
        billed = self.asked_by_proxy.finish_reasons
        if billed is not None:
            assert counted == billed
            return
        # The server does not count them, so what the application saw must do; libraries may tell them twice.
        assert sum(counted.values()) == self.seen.outcomes["success"]
        assert set(_finish_reasons(self.direct)) <= set(counted)


async def compare(app: Player, scenario: str, server: Server, *, requests: int = 1, **options: Any) -> Comparison:
    """Play a scenario that makes so many `requests` against the server, and again through a proxy of its own."""
    await server.forget()
    direct = await app.play(scenario, f"{server.url}/v1", **options)
    asked_directly = await server.account()
    await server.forget()
    async with running_proxy(server.url) as proxy:
        proxied = await app.play(scenario, f"{proxy.url}/v1", **options)
        seen = await recorded(proxy, requests)
    return Comparison(
        direct=lasting(direct, server.passing),
        proxied=lasting(proxied, server.passing),
        asked_directly=asked_directly,
        asked_by_proxy=await server.account(),
        seen=seen,
    )


def lasting(told: Any, passing: frozenset[str]) -> Any:
    """Return JSON without the keys that differ from one reply to the next."""
    if isinstance(told, dict):
        return {key: lasting(value, passing) for key, value in told.items() if key not in passing}
    return [lasting(each, passing) for each in told] if isinstance(told, list) else told


def _said(asked: Asked) -> tuple[str, list[tuple[str, str]], Any, int]:
    """Return a request as it would be without the proxy's one permitted change."""
    body, passing = asked.body, _FOR_THE_NEXT_HOP
    if body.get("stream") is True:
        body, passing = _without_the_option(body), passing | _CHANGED_WITH_THE_BODY
    return asked.path, [header for header in asked.headers.items() if header[0] not in passing], body, asked.status


def _without_the_option(body: Mapping[str, Any]) -> dict[str, Any]:
    options = {key: value for key, value in (body.get("stream_options") or {}).items() if key != "include_usage"}
    return {**{key: value for key, value in body.items() if key != "stream_options"}, "stream_options": options}


def _finish_reasons(told: Any) -> Iterator[str]:
    if isinstance(told, dict):
        if isinstance(reason := told.get("finish_reason"), str):
            yield reason
        told = list(told.values())
    if isinstance(told, list):
        for each in told:
            yield from _finish_reasons(each)
