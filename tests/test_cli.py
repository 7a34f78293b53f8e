import subprocess
import sys
import types
from pathlib import Path

import pytest

from costproxy import __version__, cli
from costproxy.errors import ConfigError, UpstreamError
from costproxy.settings import Settings


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch):
    for name in [name for name in cli.os.environ if name.startswith("COSTPROXY_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def served(monkeypatch):
    """Stand in for the proxy itself: keep the settings it was started with."""
    seen: list[Settings] = []

    def serve(settings: Settings) -> int:
        seen.append(settings)
        return 0

    monkeypatch.setitem(sys.modules, "costproxy.app", types.SimpleNamespace(serve=serve))
    return seen


@pytest.fixture
def demo(monkeypatch):
    seen: list[dict[str, object]] = []

    def main(**options: object) -> int:
        seen.append(options)
        return 0

    monkeypatch.setitem(sys.modules, "costproxy.demo.run", types.SimpleNamespace(main=main))
    return seen


@pytest.mark.parametrize("argv", [["serve"], []])
def test_serve_is_the_default(served, argv):
    assert cli.main(argv) == 0
    assert served == [Settings()]


@pytest.mark.parametrize("command", [["serve"], []])
def test_flags_become_settings(served, command):
    flags = ["--upstream", "http://gpu:1/v1", "--host", "::1", "--port", "0", "--admin-host", "127.0.0.2"]
    flags += ["--admin-port=9", "--log-level", "debug", "--data-dir", "/d"]

    assert cli.main([*command, *flags]) == 0
    (settings,) = served
    assert settings.upstream.url == "http://gpu:1"
    assert (settings.listen.host, settings.listen.port) == ("::1", 0)
    assert (settings.admin.host, settings.admin.port) == ("127.0.0.2", 9)
    assert (settings.log.level, settings.data_dir) == ("debug", Path("/d"))


def test_a_file_and_the_environment_are_read(served, tmp_path, monkeypatch):
    (tmp_path / "a.toml").write_text("[listen]\nport = 1\n[admin]\nport = 2\n")
    monkeypatch.setenv("COSTPROXY_ADMIN_PORT", "3")

    assert cli.main(["--config", str(tmp_path / "a.toml")]) == 0
    assert (served[0].listen.port, served[0].admin.port) == (1, 3)


def test_check_says_what_the_settings_mean_and_starts_nothing(served, capsys):
    assert cli.main(["check", "--upstream", "https://api.x.ai/v1"]) == 0
    out = capsys.readouterr().out
    assert "default -> https://api.x.ai/" in out
    assert 'notice: --upstream: the "/v1" at the end was left off' in out
    assert served == []


@pytest.mark.parametrize("command", ["serve", "check"])
def test_unusable_settings_are_explained_and_exit_with_2(served, capsys, tmp_path, command):
    (tmp_path / "a.toml").write_text("[listen]\nprot = 1\n")

    assert cli.main([command, "--config", str(tmp_path / "a.toml"), "--admin-port", "x"]) == 2
    assert capsys.readouterr().err == (
        "costproxy: the settings cannot be used:\n"
        f"  {tmp_path}/a.toml:2: listen.prot: expected one of host, port"
        ' (did you mean "port"?), found an unknown key\n'
        '  --admin-port: expected a whole number from 0 to 65535, found "x"\n'
    )
    assert served == []


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("late"), 2),
        (OSError(98, "address already in use"), 1),
        (UpstreamError("gone"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_a_failure_is_a_message_and_an_exit_code(monkeypatch, capsys, error, code):
    def serve(settings: Settings) -> int:
        raise error

    monkeypatch.setitem(sys.modules, "costproxy.app", types.SimpleNamespace(serve=serve))

    assert cli.main(["serve"]) == code
    assert "Traceback" not in capsys.readouterr().err


def test_the_exit_code_of_the_proxy_is_that_of_the_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "costproxy.app", types.SimpleNamespace(serve=lambda settings: 7))

    assert cli.main([]) == 7


def test_demo_has_its_own_flags(demo):
    assert cli.main(["demo"]) == 0
    assert cli.main(["demo", "--port", "0", "--admin-port", "0", "--seconds", "2.5", "--speed", "10"]) == 0
    plain, quick = demo
    assert plain == {
        "host": "127.0.0.1",
        "port": 8787,
        "admin_host": "127.0.0.1",
        "admin_port": 8788,
        "seconds": None,
        "speed": 1.0,
    }
    assert (quick["port"], quick["admin_port"], quick["seconds"], quick["speed"]) == (0, 0, 2.5, 10.0)


@pytest.mark.parametrize(
    "argv",
    [
        ["sevre"],
        ["--prot", "1"],
        ["--upst", "http://a"],
        ["--port", "1", "check"],
        ["demo", "--port", "70000"],
        ["demo", "--seconds", "0"],
        ["demo", "--speed", "nan"],
    ],
)
def test_a_wrong_command_line_exits_with_2(served, demo, capsys, argv):
    assert cli.main(argv) == 2
    assert "usage: costproxy" in capsys.readouterr().err
    assert (served, demo) == ([], [])


def test_help_teaches_how_to_begin(capsys):
    assert cli.main(["--help"]) == 0
    out = capsys.readouterr().out
    for lesson in ("base_url", "OPENAI_BASE_URL", "/metrics", "costproxy demo", "costproxy check"):
        assert lesson in out


def test_help_of_serve_names_variables_and_defaults(capsys):
    assert cli.main(["serve", "--help"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "Number of the traffic port; 0 takes a free one. [COSTPROXY_PORT; 8787 unless set]" in out


def test_the_version_is_printed_without_loading_the_proxy():
    code = "import sys; from costproxy.cli import main; main(['--version']); print('aiohttp' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines() == [f"costproxy {__version__}", "False"]
