"""One canonical line per exchange, made of facts that are ours to tell."""

import io
import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from costproxy.model import (
    ChatReply,
    ChatRequest,
    Cost,
    CostQuality,
    CostSource,
    Ending,
    Outcome,
    ReplyError,
    Timing,
    Turn,
    Usage,
    UsageQuality,
    not_billed,
)
from costproxy.model.money import PriceReference
from costproxy.recording.log import Log, line_of
from costproxy.wire import errors
from tests.support.turns import turn

FACTS = {
    "exchange": "0123456789abcdef",
    "upstream": "default",
    "api": "chat",
    "app": "shop",
    "method": "POST",
    "status": 200,
    "outcome": "success",
    "ending": "complete",
    "model": "gpt-4o",
    "duration_ms": 2500.0,
    "upstream_wait_ms": 400.0,
    "overhead_ms": 0.3,
    "request_bytes": 100,
    "response_bytes": 2000,
    "usage_asked_for": True,
    "stream": True,
    "messages": 3,
    "tools": 1,
    "finish_reason": "stop,length",
    "first_token_ms": 700.0,
    "prompt_tokens": 7,
    "completion_tokens": 24,
    "input_tokens": 1,
    "cache_read_tokens": 2,
    "cache_write_tokens": 4,
    "output_tokens": 8,
    "reasoning_tokens": 16,
    "usage_quality": "adjusted",
    "anomalies": "total_mismatch",
    "cost_source": "catalogue",
    "cost_quality": "adjusted",
    "cost_usd": "0.000000000042",
    "price_row": "openai/gpt-4o#1",
}
COST = Cost(
    total=42,
    parts={"input": 2, "output": 40},
    source=CostSource.CATALOGUE,
    quality=CostQuality.ADJUSTED,
    computed=42,
    price=PriceReference(model="openai/gpt-4o", row="openai/gpt-4o#1"),
)
UNKNOWN = Cost(total=None, source=CostSource.UNKNOWN, quality=CostQuality.UNKNOWN, reason="unknown model")


def everything() -> Turn:
    usage = Usage(
        input=1,
        cache_read=2,
        cache_write=4,
        output=8,
        reasoning=16,
        quality=UsageQuality.ADJUSTED,
        anomalies=("total_mismatch",),
    )
    reply = ChatReply(
        model="gpt-4o",
        finish_reasons=("stop", "length"),
        usage=usage,
        complete=True,
        streamed=True,
        first_token_at=10.7,
        last_token_at=12.0,
    )
    metered = turn(
        app="shop",
        timing=Timing(started=10.0, ended=12.5, sent=10.1, replied=10.5, overhead=0.0003),
        bytes_in=100,
        bytes_out=2000,
        injected=True,
        request=ChatRequest(model="alias", stream=True, messages=3, tools=1),
        reply=reply,
    )
    return replace(metered, cost=COST)


def priced(**facts: Any) -> Turn:
    """Return a turn whose cost is known, so that it has one line and no more."""
    return replace(turn(**facts), cost=COST)


def written(*turns: Turn, level: str = "info", form: str = "json") -> list[str]:
    stream = io.StringIO()
    log = Log(level=level, form=form, on_drop=lambda: None, stream=stream)
    for each in turns:
        log.record(each)
    log.close()
    return stream.getvalue().splitlines()


def test_a_line_holds_these_facts_and_no_other():
    assert line_of(everything()) == FACTS


def test_a_line_is_one_json_object_with_its_time_and_level():
    (line,) = written(everything())
    read: dict[str, Any] = json.loads(line)
    assert read.pop("event") == "exchange"
    assert read.pop("level") == "info"
    assert read.pop("timestamp").endswith("Z")
    assert read == FACTS


def test_what_is_not_known_is_left_out_and_not_zero():
    timing = Timing(started=0, ended=1, sent=0.25)  # what the upstream makes of it, and bills, nobody knows
    line = line_of(turn(status=None, ending=Ending.CLIENT_LEFT, reply=None, timing=timing))
    assert line == {
        "exchange": "0123456789abcdef",
        "upstream": "default",
        "api": "chat",
        "method": "POST",
        "outcome": "client_abort",
        "ending": "client_left",
        "duration_ms": 1000.0,
        "overhead_ms": 0.0,
        "request_bytes": 0,
        "response_bytes": 0,
        "cost_source": "unknown",
        "cost_quality": "unknown",
        "failure": "client_gone",
    }


@pytest.mark.parametrize(
    ("facts", "level"),
    [
        ({}, "info"),
        ({"reply": None, "status": 404}, "info"),
        ({"reply": None, "status": 429}, "warning"),
        ({"reply": None, "status": 500}, "warning"),
        ({"reply": None, "status": 504}, "warning"),
        ({"reply": ChatReply(streamed=True)}, "warning"),
        ({"reply": ChatReply(error=ReplyError(kind=errors.CONTEXT)), "status": 400}, "warning"),
        ({"reply": None, "ending": Ending.CLIENT_LEFT}, "info"),
        ({"reply": None, "ending": Ending.PROXY_FAULT}, "error"),
    ],
)
def test_the_level_tells_whom_it_concerns(facts, level):
    lines = [json.loads(line) for line in written(priced(**facts))]
    assert [line["level"] for line in lines if line["event"] == "exchange"] == [level]


def test_a_level_that_is_set_higher_leaves_lines_out():
    turns = [priced(), priced(reply=None, status=500), priced(reply=None, ending=Ending.PROXY_FAULT)]
    assert [json.loads(line)["outcome"] for line in written(*turns, level="warning")] == [
        Outcome.UPSTREAM_ERROR,
        Outcome.PROXY_ERROR,
    ]
    assert len(written(*turns, level="error")) == 1


def test_an_error_is_logged_by_its_kind():
    reply = ChatReply(error=ReplyError(kind=errors.QUOTA))
    line = line_of(turn(status=429, reply=reply))
    assert (line["error"], line["limit_reason"], line["outcome"]) == ("quota", "quota", "rate_limited")


@pytest.mark.parametrize("name", ["a\nb", "gpt-\ud800", "\x1b[31mred", "x" * 10_000, '{"a":1}', "\u2028"])
@pytest.mark.parametrize("form", ["json", "console"])
def test_names_of_strangers_make_no_second_line_and_no_colour(name, form):
    reply = ChatReply(model=name, finish_reasons=(name,), complete=True)
    lines = written(turn(app=name, method=name, reply=reply), form=form)
    assert len(lines) == 1
    assert len(lines[0]) < 1500
    assert name not in lines[0] or name == '{"a":1}'
    assert "\x1b[31mred" not in lines[0]


def test_events_of_the_process_are_lines_too():
    stream = io.StringIO()
    log = Log(level="info", form="json", on_drop=lambda: None, stream=stream)
    log.event("listening", url="http://127.0.0.1:1")
    log.close()
    assert json.loads(stream.getvalue()) | {"timestamp": ""} == {
        "event": "listening",
        "url": "http://127.0.0.1:1",
        "level": "info",
        "timestamp": "",
    }


# -- money ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("total", "text"),
    [
        (1, "0.000000000001"),
        (212_500_000_000, "0.2125"),
        (3_000_000_000_000, "3"),
        (100_000_000_000_000, "100"),
        (123_456_789_012_345_678, "123456.789012345678"),
        (0, "0"),
    ],
)
def test_cost_is_text_in_dollars_with_every_digit_and_no_exponent(total, text):
    cost = Cost(total=total, parts={"input": total}, source=CostSource.REPORTED, quality=CostQuality.EXACT)
    line = line_of(replace(turn(), cost=cost))
    assert line["cost_usd"] == text
    assert "price_row" not in line


def test_unknown_cost_is_left_out_and_free_is_0():
    unknown, free = (line_of(replace(turn(), cost=cost)) for cost in (UNKNOWN, not_billed()))
    assert "cost_usd" not in unknown
    assert (unknown["cost_source"], unknown["cost_quality"]) == ("unknown", "unknown")
    assert (free["cost_usd"], free["cost_source"], free["cost_quality"]) == ("0", "not_billed", "not_billed")


def test_what_is_no_chat_says_nothing_of_cost():
    line = line_of(turn(api="embeddings", reply=None))
    assert [name for name in line if name.startswith(("cost", "price"))] == []


def test_estimated_tokens_say_so_and_have_no_report():
    guess = Usage(input=7, output=3, quality=UsageQuality.ESTIMATED)
    line = line_of(replace(turn(reply=ChatReply(model="m"), ending=Ending.CLIENT_LEFT), usage=guess))
    assert (line["prompt_tokens"], line["completion_tokens"], line["usage_quality"]) == (7, 3, "estimated")
    assert line["usage_missing"] == "client_abort"


# -- models without a price ---------------------------------------------------------------------------------------


def unpriced(model: str | None = "m", **facts: Any) -> Turn:
    return replace(turn(**facts), model=model, cost=UNKNOWN)


def models_said(lines: list[str]) -> list[str]:
    return [read["model"] for line in lines if (read := json.loads(line))["event"] == "unpriced"]


def test_a_model_without_a_price_is_said_with_the_reason_as_a_warning():
    exchange, said = map(json.loads, written(unpriced()))
    assert exchange["event"] == "exchange"
    assert said.pop("timestamp").endswith("Z")
    assert said == {
        "event": "unpriced",
        "level": "warning",
        "upstream": "default",
        "model": "m",
        "reason": "unknown model",
    }


def test_it_is_said_once_an_hour_for_each_model():
    clock = SimpleNamespace(now=0.0)
    stream = io.StringIO()
    log = Log(level="warning", form="json", on_drop=lambda: None, stream=stream, clock=lambda: clock.now)
    for now, model in [(0, "a"), (1, "a"), (2, "b"), (3599, "a"), (3600, "a"), (3601, "b"), (3602, "b"), (3603, "b")]:
        clock.now = now
        log.record(unpriced(model))
    log.close()
    assert models_said(stream.getvalue().splitlines()) == ["a", "b", "a", "b"]


@pytest.mark.parametrize(
    "quiet",
    [priced(), replace(turn(), cost=not_billed()), replace(unpriced(), usage=None), turn(api="embeddings")],
    ids=["priced", "not billed", "no tokens known", "no chat"],
)
def test_nothing_is_said_where_no_price_is_missing(quiet):
    assert models_said(written(quiet)) == []


def test_strangers_names_cannot_fill_the_memory_of_what_was_said():
    stream = io.StringIO()
    log = Log(level="error", form="json", on_drop=lambda: None, stream=stream)
    for number in range(3000):
        log.record(unpriced(f"junk-{number}"))
    log.close()
    assert len(log._said_unpriced) <= 1000


def test_a_model_without_a_name_or_with_a_hostile_one_is_said_on_one_line():
    lines = written(unpriced(None), unpriced("a\nb"), unpriced("x" * 10_000))
    assert models_said(lines) == ["none", "a?b", "other"]
    assert len(lines) == 6
