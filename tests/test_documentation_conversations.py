"""The pages on conversations say what is true: their lists are whole, and their examples give what they show."""

import json
import re
from pathlib import Path

import pytest

from costproxy import cli
from costproxy.model import (
    ContextUse,
    Foresight,
    IdentitySource,
    LimitSource,
    MistakeKind,
    Part,
    Placement,
    Verdict,
    Weights,
)
from costproxy.recording.ticket import reply_headers
from costproxy.settings.conversations import ConversationsSettings
from costproxy.wire.sessions import SESSION_HEADER, THREAD_HEADER
from tests.support.project import ROOT

DOCS = ROOT / "docs"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch):
    for name in [name for name in cli.os.environ if name.startswith("COSTPROXY_")]:
        monkeypatch.delenv(name)


def section(page: str, title: str) -> str:
    """Return what stands under a heading, up to the next one of the same or a higher level."""
    text = (DOCS / page).read_text(encoding="utf-8")
    start = re.search(rf"^(#+) {re.escape(title)}$", text, re.MULTILINE)
    assert start, f"{page} has no heading {title!r}"
    rest = text[start.end() :]
    end = re.search(rf"^#{{1,{len(start[1])}}} ", re.sub(r"```.*?```", _blank, rest, flags=re.DOTALL), re.MULTILINE)
    return rest[: end.start()] if end else rest


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match[0])  # a comment in a code block is no heading


def first_cells(text: str) -> list[str]:
    """Return the words in backticks of the first column of a text's tables."""
    cells = re.findall(r"^\| (`[^|]*) \|", text, re.MULTILINE)
    return [word for cell in cells for word in re.findall(r"`([^`]+)`", cell)]


def blocks(text: str, language: str) -> list[str]:
    """Return the code blocks in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def lines_of(capsys, *arguments: str) -> list[dict]:
    """Run `costproxy replay --format json` and return its lines."""
    assert cli.main(["replay", "--format", "json", *arguments]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_every_verdict_is_explained_once():
    assert first_cells(section("conversations.md", "Verdicts")) == list(Verdict)


def test_every_mistake_has_a_section_that_says_what_to_do():
    text = section("conversations.md", "What applications do wrong")
    parts = re.split(r"^### .*$", text, flags=re.MULTILINE)[1:]
    sections = [part.strip() for part in parts if part.strip().startswith("`")]
    told = {part[1:].partition("`:")[0]: part for part in sections}
    assert list(told) == list(MistakeKind)
    assert [kind for kind, part in told.items() if "**What it costs.**" not in part] == []
    assert [kind for kind, part in told.items() if "**What to do.**" not in part] == []


def test_the_scores_are_of_every_mistake():
    assert first_cells(section("conversations.md", "How reliably they are found")) == list(MistakeKind)


def test_the_sources_of_an_identity_are_in_the_order_of_trust():
    text = section("conversations.md", "Ids that applications send anyway")
    assert re.findall(r"^\| \d \| .* \| `(\w+)` \|$", text, re.MULTILINE) == list(IdentitySource)
    assert f"`{THREAD_HEADER}`" in text
    assert f"`{SESSION_HEADER}`" in text


def test_the_names_of_sessions_are_those_of_the_settings_in_their_order():
    text = section("conversations.md", "Ids that applications send anyway")
    headers, fields = (re.search(rf"^- {kind}: ((?:.|\n  )*)", text, re.MULTILINE) for kind in ("headers", "fields"))
    assert headers
    assert fields
    assert re.findall(r"`([^`]+)`", headers[1]) == list(ConversationsSettings().session_headers)
    assert re.findall(r"`([^`]+)`", fields[1]) == list(ConversationsSettings().session_fields)


def test_the_sources_of_a_limit_are_in_their_order():
    text = section("conversations.md", "The context window")
    assert re.findall(r"^\d\. `(\w+)`", text, re.MULTILINE) == list(LimitSource)


def test_what_fills_a_prompt_is_listed_whole():
    text = section("conversations.md", "New, resent, amplification")
    listed = text.partition("**Composition**")[2].replace("\n", " ").replace("system prompt", "system")
    words = listed.partition(":")[2].partition(".")[0].replace("tools' definitions", "tools")
    assert [word.strip() for word in words.split(",")] == [part.replace("_", " ") for part in Part]


@pytest.mark.parametrize("page", ["conversations.md", "transparency.md"])
def test_the_headers_on_replies_are_those_that_are_sent(page):
    placement = Placement(
        conversation="0" * 16,
        verdict=Verdict.CONTINUE,
        source=IdentitySource.MESSAGES,
        turn=2,
        step=2,
        messages=3,
        known_messages=2,
        extends=True,
        weights=Weights(common=0),
    )
    known = Foresight(
        placement=placement, context=ContextUse(used=1, usable=2, source=LimitSource.SETTINGS), turns_left=3
    )
    sent = [name.decode() for name, _ in reply_headers(known)]
    if page == "conversations.md":
        assert first_cells(section(page, "Headers on the reply")) == sent
    else:
        assert [name for name in sent if f"`{name}`" not in (DOCS / page).read_text(encoding="utf-8")] == []


def test_the_headers_that_are_taken_away_are_listed():
    text = section("transparency.md", "Changed on the way to the upstream")
    assert f"`{THREAD_HEADER}`" in text
    assert f"`{SESSION_HEADER}`" in text


def test_the_worked_example_gives_the_table_beneath_it(tmp_path: Path, monkeypatch, capsys):
    text = section("conversations.md", "New, resent, amplification")
    monkeypatch.chdir(tmp_path)
    exec(blocks(text, "python")[0], {})
    Path("ten.toml").write_text(blocks(text, "toml")[0], encoding="utf-8")
    arguments = re.search(r"`costproxy replay (--config .*)`", text)
    assert arguments
    lines = lines_of(capsys, *arguments[1].replace("--format json ", "").split())

    table = [re.split(r" *\| *", row.strip("| ")) for row in re.findall(r"^\| \d.*$", text, re.MULTILINE)]
    assert table == [
        [
            str(line["turn"]),
            str(line["prompt_tokens"]),
            str(line["new_tokens"]),
            str(line["resent_tokens"]),
            line["cost_usd"],
            f"{line['context_ratio']:.0%}".replace("%", " %"),
            "\N{EN DASH}" if line["turns_left"] is None else str(line["turns_left"]),
        ]
        for line in lines
    ]
    prompt, new = (sum(line[name] for line in lines) for name in ("prompt_tokens", "new_tokens"))
    assert f"{prompt:,} prompt tokens were billed for {new:,} new ones: amplification {prompt / new:.2f}" in text
    assert f"**${sum(float(line['cost_usd']) for line in lines):.4f}**" in text


def test_every_form_of_a_recording_can_be_replayed_as_it_stands(tmp_path: Path, capsys):
    shown = blocks(section("replay.md", "What a file holds"), "json")
    assert len(shown) == 7
    for number, text in enumerate(shown):
        (tmp_path / "a").write_text(text, encoding="utf-8")
        lines = lines_of(capsys, str(tmp_path / "a"))
        assert len(lines) == (2 if "replace" in text or '"requests": [{"messages"' in text else 1), number


def test_the_fields_of_a_line_are_those_that_are_printed(tmp_path: Path, capsys):
    (tmp_path / "a").write_text('[{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}]')
    (line,) = lines_of(capsys, str(tmp_path / "a"))
    listed = first_cells(section("replay.md", "One line per request").partition("An event has")[0])
    assert sorted(listed) == sorted(line)


def test_the_fields_of_a_line_have_the_words_that_are_printed():
    text = section("replay.md", "One line per request")
    for word in ("kind", "index", "region", "tokens", "cost_usd", "percent", "context_warning"):
        assert f"`{word}`" in text


def test_the_excerpt_in_the_readme_looks_like_a_report(tmp_path: Path, capsys):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    excerpt = text.partition("costproxy replay conversations.jsonl\n```")[2].split("```")[1]
    turns = [{"role": role, "content": f"{number}"} for number in range(3) for role in ("user", "assistant")]
    (tmp_path / "a").write_text(json.dumps({"model": "gpt-4o", "messages": turns}))
    assert cli.main(["replay", str(tmp_path / "a")]) == 0
    report = [shape(line) for line in capsys.readouterr().out.splitlines()]
    assert [line for line in excerpt.splitlines() if line.strip("." + " ") and shape(line) not in report] == []


def shape(line: str) -> str:
    """Return a line without its numbers, places and bars."""
    if re.match(r" *\d+(?:-\d+)? +\d+ +[█░]", line):
        return "a row"
    if re.search(r"\.jsonl:\d+ +[0-9a-f]{16}|^a:1 +[0-9a-f]{16}", line):
        return "a conversation"
    if line.startswith("source "):
        return " ".join(line.split())
    return re.sub(r"[\d.,$%]+", "0", line)
