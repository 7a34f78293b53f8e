import json
from collections.abc import Callable

import pytest

from costproxy.conversations.tracker import Tracker
from costproxy.meter import Meter
from costproxy.meter.conversations import Conversations
from costproxy.model import IdentitySource, Outcome, Turn, Verdict
from costproxy.offline.recorded_forms import source_of
from costproxy.offline.recorded_response import response_of
from costproxy.offline.replayer import Replayer
from costproxy.overrides import open_prices
from costproxy.settings import Settings

NOON = 1_800_000_000.0
HELLO = {"role": "user", "content": "hello there"}
USAGE = {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}

Replay = Callable[..., list[Turn]]


@pytest.fixture
def replay() -> Replay:
    """Replay lines, without estimates, in conversations that are forgotten after two hours."""
    settings = Settings()
    prices = open_prices(settings)
    conversations = Conversations(Tracker(secret=b"s" * 32, idle=7200.0), prices, warn_at=(70,))
    replayer = Replayer(settings, Meter(prices, conversations=conversations), start=NOON, gap=20.0)

    def replay(*lines: object) -> list[Turn]:
        sources = (source_of(json.dumps(line).encode(), place=f"a:{at}") for at, line in enumerate(lines, start=1))
        return [replayer.replay(request) for source in sources for request in source.requests]

    return replay


def exchange(*messages: object, **more: object) -> dict[str, object]:
    reply = {"role": "assistant", "content": "an answer of some length"}
    choices = [{"index": 0, "message": reply, "finish_reason": "stop"}]
    response = {"model": "gpt-4o-2024-08-06", "choices": choices, "usage": USAGE}
    request = {"model": "gpt-4o", "messages": [HELLO, *messages]}
    return {"host": "api.openai.com", "request": request, "response": response} | more


NEXT = ({"role": "assistant", "content": "an answer of some length"}, {"role": "user", "content": "go on"})


def verdicts(turns: list[Turn]) -> list[Verdict | None]:
    return [turn.standing.placement.verdict if turn.standing else None for turn in turns]


def test_requests_are_made_one_after_the_other(replay):
    turns = replay({"messages": [HELLO, *NEXT, NEXT[0]]})
    assert [turn.exchange.started_at for turn in turns] == [NOON, NOON + 20]
    assert verdicts(turns) == [Verdict.NEW, Verdict.CONTINUE]


def test_a_recorded_moment_is_kept_but_time_never_goes_back(replay):
    turns = replay(exchange(at=1_000_000_000), exchange(at=900_000_000), exchange(at=1_000_000_500), exchange())
    assert [turn.exchange.started_at for turn in turns] == [1e9, 1e9, 1e9 + 500, 1e9 + 520]


def test_what_came_much_later_is_another_conversation(replay):
    again = replay(exchange(at=NOON), exchange(*NEXT, at=NOON + 7000))
    assert verdicts(again) == [Verdict.NEW, Verdict.CONTINUE]
    late = replay(exchange(at=NOON + 100_000), exchange(*NEXT, at=NOON + 108_000))
    assert verdicts(late) == [Verdict.NEW, Verdict.NEW]


def test_an_exchange_is_read_as_live_traffic_is(replay):
    (turn,) = replay(exchange())
    assert (turn.model, turn.exchange.dialect, turn.outcome) == ("gpt-4o-2024-08-06", "openai", Outcome.SUCCESS)
    assert (turn.usage.prompt, turn.cost.total, turn.standing.new) == (10, 45_000_000, 10)


def test_a_header_may_name_the_session(replay):
    (turn,) = replay(exchange(request_headers=[["X-Session-ID", "abc"]]))
    assert turn.standing.placement.source is IdentitySource.SESSION_HEADER


def test_a_failed_request_sent_again_is_a_retry(replay):
    failed = exchange(status=500, response={"error": {"message": "no"}})
    turns = replay(failed, exchange())
    assert verdicts(turns) == [Verdict.NEW, Verdict.RETRY]
    assert turns[0].outcome is Outcome.UPSTREAM_ERROR


def test_an_api_that_is_not_metered_has_no_conversation(replay):
    (turn,) = replay(exchange(path="/v1/embeddings"))
    assert (turn.standing, turn.exchange.unmetered) == (None, "api_embeddings")


def test_a_request_without_messages_is_a_conversation_of_its_own(replay):
    odd = {"host": "h", "path": "/v1/chat/completions", "body": {"messages": 7}}
    turns = replay(odd, odd)
    assert verdicts(turns) == [Verdict.NEW, Verdict.NEW]
    assert [turn.standing.placement.messages for turn in turns] == [0, 0]


def test_a_reply_that_was_not_recorded_is_not_an_empty_one(replay):
    # The second request goes on as if something had been answered: that is no other answer than the first one got.
    bodies = [{"messages": [HELLO]}, {"messages": [{"role": "user", "content": "hello over there"}]}]
    turns = replay({"requests": bodies})
    assert all(turn.exchange.reply.messages == () for turn in turns)
    input_ = {"requests": [{"input": "hello"}, {"input": "something else"}]}
    assert all(turn.exchange.reply.messages == () for turn in replay(input_))


@pytest.mark.parametrize(
    ("api", "path", "message", "text"),
    [
        ("chat", "/v1/chat/completions", {"role": "assistant", "content": "hi"}, "hi"),
        ("messages", "/v1/messages", {"role": "assistant", "content": "hi"}, "hi"),
        ("messages", "/v1/messages", {"role": "assistant", "content": [{"type": "text", "text": "hi"}]}, "hi"),
        ("responses", "/v1/responses", [{"role": "assistant", "content": "hi"}], "hi"),
        (
            "responses",
            "/v1/responses",
            {"output": [{"type": "message", "content": [{"type": "output_text", "text": "hi"}]}]},
            "hi",
        ),
    ],
)
def test_a_recorded_message_is_read_in_the_form_of_its_api(replay, api, path, message, text):
    body = {"model": "m", "messages": [HELLO], "input": "hello"}
    (turn,) = replay({"host": "h", "path": path, "body": body, "response_message": message})
    assert turn.exchange.api == api
    assert [said.text for said in turn.exchange.reply.messages] == [text]


def test_a_response_says_no_more_than_was_recorded():
    line = {"path": "/v1/chat/completions", "body": {"messages": [HELLO]}, "usage": USAGE}
    (request,) = source_of(json.dumps(line).encode(), place="a:1").requests
    assert json.loads(response_of(request)) == {"usage": USAGE, "choices": []}
