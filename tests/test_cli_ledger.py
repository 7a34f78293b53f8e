"""`costproxy report`, `conversation` and `export`: what they print, and what they say when there is nothing."""

import csv
import io
import json
from pathlib import Path

import pytest

from costproxy.cli import main
from costproxy.commands.ledger_flags import GROUPS as FLAG_GROUPS
from costproxy.commands.ledger_flags import moment
from costproxy.commands.sheet import dollars
from costproxy.recording.ledger import GROUPS, SqliteLedger
from costproxy.recording.ledger.retention import Retention, sweep
from costproxy.recording.ledger.store import Store
from tests.recording.ledger.made import START, kept, recorded, refused, until

COUNT = 120


@pytest.fixture(name="data", scope="module")
def _data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("data")
    turns = [recorded(number) for number in range(COUNT)] + [refused(3)]
    odd = recorded(COUNT, app="=HYPERLINK()|<b>", started_at=START)
    kept(data / "ledger" / "ledger.sqlite", [*turns, odd])
    return data


@pytest.fixture(name="run")
def _run(data, capsys):
    def run(*words: str, code: int = 0) -> str:
        assert main([words[0], "--data-dir", str(data), *words[1:]]) == code
        printed = capsys.readouterr()
        return printed.out if code == 0 else printed.err

    return run


def test_a_report_tells_spend_conversations_and_mistakes(run) -> None:
    text = run("report", "--top", "3")
    assert text.startswith("spend by model\n")
    assert "conversations that spent most" in text
    assert "reply_dropped" in text
    assert len([line for line in text.splitlines() if line.startswith("  00000000000000")]) == 3


@pytest.mark.parametrize("by", [*GROUPS, "app,model", "day,app"])
def test_the_rows_of_every_report_add_up_to_the_same(run, by) -> None:
    rows = json.loads(run("report", "--by", by, "--format", "json"))["spend"]
    counted = COUNT + 1 if "conversation" in by else COUNT + 2
    assert sum(row["requests"] for row in rows) == counted
    known = [row["cost_pico_usd"] for row in rows if row["cost_pico_usd"] is not None]
    assert sum(known) == sum(recorded(number).cost.total for number in range(COUNT + 1))


def test_qualities_are_never_in_one_row(run) -> None:
    rows = json.loads(run("report", "--by", "upstream", "--format", "json"))["spend"]
    assert {row["quality"] for row in rows} == {"exact", "adjusted", "estimated", "not_billed"}
    assert len({(row["upstream"], row["tokens_quality"], row["quality"], row["source"]) for row in rows}) == len(rows)


def test_csv_is_the_first_table_and_safe_for_a_spreadsheet(run) -> None:
    rows = list(csv.DictReader(io.StringIO(run("report", "--by", "app", "--format", "csv"))))
    assert {row["app"] for row in rows} >= {"shop", "help", "none", "'=HYPERLINK()|<b>"}
    assert all(row["cost_pico_usd"].isdigit() for row in rows)


def test_markdown_takes_names_as_text(run) -> None:
    text = run("report", "--by", "app", "--format", "md")
    assert "| =HYPERLINK()\\|\\<b\\> |" in text
    assert text.startswith("### spend by app\n\n| app | tokens |")


@pytest.mark.parametrize(("flags", "count"), [
    (("--app", "shop"), COUNT // 3),
    (("--app", "none"), COUNT // 3 + 1),
    (("--model", "n", "--upstream", "local"), COUNT // 2),
    (("--since", "2026-09-21T15:00", "--until", "2026-09-21T16:00"), 60),
    (("--until", "2020-01-01"), 0),
])  # fmt: skip
def test_filters_leave_out_the_rest(run, flags, count) -> None:
    rows = json.loads(run("report", "--format", "json", *flags))["spend"]
    assert sum(row["requests"] for row in rows) == count


def test_a_report_of_nothing_says_so(run) -> None:
    assert "no exchange in that time" in run("report", "--until", "2020-01-01")


def test_a_conversation_is_told_turn_by_turn(run) -> None:
    told = json.loads(run("conversation", f"{2:016x}", "--format", "json"))
    assert [row["turn"] for row in told["turns"]] == list(range(1, 12))
    assert {row["type"] for row in told["events"]} == {"mistake", "warning"}
    text = run("conversation", f"{2:016x}")
    assert text.startswith(f"conversation {2:016x}, ")
    assert "70 % of the window" in text


def test_an_unknown_conversation_is_told(run) -> None:
    assert "expected the id of a conversation in the ledger, found 'x'" in run("conversation", "x", code=1)


def test_an_export_has_every_exchange_with_every_field(run) -> None:
    lines = [json.loads(line) for line in run("export").splitlines()]
    assert len(lines) == COUNT + 2
    assert lines[1]["raw_usage"] == {"prompt_tokens": 1000, "completion_tokens": 50}
    assert sum(lines[1]["cost_parts"].values()) == lines[1]["cost"]
    rows = list(csv.DictReader(io.StringIO(run("export", "--format", "csv"))))
    assert [row["id"] for row in rows] == [line["id"] for line in lines]
    assert list(rows[0]) == list(lines[0])
    assert len(run("export", "--conversation", f"{2:016x}").splitlines()) == 11


def test_the_file_itself_may_be_named(data, capsys) -> None:
    assert main(["export", "--data-dir", str(data / "ledger" / "ledger.sqlite")]) == 0
    assert len(capsys.readouterr().out.splitlines()) == COUNT + 2


@pytest.mark.parametrize("command", [("report",), ("conversation", "x"), ("export",)])
def test_without_a_ledger_it_is_said_where_one_was_looked_for(tmp_path, capsys, command) -> None:
    assert main([*command, "--data-dir", str(tmp_path)]) == 1
    assert f"expected a file, found none at {tmp_path}" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [("report", "--by", "colour"), ("report", "--since", "soon"), ("report", "--top", "-1"), ("conversation",)]
)
def test_a_wrong_command_line_is_told(capsys, words) -> None:
    assert main(words) == 2
    assert "costproxy" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["report", "conversation", "export"])
def test_the_help_teaches_by_example(capsys, command) -> None:
    assert main([command, "--help"]) == 0
    assert capsys.readouterr().out.count(f"costproxy {command}") >= 2


def test_it_works_beside_a_ledger_that_is_being_written(tmp_path, capsys) -> None:
    ledger = SqliteLedger(tmp_path / "ledger" / "ledger.sqlite")
    ledger.record(recorded(1))
    until(lambda: ledger.written)
    assert main(["export", "--data-dir", str(tmp_path)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1
    ledger.close()


def test_a_widened_range_is_told(tmp_path, capsys) -> None:
    path = tmp_path / "ledger" / "ledger.sqlite"
    kept(path, [recorded(number) for number in range(200)], now=lambda: START)
    store = Store(path)
    retention = Retention(exchanges=3600.0, totals=1e9, most_bytes=1 << 40)
    while sweep(store, retention, START + 12_000):
        pass
    store.close()
    assert main(["report", "--data-dir", str(tmp_path), "--since", "2026-09-21T14:30"]) == 0
    told = capsys.readouterr()
    assert "widened to whole hours, 2026-09-21T14:00:00Z to " in told.err
    assert main(["report", "--data-dir", str(tmp_path), "--since", "2026-09-21T17:30"]) == 0
    assert capsys.readouterr().err == ""


def test_the_groups_are_those_of_the_ledger() -> None:
    assert tuple(GROUPS) == FLAG_GROUPS


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-09-21", 1_789_948_800.0),
        ("2026-09-21T01:00", 1_789_952_400.0),
        ("2026-09-21T02:00+01:00", 1_789_952_400.0),
    ],
)
def test_moments_without_a_zone_are_utc(text, seconds) -> None:
    assert moment(text) == seconds
    assert moment("1d") - moment("2d") == pytest.approx(86_400, abs=5)


@pytest.mark.parametrize(
    ("pico", "text"),
    [
        (0, "0.00"),
        (1, "0.000000000001"),
        (1_500_000, "0.000002"),
        (25_000_000_000, "0.0250"),
        (123_456 * 10**10, "1,234.56"),
    ],
)
def test_dollars_have_as_many_digits_as_they_need(pico, text) -> None:
    assert dollars(pico) == text
