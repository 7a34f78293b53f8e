"""What is generated from the settings is up to date, and the generator notices when it is not."""

import subprocess
import sys
from pathlib import Path

import pytest

from costproxy.settings.keys import all_keys
from scripts import generate_docs

ROOT = Path(__file__).parents[2]


def test_no_generated_file_is_stale():
    assert [path.name for path, _, _ in generate_docs.stale()] == []


def test_the_page_names_every_setting():
    page = (ROOT / "docs" / "configuration.md").read_text()

    for key in all_keys():
        assert f"| `{key.name}` |" in page
        assert key.setting.doc in page
        assert key.variable is None or f"`{key.variable}`" in page


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project whose only page has one part."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "README.md").write_text("before\n<!-- generated: dialects -->\nold\n<!-- /generated -->\nafter\n")
    monkeypatch.setattr(generate_docs, "ROOT", tmp_path)
    monkeypatch.setattr(generate_docs, "FILES", {})
    return tmp_path


def test_a_stale_part_is_shown_by_check_and_then_written(project, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["generate_docs.py", "--check"])
    assert generate_docs.main() == 1
    assert "\n-old\n" in capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", ["generate_docs.py"])
    assert generate_docs.main() == 0
    text = (project / "README.md").read_text()
    assert text.startswith("before\n<!-- generated: dialects -->\n| Dialect |")
    assert text.endswith("|\n<!-- /generated -->\nafter\n")
    monkeypatch.setattr(sys, "argv", ["generate_docs.py", "--check"])
    assert generate_docs.main() == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<!-- generated: nonsense -->\n<!-- /generated -->\n", "README.md: expected one of settings, dialects"),
        ("<!-- generated: dialects -->\n", "README.md: expected every"),
    ],
)
def test_a_part_that_cannot_be_generated_is_an_error(project, text, message):
    (project / "README.md").write_text(text)
    with pytest.raises(SystemExit, match=message):
        generate_docs.stale()


def test_the_script_runs_by_itself():
    command = [sys.executable, "-m", "scripts.generate_docs", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
