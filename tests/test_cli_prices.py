import json

import pytest

from costproxy import cli
from costproxy.commands import prices as command
from costproxy.pricing.catalogue import load


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch):
    for name in [name for name in cli.os.environ if name.startswith("COSTPROXY_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def run(capsys):
    def run(*words):
        code = cli.main(["prices", *words])
        return code, capsys.readouterr().out

    return run


def test_all_models_are_listed(run):
    code, out = run()

    assert code == 0
    assert out.splitlines()[0].split() == ["model", "provider", "input", "cached", "output", "window", "since"]
    assert f"{load().info.models:,} models" in out


def test_a_list_can_be_searched_in_any_order_and_case(run):
    code, out = run("--search", "MINI openai/gpt-4o")

    assert code == 0
    rows = [line.split() for line in out.split("\n\n")[0].splitlines()[1:]]
    assert ["gpt-4o-mini", "openai", "0.15", "0.075", "0.6", "128,000"] in rows
    assert run("--search", "no such thing")[0] == 1


def test_a_list_is_there_for_programs(run):
    code, out = run("--search", "openai/gpt-4o-mini", "--format", "json")

    assert code == 0
    models = {fields["model"]: fields for fields in map(json.loads, out.splitlines())}
    assert models["openai/gpt-4o-mini"]["context_window"] == 128_000
    assert any(row["in_force"] and row["prices"]["input"] == "0.15" for row in models["openai/gpt-4o-mini"]["prices"])


def test_a_name_is_explained_where_it_is_asked_for(run):
    code, out = run("gpt-4o-2024-08-06")

    assert code == 0
    assert out.startswith("asked for at the upstream default, dialect openai\n")
    assert "openai/gpt-4o#1" in out


def test_a_name_that_the_upstreams_do_not_know_is_looked_for_elsewhere(run):
    code, out = run("claude-sonnet-4-5")

    assert code == 0
    assert out.startswith("asked for at an upstream of dialect generic\n")
    assert run("claude-sonnet-4-5", "--dialect", "openai")[0] == 1
    assert run("claude-sonnet-4-5", "--upstream", "default")[0] == 1


def test_near_names_are_told_for_an_unknown_one(run):
    code, out = run("gpt-4o-minni")

    assert code == 1
    assert "unknown model" in out
    assert "openai/gpt-4o-mini" in out.splitlines()[-2]
    fields = json.loads(run("gpt-4o-minni", "--format", "json")[1])
    assert fields["model"] is None
    assert "openai/gpt-4o-mini" in fields["near"]


def test_what_the_settings_say_is_told(run, tmp_path):
    config = tmp_path / "a.toml"
    config.write_text(
        "[models.dep]\nsame_as = 'openai/gpt-4o'\ndiscount_percent = 15\nmax_input = 5\n"
        "[models.own]\nprice_input = 0.30\nprice_output = 1\n[models.'*']\ndiscount_percent = 1\n"
    )

    code, out = run("dep", "--config", str(config))
    assert code == 0
    assert "dep: the settings say that it is openai/gpt-4o" in out
    assert "times 17/20" in out
    code, out = run("own", "--config", str(config))
    assert code == 0
    assert "prices: input 0.30; output 1" in out
    assert "unknown" not in out.splitlines()[3]
    code, out = run("own", "--config", str(config), "--format", "json")
    assert json.loads(out)["settings"]["prices"] == {"input": "0.30", "output": "1"}
    assert run("nothing-like-it", "--config", str(config))[0] == 1


def test_an_upstream_that_is_not_there_is_refused(capsys):
    assert cli.main(["prices", "--upstream", "q", "gpt-4o"]) == 2
    assert '--upstream: expected one of default, found "q"' in capsys.readouterr().err


@pytest.mark.parametrize(("old", "code"), [(10**6, 0), (-1, 1)])
def test_the_age_is_told_and_old_prices_are_a_failure(run, monkeypatch, old, code):
    monkeypatch.setattr(command, "OLD", old)
    info = load().info

    found, out = run("--check")
    assert found == code
    assert f"price table {info.version}" in out
    assert info.date.isoformat() in out
    assert info.sha256 in out
    assert ("warning: older than" in out) == bool(code)
    found, out = run("--check", "--format", "json")
    assert (found, json.loads(out)["old"]) == (code, bool(code))


def test_check_shows_models_and_stops_at_one_that_is_not_there(tmp_path, capsys):
    (tmp_path / "a.toml").write_text("[models.m]\nsame_as = 'openai/gpt-4o'\n")
    assert cli.main(["check", "--config", str(tmp_path / "a.toml")]) == 0
    assert "m, which is openai/gpt-4o" in capsys.readouterr().out
    (tmp_path / "a.toml").write_text("[models.m]\nsame_as = 'openai/gpt4o'\n")
    assert cli.main(["check", "--config", str(tmp_path / "a.toml")]) == 2
    assert "a.toml:2: models.m.same_as: expected the id of a model" in capsys.readouterr().err
