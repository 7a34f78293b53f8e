import io
import sys

import pytest

from costproxy.commands import progress
from costproxy.commands.progress import Progress


def terminal(monkeypatch):
    """Stand in for stderr; not as a fixture, for pytest sets stderr anew between those and the test."""
    shown = io.StringIO()
    monkeypatch.setattr(shown, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stderr", shown)
    monkeypatch.setattr(progress, "_SHOWN_EVERY", 0.0)
    return shown


def test_a_count_is_shown_and_taken_away_before_anything_else_is_said(monkeypatch):
    shown = terminal(monkeypatch)
    told = Progress("exchanges")
    told.show(1234)
    told.complain("a:1", "expected this, found that")
    told.clear()
    assert shown.getvalue() == "\r\x1b[K1,234 exchanges\r\x1b[Kcostproxy: a:1: expected this, found that\n"
    assert told.odd == 1


def test_how_far_it_is_is_told_by_the_bytes_of_the_files(monkeypatch, tmp_path):
    stderr = terminal(monkeypatch)
    (tmp_path / "a").write_bytes(bytes(1000))
    told = Progress("requests", [str(tmp_path / "a")])
    told.read(250)
    told.show(3)
    shown = stderr.getvalue()
    assert shown.startswith("\r\x1b[K3 requests  [######")
    assert " 25%  " in shown
    assert shown.endswith(" left")


@pytest.mark.parametrize("files", [["-"], ["none"]])
def test_without_a_size_only_the_count_is_shown(files, tmp_path, monkeypatch):
    shown = terminal(monkeypatch)
    monkeypatch.chdir(tmp_path)
    told = Progress("requests", files)
    told.read(10)
    told.show(3)
    assert shown.getvalue() == "\r\x1b[K3 requests"


def test_progress_is_for_terminals(capsys):
    told = Progress("requests")
    told.show(3)
    told.clear()
    assert capsys.readouterr().err == ""


def test_of_a_file_with_many_odd_lines_the_first_are_told_and_the_others_counted(capsys):
    told = Progress("requests")
    for number in range(1, 1025):
        told.complain(f"a:b:{number}", "odd")
    told.complain("none", "expected a readable file")
    told.end()
    *some, last, more = capsys.readouterr().err.splitlines()
    assert some == [f"costproxy: a:b:{number}: odd" for number in range(1, 21)]
    assert last == "costproxy: none: expected a readable file"
    assert more == "costproxy: a:b: 1,004 more that could not be read"
    assert told.odd == 1025
