import gzip
import io
import json
import subprocess
import sys
from types import SimpleNamespace

import pytest

from costproxy import cli

REPLY = {"model": "gpt-4o", "choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}}
LINE = json.dumps({"host": "api.openai.com", "response": REPLY}) + "\n"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch):
    for name in [name for name in cli.os.environ if name.startswith("COSTPROXY_")]:
        monkeypatch.delenv(name)


def test_a_table_and_a_summary_are_printed(tmp_path, capsys):
    (tmp_path / "a.jsonl").write_text(LINE * 2)
    (tmp_path / "b.gz").write_bytes(gzip.compress(LINE.encode()))

    assert cli.main(["price", str(tmp_path / "a.jsonl"), str(tmp_path / "b.gz")]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[1].split() == ["gpt-4o", "openai", "input", "30", "exact", "0.000075", "exact", "catalogue"]
    assert "exchanges: 3 (success 3)" in out
    assert err == ""


def test_odd_lines_are_named_and_left_out(tmp_path, capsys):
    (tmp_path / "a").write_text(f'{LINE}nonsense\n\n{{"status": 200}}\n{LINE}')

    assert cli.main(["price", str(tmp_path / "a"), str(tmp_path / "none")]) == 1
    out, err = capsys.readouterr()
    assert [line.replace(f"{tmp_path}/", "") for line in err.splitlines()] == [
        "costproxy: a:2: expected a JSON object with a recorded exchange, found: not readable as JSON: JSONDecodeError",
        "costproxy: a:4: response: expected an object, or a text as response_text, found neither",
        "costproxy: none: expected a readable file, found: No such file or directory",
    ]
    assert "exchanges: 2 (success 2)" in out
    assert out.splitlines()[-1] == "left out: 3 that could not be read, see above"


def test_lines_of_json_go_to_stdout_and_sums_to_stderr(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO((LINE * 2).encode())))

    assert cli.main(["price", "--format", "json", "-"]) == 0
    out, err = capsys.readouterr()
    assert [json.loads(line)["place"] for line in out.splitlines()] == ["stdin:1", "stdin:2"]
    assert err.startswith("exchanges: 2 (success 2)\ncost: exact $0.00009 (2)")


def test_the_operators_prices_count(tmp_path, capsys):
    (tmp_path / "c.toml").write_text('[models."gpt-4o"]\ndiscount_percent = 50\n')
    (tmp_path / "a").write_text(LINE)

    assert cli.main(["price", str(tmp_path / "a"), "--config", str(tmp_path / "c.toml"), "--format=json"]) == 0
    cost = json.loads(capsys.readouterr().out)["cost"]
    assert (cost["pico_usd"], cost["source"]) == (22_500_000, "operator")


def test_an_upstream_of_the_settings_is_known_by_its_host(tmp_path, capsys):
    (tmp_path / "c.toml").write_text(
        "[upstreams.mine]\nurl = 'https://gateway.example'\ndialect = 'openrouter'\n"
        "[models.m]\nupstream = 'mine'\nprice_input = 1\nprice_output = 1\n"
    )
    line = {"host": "gateway.example", "response": REPLY | {"model": "m"}}
    (tmp_path / "a").write_text(json.dumps(line))

    assert cli.main(["price", str(tmp_path / "a"), "--config", str(tmp_path / "c.toml"), "--format=json"]) == 0
    fields = json.loads(capsys.readouterr().out)
    assert (fields["dialect"], fields["cost"]["pico_usd"]) == ("openrouter", 12_000_000)


def test_without_a_file_the_command_line_is_wrong(capsys):
    assert cli.main(["price"]) == 2
    assert "usage: costproxy price" in capsys.readouterr().err


def test_a_reader_who_has_seen_enough_is_no_error(tmp_path):
    (tmp_path / "a").write_text(LINE * 5000)
    command = [sys.executable, "-m", "costproxy", "price", "--format", "json", str(tmp_path / "a")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        running.stdout.readline()
        running.stdout.close()
        assert running.stderr.read() == ""
        assert running.wait(30) == 1
