"""One canonical line per exchange, made of facts that are ours to tell."""

import io
import json
from typing import Any

import pytest

from costproxy.model import ChatReply, ChatRequest, Ending, Outcome, ReplyError, Timing, Turn, Usage, UsageQuality
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
}


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
    return turn(
        app="shop",
        timing=Timing(started=10.0, ended=12.5, sent=10.1, replied=10.5, overhead=0.0003),
        bytes_in=100,
        bytes_out=2000,
        injected=True,
        request=ChatRequest(model="alias", stream=True, messages=3, tools=1),
        reply=reply,
    )


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
    line = line_of(turn(status=None, ending=Ending.CLIENT_LEFT, reply=None, timing=Timing(started=0, ended=1)))
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
    (line,) = written(turn(**facts))
    assert json.loads(line)["level"] == level


def test_a_level_that_is_set_higher_leaves_lines_out():
    turns = [turn(), turn(reply=None, status=500), turn(reply=None, ending=Ending.PROXY_FAULT)]
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
