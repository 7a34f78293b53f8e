"""A server that refuses the first tries: what an application's own retries are for."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from costproxy.demo.chat import Chat, usage
from costproxy.demo.plan import Plan
from costproxy.demo.refusals import refusal
from costproxy.demo.replies import json_reply, stream
from costproxy.demo.seen import SeenRequest
from costproxy.demo.upstream import SimulatedUpstream
from tests.clients.servers.account import Account, Asked

PROMPT_TOKENS, COMPLETION_TOKENS = 23, 7


class Grudging:
    """A running server; it begins anew when told to `forget`."""

    passing: frozenset[str] = frozenset()

    def __init__(self, refusals: int) -> None:
        self._refusals = refusals  # how many tries are refused before the first is granted
        self._asked: list[Asked] = []
        self.url = ""

    async def forget(self) -> None:
        self._asked.clear()

    async def account(self) -> Account:
        granted = sum(each.status == 200 for each in self._asked)
        return Account(
            prompt=granted * PROMPT_TOKENS,
            cached=0,
            completion=granted * COMPLETION_TOKENS,
            finish_reasons=Counter({"stop": granted}) if granted else {},
            asked=list(self._asked),
        )

    @property
    def retry_counts(self) -> list[str]:
        """What the official SDKs say of each try."""
        return [each.headers["x-stainless-retry-count"] for each in self._asked]

    def answer(self, request: SeenRequest) -> Plan:
        """Refuse with a wait of a few milliseconds, or grant."""
        refuses = len(self._asked) < self._refusals
        self._asked.append(_asked(request, 429 if refuses else 200))
        return _refused() if refuses else _granted(request)


def _asked(request: SeenRequest, status: int) -> Asked:
    headers = {name.decode().lower(): value.decode() for name, value in request.headers}
    return Asked(path=request.path, headers=headers, body=request.json(), status=status)


def _refused() -> Plan:
    told = [("retry-after-ms", "20"), ("x-ratelimit-remaining-requests", "0")]
    return refusal(429, "Rate limit reached", kind="requests", code="rate_limit_exceeded", headers=told)


def _granted(request: SeenRequest) -> Plan:
    chat, spent = Chat(model="tiny"), usage(PROMPT_TOKENS, COMPLETION_TOKENS)
    if request.json().get("stream") is not True:
        return json_reply(chat.completion("Well then.", spent))
    return stream(chat.text("Well ", "then.", usage=spent if asks_for_usage(request) else None))


def asks_for_usage(request: SeenRequest) -> bool:
    """Tell whether a request, as it arrived, asks for the extra usage chunk."""
    return (request.json().get("stream_options") or {}).get("include_usage") is True


@asynccontextmanager
async def running_grudging(refusals: int) -> AsyncIterator[Grudging]:
    """Run a server that refuses so many tries."""
    grudging = Grudging(refusals)
    async with SimulatedUpstream(grudging.answer) as upstream:
        grudging.url = upstream.url
        yield grudging
