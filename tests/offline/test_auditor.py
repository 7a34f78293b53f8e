import json

import pytest

from costproxy.model import Outcome, TokenKind, UsageQuality
from costproxy.model.money import CostQuality, CostSource
from costproxy.offline.as_json import json_line
from tests.offline.conftest import REPLY, REQUEST


def test_an_exchange_is_priced_by_kind(audit):
    audited = audit(host="api.openai.com", at="2026-11-22T10:00:00Z", request=REQUEST, response=REPLY)

    fields = json.loads(json_line(audited, place="a.jsonl:3"))
    estimate = fields.pop("prompt_estimate")
    version = fields["cost"]["price"].pop("catalogue")
    row = fields["cost"]["price"].pop("row")
    assert (estimate, version[:2], row[:14]) == (8, "20", "openai/gpt-4o#")
    kinds = {"input": 600, "cache_read": 400, "output": 50}
    assert fields == {
        "place": "a.jsonl:3",
        "at": "2026-11-22T10:00:00Z",
        "at_from": "given",
        "host": "api.openai.com",
        "dialect": "openai",
        "api": "chat",
        "status": 200,
        "model": "gpt-4o-2024-08-06",
        "model_requested": "gpt-4o",
        "model_served": "gpt-4o-2024-08-06",
        "service_tier": None,
        "classification": {
            "outcome": "success",
            "error": None,
            "limit_reason": None,
            "finish_reasons": ["stop"],
            "streamed": False,
            "usage_missing": None,
            "unmetered": None,
        },
        "usage": {
            "by_kind": {kind.value: kinds.get(kind.value, 0) for kind in TokenKind},
            "prompt": 1000,
            "completion": 50,
            "quality": "exact",
            "anomalies": [],
        },
        "cost": {
            "pico_usd": 2_500_000_000,
            "usd": "0.0025",
            "by_kind": {"input": 1_500_000_000, "cache_read": 500_000_000, "output": 500_000_000},
            "quality": "exact",
            "source": "catalogue",
            "reported_pico_usd": None,
            "reported_text": None,
            "computed_pico_usd": 2_500_000_000,
            "reason": None,
            "price": {"model": "openai/gpt-4o", "since": None},
        },
    }


def test_a_stream_is_read_as_one(audit):
    chunks = [
        {"model": "gpt-4o", "choices": [{"index": 0, "delta": {"content": "hi"}}]},
        {"model": "gpt-4o", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        {"model": "gpt-4o", "choices": [], "usage": {"prompt_tokens": 8, "completion_tokens": 1, "total_tokens": 9}},
    ]
    text = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
    # Recorded headers still name the encoding that was undone when the text was recorded.
    audited = audit(host="api.openai.com", response_text=text, response_headers={"content-encoding": "gzip"})

    assert audited.turn.exchange.reply.streamed
    assert (audited.turn.outcome, audited.turn.usage.prompt) == (Outcome.SUCCESS, 8)
    assert audited.prompt_estimate is None  # no request was recorded


def test_missing_usage_is_estimated_and_says_so(audit):
    reply = {key: value for key, value in REPLY.items() if key != "usage"}
    turn = audit(host="api.openai.com", request=REQUEST, response=reply).turn

    assert turn.usage_missing == "not_sent"
    assert (turn.usage.quality, turn.cost.quality) == (UsageQuality.ESTIMATED, CostQuality.ESTIMATED)


def test_what_the_biller_said_stands_beside_what_is_computed(audit):
    usage = {"prompt_tokens": 218, "completion_tokens": 410, "total_tokens": 628, "cost_in_usd_ticks": 10_959_000}
    usage["prompt_tokens_details"] = {"cached_tokens": 192}
    cost = audit(host="api.x.ai", response={"model": "grok-4.3", "usage": usage, "choices": []}).turn.cost

    assert (cost.source, cost.reported, cost.computed) == (CostSource.REPORTED, 1_095_900_000, 1_095_900_000)


@pytest.mark.parametrize(("path", "reason"), [("/v1/embeddings", "api_embeddings"), ("/v1/rerank", "api_rerank")])
def test_an_api_that_is_not_read_is_unmetered_and_not_free(audit, path, reason):
    fields = json.loads(json_line(audit(path=path, request=REQUEST, response=REPLY), place="a:1"))

    assert fields["classification"]["unmetered"] == reason
    assert (fields["usage"], fields["cost"], fields["prompt_estimate"]) == (None, None, None)


def test_a_bill_of_the_responses_api_is_what_is_computed(audit):
    usage = {"input_tokens": 202, "output_tokens": 205, "total_tokens": 407, "cost_in_usd_ticks": 6_306_000}
    details = {"input_tokens_details": {"cached_tokens": 128}, "output_tokens_details": {"reasoning_tokens": 125}}
    response = {"model": "grok-4.3", "status": "completed", "output": [], "usage": usage | details}
    turn = audit(host="api.x.ai", path="/v1/responses", response=response).turn

    assert (turn.cost.source, turn.cost.reported, turn.cost.computed) == (CostSource.REPORTED, 630_600_000, 630_600_000)
    assert (turn.usage.cache_read, turn.usage.output, turn.usage.reasoning) == (128, 80, 125)


def test_a_compaction_that_the_messages_api_hides_is_priced(audit):
    passes = [{"type": "compaction", "input_tokens": 99_195, "output_tokens": 81}]
    passes.append({"type": "message", "input_tokens": 162, "output_tokens": 5})
    usage = {"input_tokens": 162, "output_tokens": 5, "iterations": passes}
    response = {
        "type": "message",
        "model": "claude-sonnet-4-6",
        "content": [],
        "stop_reason": "end_turn",
        "usage": usage,
    }
    turn = audit(host="api.anthropic.com", path="/v1/messages", response=response).turn

    assert (turn.usage.prompt, turn.usage.completion) == (99_357, 86)
    assert turn.cost.total == 99_357 * 3_000_000 + 86 * 15_000_000


def test_a_rejection_is_classified_and_not_billed(audit):
    error = {"error": {"message": "Rate limit reached", "type": "tokens", "code": "rate_limit_exceeded"}}
    fields = json.loads(json_line(audit(status=429, response=error), place="a:1"))

    assert fields["classification"]["outcome"] == "rate_limited"
    assert fields["classification"]["limit_reason"] == "tokens"
    assert (fields["cost"]["pico_usd"], fields["cost"]["quality"]) == (0, "not_billed")


def test_an_unknown_model_has_no_cost_and_not_zero(audit):
    cost = json.loads(json_line(audit(response=REPLY | {"model": "own"}), place="a:1"))["cost"]

    assert (cost["pico_usd"], cost["usd"], cost["quality"]) == (None, None, "unknown")
    assert (cost["reason"], cost["by_kind"], cost["price"]) == ("unknown model", {}, None)


def test_no_line_holds_what_was_said(audit):
    request = {"model": "gpt-4o", "messages": [{"role": "user", "content": "canary"}]}
    reply = REPLY | {"choices": [{"index": 0, "message": {"content": "canary"}, "finish_reason": "stop"}]}

    assert "canary" not in json_line(audit(request=request, response=reply), place="a:1")
