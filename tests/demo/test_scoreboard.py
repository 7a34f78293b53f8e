import re

import pytest

from costproxy.demo.scoreboard import REQUESTS, Score, line, short, tables

TEXT = """\
# TYPE python_info gauge
python_info{version="3"} 1.0
# TYPE costproxy_requests_total counter
costproxy_requests_total{app="a",outcome="success"} 12000.0
costproxy_requests_total{app="a",outcome="client_abort"} 1.0
costproxy_requests_total{app="b",outcome="upstream_truncated"} 2.0
costproxy_requests_total{app="b",outcome="upstream_timeout"} 3.0
costproxy_requests_total{app="idle",outcome="success"} 0.0
# TYPE costproxy_tokens_total counter
costproxy_tokens_total{app="a",kind="input",quality="exact"} 4000.0
costproxy_tokens_total{app="b",kind="input",quality="adjusted"} 500.0
costproxy_tokens_total{app="a",kind="cache_read",quality="exact"} 1500000.0
# TYPE costproxy_in_flight_requests gauge
costproxy_in_flight_requests{upstream="default"} 4.0
# TYPE costproxy_time_to_first_token_seconds histogram
costproxy_time_to_first_token_seconds_bucket{le="+Inf"} 7.0
costproxy_time_to_first_token_seconds_count 7.0
costproxy_time_to_first_token_seconds_sum 1.0
# TYPE costproxy_conversation_requests_total counter
costproxy_conversation_requests_total{app="a",verdict="new"} 30.0
costproxy_conversation_requests_total{app="a",verdict="compaction_suspected"} 1.0
costproxy_conversation_requests_total{app="a",verdict="continue"} 300.0
# TYPE costproxy_conversation_prompt_tokens_total counter
costproxy_conversation_prompt_tokens_total{app="a",part="new",quality="exact"} 200.0
costproxy_conversation_prompt_tokens_total{app="a",part="resent",quality="exact"} 700.0
costproxy_conversation_prompt_tokens_total{app="a",part="resent",quality="estimated"} 100.0
# TYPE costproxy_context_used_ratio histogram
costproxy_context_used_ratio_bucket{le="0.25",model="m"} 2.0
costproxy_context_used_ratio_bucket{le="0.7",model="m"} 4.0
costproxy_context_used_ratio_bucket{le="0.85",model="m"} 5.0
costproxy_context_used_ratio_bucket{le="+Inf",model="m"} 5.0
costproxy_context_used_ratio_count{model="m"} 5.0
costproxy_context_used_ratio_sum{model="m"} 2.0
# TYPE costproxy_context_warnings_total counter
costproxy_context_warnings_total{app="a",threshold="0.7"} 2.0
costproxy_context_warnings_total{app="a",threshold="0.85"} 1.0
costproxy_context_warnings_total{app="a",threshold="0.95"} 0.0
# TYPE costproxy_conversation_mistakes_total counter
costproxy_conversation_mistakes_total{app="a",kind="reply_dropped"} 5.0
costproxy_conversation_mistakes_total{app="a",kind="system_changed"} 2.0
costproxy_conversation_mistakes_total{app="b",kind="reply_dropped"} 0.0
"""


def test_totals_sum_over_the_labels_not_named() -> None:
    score = Score.read(TEXT)
    assert score.total(REQUESTS) == 12_006
    assert score.total(REQUESTS, app=["b"]) == 5
    assert score.total(REQUESTS, app=["b"], outcome=["upstream_timeout"]) == 3
    assert score.total("costproxy_none") == 0


def test_the_line_tells_of_conversations() -> None:
    assert line(Score.read(TEXT), 65.4) == ("  65 s  requests 12.0k  chats 31  resent 80%  fullest >70%  mistakes 7")
    assert line(Score.read(""), 0) == "   0 s  requests 0  chats 0  resent -  fullest -  mistakes 0"


def test_the_line_fits_a_terminal() -> None:
    many = re.sub(r" \d+\.0$", " 999999.0", TEXT, flags=re.MULTILINE)
    assert len(line(Score.read(many), 3600)) <= 80


def test_a_window_that_is_hardly_used_is_said_to_be_so() -> None:
    hardly = re.sub(r"(_ratio_bucket\{.*\}) .*", r"\1 5.0", TEXT)
    assert "fullest <25%" in line(Score.read(hardly), 1)


def test_the_tables_have_a_row_for_each_app_that_worked() -> None:
    outcomes, tokens, conversations = "\n".join(tables(Score.read(TEXT))).split("\n\n")
    for table in (outcomes, tokens, conversations):
        head, *rows = table.splitlines()
        assert [row.split()[0] for row in rows] == ["a", "b", "all"]
        assert {len(row) for row in rows} == {len(head)}
        assert len(head) <= 80
    assert _cells(outcomes, "all") == ["12,006", "12,000", "0", "0", "1", "5"]
    assert _cells(tokens, "all") == ["4,500", "1,500,000", "0", "0"]
    assert _cells(conversations, "a") == ["31", "80%", "85%", "7", "reply_dropped"]
    assert _cells(conversations, "b") == ["0", "-", "-", "0", "-"]
    assert _cells(conversations, "all") == ["31", "80%", "85%", "7", "reply_dropped"]


def _cells(table: str, app: str) -> list[str]:
    return next(row.split()[1:] for row in table.splitlines() if row.split()[0] == app)


@pytest.mark.parametrize(("count", "text"), [(0, "0"), (9999, "9999"), (12_345, "12.3k"), (4_560_000, "4.56M")])
def test_counts_are_shown_short(count: int, text: str) -> None:
    assert short(count) == text


def test_text_that_is_no_exposition_is_refused() -> None:
    with pytest.raises(ValueError, match="float"):
        Score.read("costproxy_x nonsense\n")
