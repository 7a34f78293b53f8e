import pytest

from costproxy.offline.audit_text import plain_dollars, printable, table
from costproxy.offline.report import Report
from tests.offline.conftest import REPLY, REQUEST

XAI = {"prompt_tokens": 26, "completion_tokens": 0, "total_tokens": 26, "cost_in_usd_ticks": 325_000}


def test_sums_are_told_by_model_and_kind_and_no_quality_is_mixed_with_another(audit):
    report = Report()
    report.add(audit(host="api.openai.com", request=REQUEST, response=REPLY))
    report.add(audit(host="api.openai.com", request=REQUEST, response=REPLY))
    estimated = {"model": "gpt-4o-2024-08-06", "choices": [{"message": {"content": ""}, "finish_reason": "stop"}]}
    report.add(audit(host="api.openai.com", request=REQUEST, response=estimated))
    report.add(audit(host="api.x.ai", response={"model": "grok-4.3", "usage": XAI, "choices": []}))
    report.add(audit(response=REPLY | {"model": "own\x1b[2J"}))
    report.add(audit(status=401, response={"error": {"message": "no"}}))
    report.add(audit(path="/v1/embeddings", response={}))

    lines = list(report.lines())
    assert lines[0].split() == ["model", "at", "kind", "tokens", "quality", "cost,", "$", "quality", "source"]
    assert [line.split() for line in lines[1:-1]] == [
        ["gpt-4o-2024-08-06", "openai", "input", "1,200", "exact", "0.003", "exact", "catalogue"],
        ["gpt-4o-2024-08-06", "openai", "input", "8", "estimated", "0.00002", "estimated", "catalogue"],
        ["gpt-4o-2024-08-06", "openai", "cache_read", "800", "exact", "0.001", "exact", "catalogue"],
        ["gpt-4o-2024-08-06", "openai", "output", "100", "exact", "0.001", "exact", "catalogue"],
        ["grok-4.3", "xai", "input", "26", "exact", "0.0000325", "exact", "reported"],
        ["own\\x1b[2J", "generic", "input", "600", "exact", "unknown", "unknown"],
        ["own\\x1b[2J", "generic", "cache_read", "400", "exact", "unknown", "unknown"],
        ["own\\x1b[2J", "generic", "output", "50", "exact", "unknown", "unknown"],
    ]
    assert list(report.summary()) == [
        "exchanges: 7 (success 5, client_error 1)",
        "not metered: 1 (api_embeddings 1); what they cost is unknown",
        "cost: exact $0.0050325 (3), adjusted $0.00 (0), estimated $0.00002 (1), unknown (1), not billed (1)",
        "cost unknown: 1 (unknown model 1)",
        "reported against computed, xai: $0.0000325 against $0.0000325, ratio 1.000000; 1 of 1 equal",
    ]


def test_a_report_of_nothing_says_so():
    assert list(Report().lines()) == []
    assert next(Report().summary()) == "exchanges: 0"


@pytest.mark.parametrize(
    ("pico", "text"),
    [
        (0, "0.00"),
        (1, "0.000000000001"),
        (10**12, "1.00"),
        (1_095_900_000, "0.0010959"),
        (123 * 10**30, f"123{'0' * 18}.00"),
    ],
)
def test_dollars_are_told_exactly(pico, text):
    assert plain_dollars(pico) == text


def test_amounts_stand_with_their_points_below_each_other():
    assert table(("a", "b"), [("x", "1.25"), ("y", "10.5"), ("z", "unknown")], right=frozenset({1})) == [
        "a        b",
        "x     1.25",
        "y    10.5",
        "z  unknown",
    ]


@pytest.mark.parametrize(
    ("name", "shown"), [("gpt-4o é", "gpt-4o é"), ("a\nb\x1b", "a\\nb\\x1b"), ("\ud800", "\\ud800")]
)
def test_a_strangers_name_cannot_move_the_cursor(name, shown):
    assert printable(name) == shown
