"""Recorded conversations, through the reader and the proxy's own rooms."""

import io
import json
from collections import defaultdict
from contextlib import redirect_stderr, redirect_stdout

import pytest

from costproxy.commands.replay import Wanted, replay
from costproxy.offline.recorded_requests import Truth, read_sources
from costproxy.settings import Settings
from tests.support.data import needed

FOLDER = needed("conversations")
FILES = sorted(path.name for path in FOLDER.glob("*.jsonl") if path.stat().st_size)
SMALL = [name for name in FILES if name.startswith("cassettes-")]


@pytest.mark.parametrize("name", FILES)
def test_every_recorded_line_is_read(name):
    lines = (FOLDER / name).read_bytes().splitlines()
    sources = list(read_sources([str(FOLDER / name)]))

    assert len(sources) == len(lines)
    assert {source.truth for source in sources} == {
        Truth.SESSION if name.startswith("sessions-") else Truth.CONVERSATION
    }
    for source, line in zip(sources[:20], lines, strict=False):
        assert len(list(source.requests)) == asked(json.loads(line))


def asked(recorded: dict) -> int:
    """Return how many requests a line holds, counted another way."""
    if "requests" in recorded:
        return len(recorded["requests"])
    roles = [message["role"] for message in recorded["messages"]]
    if "demo_messages" in recorded:  # of which there is one system message before
        return roles[1 + recorded["demo_messages"] :].count("assistant")
    first = next(at for at, role in enumerate(roles) if role not in ("system", "developer", "assistant"))
    early = {entry["index"] for entry in recorded.get("usage") or () if entry["index"] < first}
    return roles[first:].count("assistant") + len(early)


def replayed(names: list[str], **wanted: object) -> list[dict]:
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(io.StringIO()):
        code = replay([str(FOLDER / name) for name in names], Settings(), Wanted(as_json=True, **wanted))
    assert code == 0
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_recorded_conversations_go_through_the_rooms():
    lines = replayed(SMALL, interleave=20, seed=1)
    assert len(lines) > 400
    for line in lines:
        assert line["conversation"] is not None
        assert line["new_tokens"] + line["resent_tokens"] == line["prompt_tokens"]

    found = defaultdict(set)
    for line in lines:
        found[line["source"]].add(line["conversation"])
    whole = sum(len(conversations) == 1 for conversations in found.values())
    assert whole / len(found) >= 0.95


@pytest.mark.parametrize("api", ["openai_chat", "openai_responses", "anthropic_messages"])
def test_recorded_sessions_of_each_api_go_through_the_rooms(api):
    lines = replayed([f"sessions-cassettes-{api}.jsonl"])
    known = [line for line in lines if line["conversation"] is not None]
    exact = [line for line in lines if line["quality"] in ("exact", "adjusted")]

    assert len(known) == len(lines)
    assert {line["api"] for line in lines} == {{"openai_chat": "chat"}.get(api, api.split("_", 1)[1])}
    assert len(exact) / len(lines) > 0.8
    assert any(line["turn"] > 1 for line in lines)
