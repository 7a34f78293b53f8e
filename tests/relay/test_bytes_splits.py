"""Wherever a reply is cut on its way here, the same bytes come out, the same is counted, and nothing waits."""

import asyncio
from collections.abc import Iterator

import pytest

from costproxy.demo.chat import Chat, usage
from costproxy.demo.frames import Comment, Frame, written
from costproxy.demo.plan import Close, Drip, Plan, Send, Step, Until, Wait
from costproxy.demo.replies import EVENTS, head, stream
from costproxy.demo.seen import SeenRequest
from costproxy.demo.upstream import SimulatedUpstream, always, in_turn
from tests.support.chats import chat_body
from tests.support.proxy import in_front_of
from tests.support.raw import ask, dial, post
from tests.support.scrape import Scrape, recorded

pytestmark = pytest.mark.timeout(60)

CHAT = Chat(id="c", model="m")
SHOWN: list[Frame] = [Comment("waiting"), CHAT.content("caf\u00e9 \u4f60\u597d \U0001f600"), CHAT.finish()]
EXTRA: Frame = {"choices": [], "usage": usage(10, 5)}
NEWLINES = {"LF": b"\n", "CRLF": b"\r\n", "CR": b"\r"}
READ = (Wait(0), Wait(0))  # two turns of the loop: in the second the proxy has read what was sent so far
WANTED = chat_body(stream=True, stream_options={"include_usage": True})
NOT_SAID = chat_body(stream=True)


def transcript(newline: bytes, *, extra: bool = True) -> bytes:
    frames = [*SHOWN, EXTRA] if extra else SHOWN
    return b"".join(written(frame, newline) for frame in frames) + b"data: [DONE]" + newline * 2


def in_chunks(first: bytes, second: bytes) -> Plan:
    """Send a body in two chunks, the end with the second."""
    sent = (b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (first, second) if piece)
    start, *rest = (head(200, [EVENTS, ("Transfer-Encoding", "chunked")]), *sent)
    return (Send(start), *(step for piece in rest for step in (*READ, Send(piece))), Send(b"0\r\n\r\n"))


def assert_counted(counted: Scrape, times: int) -> None:
    assert counted.outcomes == {"success": times}
    assert counted.by("costproxy_tokens_total", "kind") == {"input": 10 * times, "output": 5 * times}
    assert counted.by("costproxy_finish_reasons_total", "reason") == {"stop": times}


@pytest.mark.parametrize("newline", NEWLINES.values(), ids=NEWLINES)
@pytest.mark.parametrize("asked", [WANTED, NOT_SAID], ids=["shown", "hidden"])
async def test_a_stream_cut_at_any_byte_is_the_same(newline: bytes, asked: bytes) -> None:
    whole = transcript(newline)
    expected = transcript(newline, extra=asked is WANTED)
    cuts = range(len(whole))
    up = SimulatedUpstream(in_turn(*(in_chunks(whole[:cut], whole[cut:]) for cut in cuts)))
    async with in_front_of(up) as proxy, dial(proxy.url) as client:
        for cut in cuts:
            assert (await client.ask(post(asked))).body == expected, cut
        assert_counted(await recorded(proxy, len(whole)), len(whole))


@pytest.mark.parametrize("asked", [WANTED, NOT_SAID], ids=["shown", "hidden"])
async def test_a_reply_cut_anywhere_in_its_head_or_framing_is_the_same(asked: bytes) -> None:
    steps = stream([*SHOWN, EXTRA])
    wire = b"".join(step.data for step in steps if isinstance(step, Send))
    up = SimulatedUpstream(in_turn(*((Send(wire[:cut]), *READ, Send(wire[cut:])) for cut in range(1, len(wire)))))
    async with in_front_of(up) as proxy, dial(proxy.url) as client:
        for cut in range(1, len(wire)):
            answer = await client.ask(post(asked))
            assert answer.body == transcript(b"\n", extra=asked is WANTED), cut
            assert answer.headers == [(b"Content-Type", EVENTS[1].encode()), (b"Transfer-Encoding", b"chunked")]
        assert_counted(await recorded(proxy, len(wire) - 1), len(wire) - 1)


@pytest.mark.parametrize("newline", NEWLINES.values(), ids=NEWLINES)
@pytest.mark.parametrize("asked", [WANTED, NOT_SAID], ids=["shown", "hidden"])
async def test_a_stream_that_drips_byte_by_byte_is_the_same(newline: bytes, asked: bytes) -> None:
    start = head(200, [EVENTS, ("Connection", "close")])
    up = SimulatedUpstream(always((Drip(start + transcript(newline), every=0), Close())))
    async with in_front_of(up) as proxy:
        answer = await ask(proxy.url, post(asked))
        assert_counted(await recorded(proxy), 1)
    assert answer.body == transcript(newline, extra=asked is WANTED)


async def test_a_request_cut_at_any_byte_is_the_same() -> None:
    sent = post(NOT_SAID, (b"X-A", b"1"))
    up = SimulatedUpstream(always(stream(SHOWN)))
    async with in_front_of(up) as proxy, dial(proxy.url) as client:
        for cut in range(1, len(sent)):
            await client.send(sent[:cut])
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            await client.send(sent[cut:])
            assert (await client.reply()).status == 200, cut
    assert {seen.raw for seen in up.requests} == {up.requests[0].raw}
    assert len(up.requests) == len(sent) - 1


@pytest.mark.parametrize("asked", [WANTED, NOT_SAID], ids=["shown", "hidden"])
async def test_an_event_of_three_megabytes_passes_whole(asked: bytes) -> None:
    frames: list[Frame] = [CHAT.content("x\u4f60" * 768 * 1024), *SHOWN]
    up = SimulatedUpstream(always(stream([*frames, EXTRA], slices=10_000)))
    async with in_front_of(up) as proxy:
        answer = await ask(proxy.url, post(asked))
        assert_counted(await recorded(proxy), 1)
    extra = [EXTRA] if asked is WANTED else []
    assert answer.body == b"".join(map(written, [*frames, *extra])) + b"data: [DONE]\n\n"


async def test_events_are_not_merged_and_not_held_back() -> None:
    go = [asyncio.Event() for _ in range(5)]
    events = [written(CHAT.content(str(number))) for number in range(5)]

    async def plan(_: SeenRequest) -> Plan:
        return tuple(_one_by_one(events, go))

    up = SimulatedUpstream(plan)
    async with in_front_of(up) as proxy, dial(proxy.url) as client:
        await client.send(post(NOT_SAID))
        await client.final_head()
        for event, each in zip(events, go, strict=True):
            each.set()
            assert await client.chunk() == event
        assert await client.chunk() == b""


def _one_by_one(events: list[bytes], go: list[asyncio.Event]) -> Iterator[Step]:
    yield Send(head(200, [EVENTS, ("Transfer-Encoding", "chunked")]))
    for event, each in zip(events, go, strict=True):
        yield Until(each)
        yield Send(b"%x\r\n%s\r\n" % (len(event), event))
    yield Send(b"0\r\n\r\n")


@pytest.mark.serial
@pytest.mark.parametrize("asked", [WANTED, NOT_SAID], ids=["shown", "hidden"])
async def test_each_event_is_at_the_client_at_once(asked: bytes) -> None:
    """Twenty streams of an event every 200 ms; each event tells when it was sent."""
    clock = asyncio.get_running_loop().time

    def stamped(_: SeenRequest) -> Iterator[Step]:
        yield Send(head(200, [EVENTS, ("Transfer-Encoding", "chunked")]))
        for _ in range(8):
            event = b"data: %.6f\n\n" % clock()
            yield Send(b"%x\r\n%s\r\n" % (len(event), event))
            yield Wait(0.2)
        yield Send(b"0\r\n\r\n")

    async def delays(url: str) -> list[float]:
        async with dial(url) as client:
            await client.send(post(asked))
            await client.final_head()
            found = []
            while event := await client.chunk():
                found.append(clock() - float(event[6:]))
            return found

    up = SimulatedUpstream(stamped)  # the plan is made while it is carried out
    async with in_front_of(up) as proxy:
        late = sorted(each for found in await asyncio.gather(*(delays(proxy.url) for _ in range(20))) for each in found)
    assert len(late) == 160
    assert late[int(len(late) * 0.99) - 1] < 0.02, late[-10:]
