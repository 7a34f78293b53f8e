import re
import signal
import socket
import subprocess
import sys

import pytest

from costproxy.app import StartError
from costproxy.demo.run import main

COMMAND = [sys.executable, "-W", "error", "-m", "costproxy", "demo", "--port", "0", "--admin-port", "0"]


def test_the_demo_ends_by_itself_with_tables(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(host="127.0.0.1", port=0, admin_host="127.0.0.1", admin_port=0, seconds=4.0, speed=20.0) == 0
    out = capsys.readouterr().out
    assert re.search(r"base_url to http://127\.0\.0\.1:\d+/v1\)", out)
    assert re.search(r"   4 s  requests \d+  chats \d+  resent \d+%  fullest [<>]\d+%  mistakes \d+\n", out)
    outcomes, tokens, conversations = map(_rows, out.split("\n\n")[-3:])
    assert outcomes["app"][:2] == ["requests", "success"]
    assert int(outcomes["support-chat"][1]) > 5
    assert int(outcomes["lapsed-trial"][2]) >= 1
    assert int(outcomes["hasty-reader"][4]) >= 1
    apps = [name for name in outcomes if name not in ("app", "all")]
    assert sum(int(outcomes[name][0]) for name in apps) == int(outcomes["all"][0])
    assert tokens["support-chat"][0] != "0"
    assert conversations["forgetful-bot"][-1] == "reply_dropped"
    assert conversations["clock-watcher"][-1] in ("system_changed", "cache_broken")
    assert conversations["support-chat"][-2:] == ["0", "-"]  # whatever it does, no mistakes
    assert max(map(len, out.splitlines()[-40:])) <= 80


def _rows(table: str) -> dict[str, list[str]]:
    return {row.split()[0]: row.split()[1:] for row in table.splitlines()}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_demo_in_good_order(number: signal.Signals) -> None:
    process = subprocess.Popen([*COMMAND, "--speed", "20"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        while "Ctrl-C ends it." not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    finally:
        process.kill()
    assert (process.returncode, err) == (0, "")
    assert out.splitlines()[-1].startswith("all ")


def test_a_taken_port_is_said_in_one_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StartError, match="listen"):
            main(host="127.0.0.1", port=port, admin_host="127.0.0.1", admin_port=0, seconds=1.0, speed=1.0)
