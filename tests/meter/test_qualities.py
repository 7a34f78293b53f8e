"""How far tokens and cost of an exchange can be trusted, by what happened to it."""

from typing import Any

import pytest

from costproxy.meter import Meter
from costproxy.model import Cost, CostQuality, CostSource, Ending, Timing, Turn, UsageQuality
from tests.meter.bodies import chunk, reply_body, request_body, seen, stream_body
from tests.support.turns import exchange

SENT = Timing(started=0.0, sent=0.1, ended=1.0)
USAGE = {"prompt_tokens": 10, "completion_tokens": 5}
HELLO = {"content": "Hello, wide world!"}
ROUTED = chunk(model="openai/gpt-4o", delta=HELLO)
HALF = stream_body([chunk(delta=HELLO)], done=False)
ERROR = {"error": {"message": "boom", "type": "server_error", "code": 502}}
REFUSED = b'{"error": {"message": "no", "type": "invalid_request_error"}}'
FILTERED = b'{"error": {"message": "filtered", "code": "content_filter", "status": 400}}'
FREE, UNKNOWN = CostQuality.NOT_BILLED, CostQuality.UNKNOWN
EXACT, ESTIMATED = CostQuality.EXACT, CostQuality.ESTIMATED


def failed(status: int, body: bytes = REFUSED, *, dialect: str = "openai") -> dict[str, Any]:
    return {"reply": body, "status": status, "dialect": dialect}


def streamed(*chunks: Any, done: bool = True, **facts: Any) -> dict[str, Any]:
    return {"reply": stream_body(chunks, done=done), **facts}


EVENTS: dict[str, tuple[dict[str, Any], CostQuality]] = {
    "a refusal of the body": (failed(400), FREE),
    "a wrong key": (failed(401), FREE),
    "a key without the right": (failed(403), FREE),
    "an unknown model": (failed(404), FREE),
    "money that ran out": (failed(402), FREE),
    "a rate limit": (failed(429), FREE),
    "a rate limit without a body": (failed(429, b""), FREE),
    "a tier that is full": (failed(498), FREE),
    "a prompt that is too long": (failed(400, b'{"error": {"code": "context_length_exceeded"}}'), FREE),
    "a filter on the input": (failed(400, FILTERED, dialect="azure"), UNKNOWN),
    "a 500 without a body": (failed(500, b""), UNKNOWN),
    "a 502 of a balancer": (failed(502, b"<html>"), UNKNOWN),
    "a 503": (failed(503), UNKNOWN),
    "a 504": (failed(504, b""), UNKNOWN),
    "an error inside a stream": (streamed(chunk(delta=HELLO), ERROR), ESTIMATED),
    "a router's error without a token": (streamed(ERROR, dialect="openrouter"), FREE),
    "a router's error with finish reason error": (
        streamed(chunk(delta=HELLO), chunk(finish="error", **ERROR), dialect="openrouter"),
        FREE,
    ),
    "a router's finish reason error": (
        streamed(chunk(delta=HELLO), chunk(finish="error"), dialect="openrouter"),
        FREE,
    ),
    "a router's reply of nothing": (streamed(chunk(delta={"role": "assistant"}), dialect="openrouter"), FREE),
    "a router's error after tokens": (streamed(ROUTED, ERROR, dialect="openrouter"), ESTIMATED),
    "a router's stream that was left": (
        streamed(ROUTED, done=False, ending=Ending.CLIENT_LEFT, dialect="openrouter"),
        ESTIMATED,
    ),
    "a client that left": ({"reply": HALF, "ending": Ending.CLIENT_LEFT}, ESTIMATED),
    "a stream that was cut": ({"reply": HALF, "ending": Ending.UPSTREAM_LOST}, ESTIMATED),
    "a stream that stalled": ({"reply": HALF, "ending": Ending.UPSTREAM_TIMEOUT}, ESTIMATED),
    "a stream that just ended": ({"reply": HALF}, ESTIMATED),
    "a stream without usage": (streamed(chunk(delta=HELLO), chunk(finish="stop")), ESTIMATED),
    "a reply without usage": ({"reply": reply_body(None)}, ESTIMATED),
    "a client that left after running usage": (
        streamed(chunk(delta=HELLO, usage=USAGE), done=False, ending=Ending.CLIENT_LEFT),
        EXACT,
    ),
    "a client that left after the usage": (
        streamed(chunk(finish="stop"), {"choices": [], "usage": USAGE}, ending=Ending.CLIENT_LEFT),
        EXACT,
    ),
    "a finish by the filter": (streamed(chunk(finish="content_filter", usage=USAGE)), EXACT),
    "a finish by length": (streamed(chunk(finish="length", usage=USAGE)), EXACT),
    "a refusal of the model": ({"reply": reply_body(USAGE)}, EXACT),
    "usage that contradicts itself": (
        {"reply": reply_body(USAGE | {"prompt_tokens_details": {"cached_tokens": 11}})},
        CostQuality.ADJUSTED,
    ),
    "a reply that nobody can read": ({"reply": b"\x1f\x8bno gzip at all", "encoding": "gzip"}, UNKNOWN),
    "a model without a price": (
        {"reply": reply_body(USAGE, "mystery-1"), "request": request_body("mystery-1")},
        UNKNOWN,
    ),
}


def made(meter: Meter, facts: dict[str, Any]) -> tuple[Turn, Cost]:
    turn = meter.turn(seen(**{"timing": SENT, **facts}))
    assert turn.cost is not None
    return turn, turn.cost


@pytest.mark.parametrize(("facts", "quality"), EVENTS.values(), ids=EVENTS)
def test_an_event_has_the_quality_that_is_written_down_for_it(
    meter: Meter, facts: dict[str, Any], quality: CostQuality
) -> None:
    turn, cost = made(meter, facts)
    assert cost.quality is quality
    if quality is UNKNOWN:
        assert (cost.total, cost.source) == (None, CostSource.UNKNOWN)
    if quality is FREE:
        assert (cost.total, cost.source, turn.usage) == (0, CostSource.NOT_BILLED, None)
    if quality in (EXACT, ESTIMATED, CostQuality.ADJUSTED):
        assert turn.usage is not None
        assert turn.usage.quality.value == quality.value


@pytest.mark.parametrize(("facts", "quality"), EVENTS.values(), ids=EVENTS)
def test_without_prices_or_an_estimator_nothing_becomes_zero(facts: dict[str, Any], quality: CostQuality) -> None:
    turn, cost = made(Meter(), facts)
    assert turn.usage is None or turn.usage.quality is not UsageQuality.ESTIMATED
    assert cost.total == (0 if quality is FREE else None)


@pytest.mark.parametrize("ending", [ending for ending in Ending if ending is not Ending.COMPLETE])
def test_what_never_reached_the_upstream_cost_nothing(meter: Meter, ending: Ending) -> None:
    unsent = exchange(reply=None, status=None, ending=ending, timing=Timing(started=0.0, ended=1.0))
    cost = meter.turn(unsent).cost
    assert cost is not None
    assert cost.quality is FREE


@pytest.mark.parametrize("ending", [Ending.CLIENT_LEFT, Ending.UPSTREAM_UNREACHABLE, Ending.UPSTREAM_TIMEOUT])
def test_what_did_and_was_never_answered_may_have_cost_something(meter: Meter, ending: Ending) -> None:
    cost = meter.turn(exchange(reply=None, status=None, ending=ending, timing=SENT)).cost
    assert cost is not None
    assert (cost.quality, cost.total) == (UNKNOWN, None)


@pytest.mark.parametrize("status", [400, 413, 502])
def test_a_status_of_our_own_says_nothing_about_the_bill(meter: Meter, status: int) -> None:
    for ending in (Ending.REFUSED, Ending.UPSTREAM_UNREACHABLE):
        cost = meter.turn(exchange(reply=None, status=status, ending=ending, timing=SENT)).cost
        assert cost is not None
        assert cost.quality is UNKNOWN


def test_an_api_that_is_not_read_has_no_cost_at_all(meter: Meter) -> None:
    assert meter.turn(exchange(api="embeddings", reply=None)).cost is None


def test_several_choices_are_not_multiplied(meter: Meter) -> None:
    asked = request_body(n=4)
    turn, cost = made(meter, {"reply": reply_body(USAGE), "request": asked})
    assert turn.usage is not None
    assert (turn.usage.prompt, turn.usage.completion) == (10, 5)
    assert cost.total == 10 * 2_500_000 + 5 * 10_000_000


# -- merging -----------------------------------------------------------------------------------------------------


def usage(prompt: int, completion: int, **more: Any) -> dict[str, Any]:
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion, **more}


LAST = {"choices": [], "usage": usage(10, 5)}
MERGED: dict[str, tuple[list[Any], str]] = {
    "one at the end": ([chunk(delta=HELLO), chunk(finish="stop"), LAST], "openai"),
    "null in every chunk": ([chunk(delta=HELLO, usage=None), chunk(finish="stop", usage=None), LAST], "openai"),
    "cumulative": (
        [chunk(delta=HELLO, usage=usage(10, 2)), chunk(delta=HELLO, usage=usage(10, 5)), chunk(finish="stop")],
        "perplexity",
    ),
    "zeros first": ([chunk(usage=usage(0, 0)), chunk(finish="stop"), LAST], "openai"),
    "zeros last": ([chunk(finish="stop"), LAST, {"choices": [], "usage": usage(0, 0)}], "openai"),
    "prompt first, completion later": (
        [chunk(usage=usage(10, 0)), chunk(delta=HELLO, usage=usage(10, 3)), chunk(finish="stop"), LAST],
        "vllm",
    ),
    "a prelude and an epilogue": (
        [{"choices": [], "model": ""}, chunk(finish="stop"), LAST, chunk(content_filter_offsets={})],
        "azure",
    ),
    "start and delta": (
        [chunk(usage={"prompt_tokens": 10}), chunk(finish="stop", usage={"completion_tokens": 5})],
        "generic",
    ),
    "beside the finish reason": ([chunk(delta=HELLO), chunk(finish="stop", usage=usage(10, 5))], "mistral"),
    "in a place of its own": ([chunk(finish="stop", x_groq={"usage": usage(10, 5)})], "groq"),
    "in both places": ([chunk(finish="stop", x_groq={"usage": usage(10, 5)}, usage=usage(10, 5))], "groq"),
    "in the choice and after it": (
        [{"model": "gpt-4o", "choices": [{"finish_reason": "stop", "usage": usage(10, 5)}]}, LAST],
        "moonshot",
    ),
}


@pytest.mark.parametrize(("chunks", "dialect"), MERGED.values(), ids=MERGED)
def test_however_a_stream_spreads_its_usage_it_is_counted_once(meter: Meter, chunks: list[Any], dialect: str) -> None:
    turn, cost = made(meter, {"reply": stream_body(chunks), "dialect": dialect})
    assert turn.usage is not None
    assert (turn.usage.input, turn.usage.output) == (10, 5)
    assert (turn.usage.prompt, turn.usage.completion) == (10, 5)
    assert turn.usage_missing is None
    assert cost.quality in (EXACT, UNKNOWN)  # some of these providers do not sell gpt-4o
