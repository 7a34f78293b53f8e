"""The pages refer to what is there, and the plan of the house on them is the one the tests hold."""

import re
from pathlib import Path

import pytest

from costproxy.recording import series
from costproxy.settings.conversations import ConversationsSettings
from tests.support.floors import FLOORS
from tests.support.project import ROOT

PAGES = (ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md")))
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CODE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """Return the anchors that a page's headings make."""
    text = _CODE.sub("", page.read_text(encoding="utf-8"))
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_every_link_leads_somewhere(page: Path) -> None:
    lost = []
    for link in _LINK.findall(_CODE.sub("", page.read_text(encoding="utf-8"))):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            lost.append(link)
    assert lost == []


@pytest.mark.parametrize("room", sorted(set().union(*FLOORS) - {"__main__", "cli", "errors"}))
def test_the_plan_of_the_house_has_every_room(room: str) -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert re.search(rf"^\|.*`{room}(?:/|\.py)`", text, re.MULTILINE)


def test_the_files_that_the_plan_names_exist() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").partition("## Where to look for what")[2]
    rows = re.findall(r"^\| [^|]*\? \| (.*) \|$", text, re.MULTILINE)
    assert rows
    for row in rows:
        room = ""
        for name in re.findall(r"`([\w/*]+\.py)`", row):
            room = name.rpartition("/")[0] or room
            assert list((ROOT / "costproxy" / room).glob(name.rpartition("/")[2])), name


def test_the_changelog_names_what_is_new_about_conversations() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    words = ("conversation", "context", "cache_", "session", "composition")
    names = [each.exported_name for each in series.ALL if any(word in each.name for word in words)]
    settings = list(ConversationsSettings.__dataclass_fields__)
    assert [name for name in (*names, *settings) if f"`{name}`" not in text] == []
