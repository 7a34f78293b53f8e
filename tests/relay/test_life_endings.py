"""How replies end: the client sees the end that the upstream made, and the record says whose it was."""

import json

import pytest

from costproxy.demo.frames import Comment, Event, error_event, error_frame, written
from costproxy.demo.plan import Close, Drip, HalfClose, Hold, Plan, Reset, Send, Wait
from costproxy.demo.replies import EVENTS, head, interim, json_reply, stream
from costproxy.demo.upstream import SimulatedUpstream, always
from tests.support.chats import CHAT, answer, chat_body, stream_frames
from tests.support.hearing import Heard, hear_out
from tests.support.proxy import running_proxy
from tests.support.raw import dial, post, request
from tests.support.scrape import Scrape, recorded

pytestmark = [pytest.mark.timeout(20), pytest.mark.asyncio(loop_factories=["asyncio", "uvloop"])]

DONE = b"data: [DONE]\n\n"
LAST_CHUNK = b"0\r\n\r\n"
SIZED = [("Content-Length", "1000"), ("Content-Type", "application/json")]
FRAMES = stream_frames()
NOT_YET_DONE = [CHAT.role(), CHAT.content("a")]


async def exchange(plan: Plan, asked: bytes, **flags: object) -> tuple[Heard, Scrape]:
    """Ask for the plan; return what the client heard up to the end of its connection, and what was counted."""
    async with SimulatedUpstream(always(plan)) as up, running_proxy(up.url, **flags) as proxy:
        async with dial(proxy.url) as client:
            await client.send(asked)
            heard = await hear_out(client)
        counted = await recorded(proxy)
        assert len(up.requests) == 1
    return heard, counted


def closing(streaming: bool = True) -> bytes:
    # `include_usage` is asked for by the client itself, so that bytes can be compared.
    options = {"stream_options": {"include_usage": True}} if streaming else {}
    return post(chat_body(stream=streaming, **options), (b"Connection", b"close"))


def content(heard: Heard) -> bytes:
    """Return what followed the head, chunk framing taken off as far as it goes."""
    _, _, rest = heard.data.partition(b"\r\n\r\n")
    pieces = []
    while rest and (size := int(rest.partition(b"\r\n")[0], 16)):
        rest = rest.partition(b"\r\n")[2]
        pieces.append(rest[:size])
        rest = rest[size + 2 :]
    return b"".join(pieces)


def sent(frames: list[object]) -> bytes:
    return b"".join(written(frame) for frame in frames)


# -- errors inside a stream that began with 200 ---------------------------------------------------------------------

ERRORS = {
    "a data frame": ([CHAT.role(), error_frame("The server had an error"), Event("[DONE]")], "upstream_error"),
    "an event named error": ([CHAT.role(), error_event("boom", kind="server_error", status=500)], "upstream_error"),
    "after content": ([*NOT_YET_DONE, error_frame("oh")], "upstream_error"),
    "overloaded": ([{"error": {"message": "Overloaded", "type": "overloaded_error"}}], "upstream_error"),
    "a quota": ([{"error": {"message": "no money", "code": "insufficient_quota"}}], "rate_limited"),
    "a context": ([{"error": {"message": "too long", "code": "context_length_exceeded"}}], "context_exceeded"),
}


@pytest.mark.parametrize(("frames", "outcome"), ERRORS.values(), ids=ERRORS)
async def test_an_error_inside_a_stream_is_no_success(frames: list[object], outcome: str) -> None:
    heard, counted = await exchange(stream(frames, done=False), closing())
    assert counted.outcomes == {outcome: 1}
    assert content(heard) == sent(frames)
    assert heard.data.endswith(LAST_CHUNK)


# -- upstreams that break off ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut_after", [1, 100, 400, 700])
async def test_a_reset_in_the_middle_of_an_event_reaches_the_client_as_one(cut_after: int) -> None:
    heard, counted = await exchange(stream(FRAMES, cut_after=cut_after, then=Reset()), closing())
    assert counted.outcomes == {"upstream_truncated": 1}
    assert heard.reset
    assert DONE not in heard.data
    assert not heard.data.endswith(LAST_CHUNK)


@pytest.mark.parametrize("cut_after", [100, 400, 700])
async def test_a_close_in_the_middle_of_chunks_is_passed_on_as_one(cut_after: int) -> None:
    plan = stream(FRAMES, cut_after=cut_after, then=Close())
    heard, counted = await exchange(plan, closing())
    assert counted.outcomes == {"upstream_truncated": 1}
    assert not heard.reset
    assert DONE not in heard.data
    assert not heard.data.endswith(LAST_CHUNK)


@pytest.mark.parametrize(("then", "reset"), [(Close(), False), (Reset(), True)], ids=["fin", "rst"])
async def test_a_plain_reply_that_breaks_off_breaks_for_the_client(then: Close | Reset, reset: bool) -> None:
    plan = (Send(head(200, SIZED) + b'{"id":"x"'), Wait(0.05), then)
    heard, counted = await exchange(plan, closing(streaming=False))
    assert counted.outcomes == {"upstream_truncated": 1}
    assert heard.data.endswith(b'{"id":"x"')
    assert b"Content-Length: 1000" in heard.data
    assert heard.reset is reset


@pytest.mark.parametrize("then", [Close(), Reset()], ids=["fin", "rst"])
async def test_what_came_before_the_break_was_passed_on_first(then: Close | Reset) -> None:
    plan = (*stream(NOT_YET_DONE, done=False)[:-1], Wait(0.05), then)
    heard, _ = await exchange(plan, closing())
    assert content(heard) == sent(NOT_YET_DONE)


BEFORE_THE_FIRST_BYTE: dict[str, Plan] = {
    "fin": (Close(),),
    "rst": (Reset(),),
    "half a head": (Send(b"HTTP/1.1 200 OK\r\nContent-"), Close()),
    "no HTTP": (Send(b"220 mail.example ESMTP\r\n\r\n"), Hold()),
    "an interim reply and no more": (*interim(103), Close()),
    "half closed": (HalfClose(),),
}


@pytest.mark.parametrize("plan", BEFORE_THE_FIRST_BYTE.values(), ids=BEFORE_THE_FIRST_BYTE)
async def test_breaking_before_the_first_byte_is_a_502_that_sdks_can_read(plan: Plan) -> None:
    heard, counted = await exchange(plan, closing(streaming=False))
    assert counted.outcomes == {"upstream_error": 1}
    assert b"HTTP/1.1 502 Bad Gateway\r\n" in heard.data
    assert b"x-costproxy-error: upstream_no_reply\r\n" in heard.data
    error = json.loads(heard.data.rpartition(b"\r\n\r\n")[2])["error"]
    assert (error["type"], error["code"]) == ("costproxy_error", "upstream_no_reply")


async def test_nobody_listening_is_a_502(unused_tcp_port: int) -> None:
    async with running_proxy(f"http://127.0.0.1:{unused_tcp_port}") as proxy:
        async with dial(proxy.url) as client:
            refused = await client.ask(post(chat_body()))
            again = await client.ask(post(chat_body()))
        counted = await recorded(proxy, 2)
    assert (refused.status, again.status) == (502, 502)
    assert refused.header("x-costproxy-error") == b"upstream_connect_failed"
    assert counted.outcomes == {"upstream_error": 2}


# -- ends that are none ---------------------------------------------------------------------------------------------


async def test_a_stream_without_done_whose_reason_came_is_a_success() -> None:
    heard, counted = await exchange(stream(FRAMES, done=False), closing())
    assert counted.outcomes == {"success": 1}
    assert counted.total("costproxy_tokens_total") == 15
    assert content(heard) == sent(FRAMES)
    assert DONE not in heard.data


async def test_a_stream_that_ends_by_closing_ends_cleanly_for_the_client() -> None:
    heard, counted = await exchange(stream(FRAMES, framing="eof", done=False), closing())
    assert counted.outcomes == {"success": 1}
    assert content(heard) == sent(FRAMES)
    assert heard.data.endswith(LAST_CHUNK)


async def test_a_stream_that_ends_by_closing_too_early_is_truncated_but_its_end_is_as_clean_as_it_was() -> None:
    heard, counted = await exchange(stream(NOT_YET_DONE, framing="eof", done=False), closing())
    assert counted.outcomes == {"upstream_truncated": 1}
    assert content(heard) == sent(NOT_YET_DONE)
    assert DONE not in heard.data
    assert heard.data.endswith(LAST_CHUNK)


async def test_a_break_after_the_last_fact_is_a_success_though_the_client_sees_the_break() -> None:
    plan = (*stream(FRAMES)[:-1], Wait(0.05), Reset())
    heard, counted = await exchange(plan, closing())
    assert counted.outcomes == {"success": 1}
    assert heard.reset
    assert not heard.data.endswith(LAST_CHUNK)


# -- silence --------------------------------------------------------------------------------------------------------

HEARTBEATS = {
    "comments": written(Comment("ping")),
    "a bare colon": b":\n\n",
    "blank lines": b"\n",
    "carriage returns": b": OPENROUTER PROCESSING\r\n\r\n",
}


@pytest.mark.parametrize("beat", HEARTBEATS.values(), ids=HEARTBEATS)
async def test_heartbeats_for_ever_are_silence(beat: bytes) -> None:
    plan = (
        Send(head(200, [EVENTS, ("Transfer-Encoding", "chunked")])),
        *([Send(b"%x\r\n%s\r\n" % (len(beat), beat)), Wait(0.03)] * 200),
    )
    heard, counted = await exchange(plan, closing(), upstream_idle_timeout=0.3)
    assert counted.outcomes == {"upstream_timeout": 1}
    assert content(heard).startswith(beat * 3)
    assert len(content(heard)) < len(beat) * 100
    assert not heard.data.endswith(LAST_CHUNK)


async def test_silence_in_the_middle_of_a_stream_breaks_it() -> None:
    plan = (*stream(NOT_YET_DONE, done=False)[:-1], Hold())
    heard, counted = await exchange(plan, closing(), upstream_idle_timeout=0.2)
    assert counted.outcomes == {"upstream_timeout": 1}
    assert content(heard) == sent(NOT_YET_DONE)
    assert not heard.data.endswith(LAST_CHUNK)


async def test_silence_before_the_first_byte_is_a_504() -> None:
    heard, counted = await exchange((Hold(),), closing(streaming=False), upstream_idle_timeout=0.2)
    assert counted.outcomes == {"upstream_timeout": 1}
    assert heard.data.startswith(b"HTTP/1.1 504 Gateway Timeout\r\n")
    assert b"x-costproxy-error: upstream_idle_timeout\r\n" in heard.data


async def test_a_reply_that_keeps_moving_is_not_silent_however_slow() -> None:
    plan = (Send(head(200, [("Content-Length", "12")])), Drip(b"a b c d e f ", every=0.1))
    heard, counted = await exchange(plan, request("GET", "/x", (b"Connection", b"close")), upstream_idle_timeout=0.4)
    assert counted.outcomes == {"success": 1}
    assert heard.data.endswith(b"a b c d e f ")


@pytest.mark.parametrize("plan", [json_reply({}, 504), json_reply({}, 408)], ids=["504", "408"])
async def test_a_timeout_that_the_upstream_reports_is_one(plan: Plan) -> None:
    _, counted = await exchange(plan, closing(streaming=False))
    assert counted.outcomes == {"upstream_timeout": 1}


async def test_an_answer_that_came_whole_is_a_success_whatever_follows() -> None:
    heard, counted = await exchange((*answer(), Send(b"and more, which nobody asked for")), closing(streaming=False))
    assert counted.outcomes == {"success": 1}
    assert json.loads(heard.data.partition(b"\r\n\r\n")[2])["choices"]


async def test_a_stream_of_heartbeats_alone_is_no_success() -> None:
    _, counted = await exchange(stream([Comment("ping")], framing="eof", done=False), closing())
    assert counted.outcomes == {"upstream_truncated": 1}
