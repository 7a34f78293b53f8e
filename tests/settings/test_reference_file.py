"""config/costproxy.toml is the reference: what it shows is what there is."""

import re
from pathlib import Path

from costproxy.settings import Settings, load_settings
from costproxy.settings.keys import TABLES_BY_NAME, all_keys

REFERENCE = Path(__file__).parents[2] / "config" / "costproxy.toml"
SETTING = re.compile(r"^#(?=\w+ = )", re.MULTILINE)
EXAMPLE = re.compile(r"^#     ", re.MULTILINE)


def load(path: Path) -> Settings:
    return load_settings(file=path, env={}, flags={})


def test_the_reference_as_shipped_is_the_defaults() -> None:
    assert load(REFERENCE) == Settings()


def test_every_value_the_reference_shows_is_the_default(tmp_path: Path) -> None:
    text, count = SETTING.subn("", REFERENCE.read_text())
    (tmp_path / "all.toml").write_text(text)
    assert load(tmp_path / "all.toml") == Settings()
    in_an_example = 1  # apps.keys
    assert count == len([key for key in all_keys() if key.section not in TABLES_BY_NAME]) - in_an_example


def test_the_examples_in_the_reference_work(tmp_path: Path) -> None:
    (tmp_path / "examples.toml").write_text(EXAMPLE.sub("", REFERENCE.read_text()))
    settings = load(tmp_path / "examples.toml")
    assert {up.name: up.mount for up in settings.upstreams} == {
        "default": "/",
        "groq": "/groq",
        "own-servers": "/local",
    }
    assert [name for _, name in settings.apps.keys] == ["support-chat"]


def test_every_setting_is_documented_in_one_sentence() -> None:
    for key in all_keys():
        assert re.fullmatch(r"[A-Z][^\n]{10,}[^.]\.", key.setting.doc), key.path
