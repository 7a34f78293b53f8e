"""What the desk is told of a request and of lists of models, and what the upstream is not."""

import gzip
import json
import time

import pytest

from costproxy.demo.plan import Hold
from costproxy.demo.replies import json_reply, reply
from costproxy.demo.upstream import SimulatedUpstream, always
from costproxy.model import IdentitySource, Limits, Placement, Verdict, Weights
from costproxy.wire.sessions import SessionNames
from tests.support.chats import answer, chat_body, streamed
from tests.support.desk import KeepingDesk, running_relay
from tests.support.raw import Header, RawReply, ask, dial, post, request
from tests.support.waiting import until

pytestmark = pytest.mark.timeout(20)
KEY = b"sk-cAnArY-0123456789"
PLACEMENT = Placement(
    conversation="0123456789abcdef",
    verdict=Verdict.NEW,
    source=IdentitySource.MESSAGES,
    turn=1,
    step=1,
    messages=1,
    known_messages=0,
    extends=False,
    weights=Weights(common=0),
)


async def told_of(*headers: Header, body: bytes = chat_body(), names: SessionNames | None = None) -> KeepingDesk:
    """Send one chat request; return the desk that was told of it."""
    desk = KeepingDesk()
    more = {"names": names} if names is not None else {}
    async with SimulatedUpstream(always(answer())) as up, running_relay(up.url, desk, **more) as (url, _):
        assert (await ask(url, post(body, *headers))).status == 200
        await until(lambda: desk.exchanges)
    return desk


async def test_the_desk_is_told_what_is_asked_for() -> None:
    before = time.time()
    desk = await told_of((b"x-costproxy-app", b"shop"), body=chat_body(text="hello", max_tokens=7))
    (asked,) = desk.asked
    assert (asked.exchange, asked.upstream, asked.api) == (desk.exchanges[0].id, "default", "chat")
    assert (asked.app, asked.dialect) == ("shop", "generic")
    assert before <= asked.at == desk.exchanges[0].started_at <= time.time()
    assert (asked.request.model, asked.request.messages, asked.request.max_output) == ("gpt-4o-mini", 1, 7)
    assert [json.loads(bytes(each)) for each in asked.prompt.messages] == [{"role": "user", "content": "hello"}]
    assert asked.prompt.claim.source is IdentitySource.MESSAGES


async def test_a_request_that_usage_is_asked_for_is_told_as_the_client_wrote_it() -> None:
    desk = KeepingDesk()
    async with SimulatedUpstream(always(streamed())) as up, running_relay(up.url, desk) as (url, _):
        await ask(url, post(chat_body(stream=True)))
        await until(lambda: desk.exchanges)
        assert b"include_usage" in up.requests[0].body
    assert desk.exchanges[0].injected
    assert len(desk.asked[0].prompt.messages) == 1
    assert desk.asked[0].request.include_usage is None


async def test_the_placement_of_a_ticket_is_in_the_exchange() -> None:
    class Placing(KeepingDesk):
        def _place(self, ticket, read) -> None:
            super()._place(ticket, read)
            ticket.placement = PLACEMENT

    desk = Placing()
    async with SimulatedUpstream(always(answer())) as up, running_relay(up.url, desk) as (url, _):
        await ask(url, post(chat_body()))
        await until(lambda: desk.exchanges)
    assert desk.exchanges[0].placement is PLACEMENT


# -- whose request it is --------------------------------------------------------------------------------------------


async def caller(*headers: Header) -> bytes:
    desk = await told_of(*headers)
    assert "cAnArY" not in repr((desk.asked, desk.exchanges, desk.finished))
    return desk.asked[0].caller


async def test_a_key_is_told_by_a_digest_that_is_the_same_for_the_same_key() -> None:
    bearer = await caller((b"Authorization", b"Bearer " + KEY))
    assert len(bearer) == 16
    assert bearer == await caller((b"authorization", b"bearer " + KEY))
    assert bearer == await caller((b"x-api-key", KEY))
    assert bearer != await caller((b"Authorization", b"Bearer " + KEY + b"1"))
    assert await caller() == b""


async def test_a_digest_says_nothing_to_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    digest = await caller((b"x-api-key", KEY))
    monkeypatch.setattr("tests.support.desk.SECRET", b"another secret")
    assert digest != await caller((b"x-api-key", KEY))


# -- what it calls its conversation ---------------------------------------------------------------------------------

OURS = [(b"X-Costproxy-Thread-Id", b"t-1"), (b"x-costproxy-session-id", b"s-1"), (b"X-COSTPROXY-APP", b"shop")]


async def test_our_own_headers_are_heard_and_go_no_further() -> None:
    desk = KeepingDesk()
    others = [(b"X-Session-Id", b"other"), (b"baggage", b"session.id=b")]
    async with SimulatedUpstream(always(answer())) as up, running_relay(up.url, desk) as (url, _):
        for target in ("/v1/chat/completions", "/v1/embeddings"):
            await ask(url, post(chat_body(), *OURS, *others, target=target))
        await until(lambda: len(desk.exchanges) == 2)
        for seen in up.requests:
            names = [name.lower() for name, _ in seen.headers]
            assert not any(b"costproxy" in name for name in names)
            assert [(name, value) for name, value in seen.headers if name in (b"X-Session-Id", b"baggage")] == others
    claim = desk.asked[0].prompt.claim
    assert (claim.thread, claim.session, claim.source) == ("t-1", "s-1", IdentitySource.THREAD_HEADER)


async def test_the_claim_of_a_request_with_usage_asked_for_has_the_headers_too() -> None:
    desk = await told_of((b"x-session-id", b"s-2"), body=chat_body(stream=True))
    assert desk.asked[0].prompt.claim.session == "s-2"


async def test_the_names_of_sessions_are_those_of_the_settings() -> None:
    names = SessionNames(headers=("x-chat",), fields=("chat.id",))
    for headers, body, session in (
        ([(b"X-Chat", b"a")], chat_body(chat={"id": "b"}), "a"),
        ([], chat_body(chat={"id": "b"}), "b"),
        ([(b"x-session-id", b"c")], chat_body(session_id="d"), None),
    ):
        desk = await told_of(*headers, body=body, names=names)
        assert desk.asked[0].prompt.claim.session == session


# -- what replies are told ------------------------------------------------------------------------------------------

TOLD = ((b"x-costproxy-conversation", b"0123456789abcdef"), (b"x-costproxy-turn", b"2"))


async def heard(plan: object, *, told: tuple[Header, ...] = TOLD, **more: object) -> tuple[RawReply, bytes]:
    """Return the reply to a chat request whose ticket has these headers, and what the upstream had sent."""
    desk = KeepingDesk(headers=told)
    async with SimulatedUpstream(always(plan)) as up, running_relay(up.url, desk) as (url, _):
        reply = await ask(url, post(chat_body(**more)))
        straight = await ask(up.url, post(chat_body(**more)))
    return reply, straight.raw


@pytest.mark.parametrize("streaming", [True, False], ids=["stream", "plain"])
async def test_a_ticket_adds_its_headers_to_the_head_and_nothing_else(streaming: bool) -> None:
    told, straight = await heard(streamed() if streaming else answer(), stream=streaming)
    untold, _ = await heard(streamed() if streaming else answer(), stream=streaming, told=())
    assert untold.raw == straight
    assert (told.wire, told.body) == (untold.wire, untold.body)
    assert [header for header in told.headers if header not in TOLD] == untold.headers
    assert [told.header(name.decode()) for name, _ in TOLD] == [value for _, value in TOLD]


async def test_headers_of_the_same_name_are_replaced() -> None:
    plan = json_reply({}, headers=[("X-Costproxy-Turn", "9"), ("x-costproxy-turn", "8"), ("x-other", "1")])
    told, _ = await heard(plan)
    assert told.values("x-costproxy-turn") == [b"2"]
    assert told.values("x-other") == [b"1"]
    untold, straight = await heard(plan, told=())
    assert untold.raw == straight


async def test_errors_of_the_upstream_are_told_and_refusals_are_not() -> None:
    told, _ = await heard(json_reply({"error": {"message": "no"}}, 400))
    assert told.header("x-costproxy-turn") == b"2"
    desk = KeepingDesk(headers=TOLD)
    async with SimulatedUpstream(always((Hold(),))) as up:
        flags = {"upstream_idle_timeout": 0.2}
        async with running_relay(up.url, desk, **flags) as (url, _):
            refused = await ask(url, post(chat_body()))
    assert refused.header("x-costproxy-error") == b"upstream_idle_timeout"
    assert [refused.values(name.decode()) for name, _ in TOLD] == [[], []]


async def test_what_is_not_opened_is_told_nothing() -> None:
    desk = KeepingDesk(headers=TOLD)
    async with SimulatedUpstream(always(json_reply({}))) as up, running_relay(up.url, desk) as (url, _):
        for target in ("/v1/embeddings", "/v1/chat/completions?x"):
            told = await ask(url, request("POST", target, body=chat_body()))
            assert bool(told.values("x-costproxy-turn")) == ("chat" in target)


# -- lists of models ------------------------------------------------------------------------------------------------

LIST = {"object": "list", "data": [{"id": "own", "max_model_len": 4096}]}


async def learnt(*plans: object, method: str = "GET", target: str = "/v1/models") -> KeepingDesk:
    desk = KeepingDesk()
    for plan in plans:
        async with SimulatedUpstream(always(plan)) as up, running_relay(up.url, desk) as (url, _), dial(url) as client:
            await client.ask(request(method, target, body=b"" if method == "POST" else None))
    desk.close()
    return desk


@pytest.mark.parametrize("encoding", [None, "gzip"])
async def test_a_list_of_models_is_learnt_from(encoding: str | None) -> None:
    body = json.dumps(LIST).encode()
    desk = await learnt(reply(200, body, encoding=encoding, headers=[("Content-Type", "application/json")]))
    assert desk.windows == [("default", {"own": Limits(context_window=4096)})]
    assert desk.asked == []


async def test_a_long_list_is_read_in_the_thread_of_the_desk() -> None:
    models = [{"id": f"m{number}", "max_model_len": 4096, "text": "x" * 100} for number in range(1000)]
    desk = await learnt(json_reply({"data": models}))
    assert len(desk.windows[0][1]) == 1000


async def test_what_is_no_list_of_models_is_not_learnt_from() -> None:
    assert (await learnt(json_reply(LIST, 404))).windows == []
    assert (await learnt(json_reply(LIST), method="POST")).windows == []
    assert (await learnt(json_reply(LIST), target="/v1/files")).windows == []
    assert (await learnt(reply(200, b"junk"))).windows == [("default", {})]


async def test_a_list_that_is_cut_off_is_not_learnt_from() -> None:
    body = gzip.compress(json.dumps(LIST).encode())
    cut = (*reply(200, body)[:1],)
    desk = KeepingDesk()
    flags = {"upstream_idle_timeout": 0.2}
    async with (
        SimulatedUpstream(always(cut)) as up,
        running_relay(up.url, desk, **flags) as (url, _),
        dial(url) as client,
    ):
        await client.send(request("GET", "/v1/models"))
        await client.final_head()
        await until(lambda: desk.exchanges)
    assert desk.windows == []
