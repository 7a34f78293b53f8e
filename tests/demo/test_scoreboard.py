import pytest

from costproxy.demo.scoreboard import REQUESTS, Score, line, short, table

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
"""


def test_totals_sum_over_the_labels_not_named() -> None:
    score = Score.read(TEXT)
    assert score.total(REQUESTS) == 12_006
    assert score.total(REQUESTS, app=["b"]) == 5
    assert score.total(REQUESTS, app=["b"], outcome=["upstream_timeout"]) == 3
    assert score.total("costproxy_none") == 0


def test_the_line_names_only_the_kinds_of_tokens_there_are() -> None:
    assert line(Score.read(TEXT), 65.4) == (
        "  65 s  requests 12006  streams 7  in flight 4  429 0  too long 0  left 1  errors 5"
        "  tokens: input 4500, cache read 1.50M"
    )
    assert line(Score.read(""), 0).endswith("tokens: none yet")


def test_the_table_has_a_row_for_each_app_that_worked() -> None:
    head, *rows = table(Score.read(TEXT))
    assert [row.split()[0] for row in rows] == ["a", "b", "all"]
    assert rows[-1].split()[1:] == ["12,006", "12,000", "0", "0", "1", "5", "4,500", "1,500,000", "0", "0"]
    assert {len(row) for row in rows} == {len(head)}


@pytest.mark.parametrize(("count", "text"), [(0, "0"), (9999, "9999"), (12_345, "12.3k"), (4_560_000, "4.56M")])
def test_counts_are_shown_short(count: int, text: str) -> None:
    assert short(count) == text


def test_text_that_is_no_exposition_is_refused() -> None:
    with pytest.raises(ValueError, match="float"):
        Score.read("costproxy_x nonsense\n")
