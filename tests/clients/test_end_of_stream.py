"""The official SDKs hang up at the end marker, wherever the end of the stream may be: that is a success."""

import pytest

from costproxy.demo.plan import Plan
from costproxy.demo.replies import stream
from costproxy.demo.seen import SeenRequest
from costproxy.demo.upstream import SimulatedUpstream
from tests.clients.servers.grudging import asks_for_usage
from tests.support.application import Application
from tests.support.chats import CHAT, COMPLETION_TOKENS, PROMPT_TOKENS, stream_frames
from tests.support.proxy import running_proxy
from tests.support.scrape import recorded

STREAMS = 100
PIECES = ("one ", "two ", "three")


@pytest.mark.parametrize("app", ["openai_sync", "openai_async", "openai_npm.mjs"], indirect=True)
@pytest.mark.parametrize("delay", [0.0, 0.005, 0.05, 0.5])
async def test_streams_whose_end_is_late_are_successes(app: Application, delay: float) -> None:
    def answer(request: SeenRequest) -> Plan:
        frames = stream_frames(*PIECES) if asks_for_usage(request) else CHAT.text(*PIECES)
        return stream(frames, eof_delay=delay)

    async with SimulatedUpstream(answer) as upstream, running_proxy(upstream.url) as proxy:
        told = await app.play("many", f"{proxy.url}/v1", count=STREAMS)
        seen = await recorded(proxy, STREAMS, within=20)
    assert told == [["", *PIECES, None]] * STREAMS
    assert seen.outcomes == {"success": STREAMS}
    assert seen.total("costproxy_tokens_total", kind="input", quality="exact") == STREAMS * PROMPT_TOKENS
    assert seen.total("costproxy_tokens_total", kind="output", quality="exact") == STREAMS * COMPLETION_TOKENS
    assert seen.total("costproxy_tokens_total") == STREAMS * (PROMPT_TOKENS + COMPLETION_TOKENS)
    assert seen.by("costproxy_finish_reasons_total", "reason") == {"stop": STREAMS}
    assert seen.total("costproxy_usage_missing_total") == 0
    assert len(upstream.requests) == STREAMS
