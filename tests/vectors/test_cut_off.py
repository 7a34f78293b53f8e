"""Recorded replies that break off: the client gets what came, sees that it broke, and nothing is invented."""

import asyncio
import contextlib
import random

import pytest

from costproxy.demo.plan import Close, Reset, Step, content_size, cut
from tests.support.raw import RawClient, dial
from tests.support.scrape import scrape_until
from tests.vectors.conftest import Stage
from tests.vectors.oracle import facts_of
from tests.vectors.replaying import chats, request_of, whole

CUTS_EACH = 4
OUTCOMES = {
    *("success", "upstream_truncated", "upstream_error", "client_error"),
    *("rate_limited", "context_exceeded", "upstream_timeout"),
}

pytestmark = pytest.mark.timeout(120)


async def body_until_broken(client: RawClient, request: bytes) -> bytes:
    """Send a request; return what came of its reply's body, whose end must be missing."""
    await client.send(request)
    try:
        head = await client.head()
    except (ConnectionError, asyncio.IncompleteReadError):
        return b""
    arrived = b""
    announced = int(head.header("content-length") or b"0")
    with contextlib.suppress(ConnectionError):
        while piece := await client.reader.read(65536):
            arrived += piece
    assert len(arrived) < announced
    return arrived


@pytest.mark.parametrize("then", [Close(), Reset()], ids=["closed", "reset"])
async def test_a_reply_cut_anywhere_is_cut_there_for_the_client(stage: Stage, then: Step) -> None:
    places = random.Random(7)  # the same cuts each time
    sent = most = 0
    for recording in chats():
        plan = whole(recording, framing="length")
        for _ in range(CUTS_EACH):
            at = places.randrange(1, content_size(plan))
            stage.plans.append(cut(plan, at, then))
            sent += 1
            most += sum(facts_of(recording).tokens.values())
            async with dial(stage.proxy.url) as client:
                arrived = await body_until_broken(client, request_of(recording))
            # A reset may overtake bytes in the sockets on its way; a close may not.
            expected = recording.body[: at if then == Close() else len(arrived)]
            assert arrived == expected, recording.name
    after = await scrape_until(stage.proxy, lambda now: now.requests == sent)
    assert after.in_flight == 0
    assert after.total("costproxy_record_failures_total") == 0
    assert after.total("costproxy_tokens_total") < most
    assert set(after.outcomes) <= OUTCOMES
