"""Conversations through the running proxy: told in replies if the operator says so, and never told upstream."""

import json

import pytest

from costproxy.demo.upstream import SimulatedUpstream, always
from costproxy.relay.metering import PLACED_ON_LOOP
from tests.support.chats import answer, streamed
from tests.support.proxy import running_proxy
from tests.support.raw import Header, RawReply, dial, post
from tests.support.scrape import recorded

pytestmark = pytest.mark.timeout(20)
CANARY = "cAnArY"
NAMES = ("conversation", "turn", "context-used", "turns-left")


def conversation(turns: int, *, filler: int = 0) -> list[dict[str, str]]:
    """Return the messages of the last request of a conversation of so many turns, whose replies are all "hi"."""
    messages = []
    for turn in range(turns):
        messages.append({"role": "user", "content": f"question {turn} of {CANARY} " + "x" * filler})
        messages.append({"role": "assistant", "content": "hi"})
    return messages[:-1]


def asked(turns: int, *headers: Header, stream: bool = False, filler: int = 0) -> bytes:
    body = {"model": "gpt-4o-mini", "messages": conversation(turns, filler=filler), "stream": stream}
    return post(json.dumps(body).encode(), *headers)


def told(reply: RawReply) -> dict[str, bytes]:
    values = {name: reply.header(f"x-costproxy-{name}") for name in NAMES}
    return {name: value for name, value in values.items() if value is not None}


async def talk(*headers: Header, turns: int = 3, stream: bool = False, **flags: object) -> list[dict[str, bytes]]:
    """Return what the replies of one conversation tell of it."""
    plan = streamed("hi") if stream else answer("hi")
    async with (
        SimulatedUpstream(always(plan)) as up,
        running_proxy(up.url, **flags) as proxy,
        dial(proxy.url) as client,
    ):
        heard = []
        for turn in range(1, turns + 1):
            heard.append(told(await client.ask(asked(turn, *headers, stream=stream))))
            await recorded(proxy, turn)
        for seen in up.requests:
            assert b"costproxy" not in seen.head.lower()
    return heard


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "plain"])
async def test_replies_tell_where_a_conversation_stands_if_they_are_to(stream: bool) -> None:
    heard = await talk(stream=stream, conversations_response_headers="true")
    assert len({each["conversation"] for each in heard}) == 1
    assert all(len(bytes.fromhex(each["conversation"].decode())) == 8 for each in heard)
    assert [each["turn"] for each in heard] == [b"1", b"2", b"3"]


async def test_replies_tell_nothing_unless_they_are_to() -> None:
    assert await talk() == [{}, {}, {}]
    assert await talk(conversations_response_headers="true", conversations_enabled="false") == [{}, {}, {}]


async def test_a_name_for_the_conversation_is_taken_and_not_passed_on() -> None:
    header = (b"X-Costproxy-Thread-Id", CANARY.encode())
    (first, *_), (again, *_) = [await talk(header, turns=1, conversations_response_headers="true") for _ in range(2)]
    assert CANARY.encode() not in first["conversation"]
    assert first["conversation"] != again["conversation"]  # the digests of another process


async def test_heavy_requests_are_placed_too(capsys: pytest.CaptureFixture[str]) -> None:
    async with (
        SimulatedUpstream(always(answer("hi"))) as up,
        running_proxy(up.url) as proxy,
        dial(proxy.url) as client,
    ):
        for turn in (1, 2, 3):
            assert (await client.ask(asked(turn, filler=PLACED_ON_LOOP))).status == 200
            counted = await recorded(proxy, turn)
        assert counted.total("costproxy_record_failures_total") == 0
        assert counted.by("costproxy_conversation_requests_total", "verdict") == {"new": 1, "continue": 2}
    out = capsys.readouterr().out
    assert CANARY not in out
    lines = [json.loads(line) for line in out.splitlines()]
    exchanges = [line for line in lines if line["event"] == "exchange"]
    assert [line["turn"] for line in exchanges] == [1, 2, 3]
    assert len({line["conversation"] for line in exchanges}) == 1
