"""Bills and replies that were recorded, through the whole of `costproxy price`."""

import json
from collections import Counter

import pytest

from costproxy.cli import main
from tests.support.data import recordings, stated_costs

BILLERS = {"openrouter.ai": "openrouter", "api.perplexity.ai": "perplexity", "api.x.ai": "xai"}
METERED = ("/chat/completions", "/responses", "/messages")


def priced(capsys, tmp_path, lines):
    """Return what `costproxy price` makes of lines, and its table."""
    file = tmp_path / "recorded.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert main(["price", "--format", "json", str(file)]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert main(["price", str(file)]) == 0
    return found, capsys.readouterr().out


def parts_add_up(line):
    cost = line["cost"]
    return cost is None or sum(cost["by_kind"].values()) == (cost["pico_usd"] or 0)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch):
    monkeypatch.delenv("COSTPROXY_CONFIG", raising=False)


def test_bills_of_billers_are_taken_as_stated(capsys, tmp_path):
    rows = list(stated_costs())
    lines = [
        {
            "host": row["host"],
            "path": row["path"],
            "at": row["recorded"],
            "response": {"model": row["model"], "usage": row["usage"], "choices": []},
        }
        for row in rows
    ]
    found, told = priced(capsys, tmp_path, lines)

    print("\n".join(told.splitlines()[-7:]))
    assert len(found) == len(rows)
    assert all(map(parts_add_up, found))
    equal: Counter[str] = Counter()
    for row, line in zip(rows, found, strict=True):
        cost = line["cost"]
        if row["host"] not in BILLERS or cost is None:
            continue
        assert cost["pico_usd"] == cost["reported_pico_usd"] == round(row["stated_cost_usd"] * 1e12)
        assert cost["source"] == "reported"
        equal[line["dialect"] + (" equal" if cost["computed_pico_usd"] == cost["pico_usd"] else " other")] += 1
    assert (equal["xai equal"], equal["xai other"]) == (sum(row["host"] == "api.x.ai" for row in rows), 0)
    assert equal["openrouter equal"] >= 0.97 * (equal["openrouter equal"] + equal["openrouter other"])


def test_every_recorded_reply_is_taken(capsys, tmp_path):
    replies = recordings()
    lines = [
        {"path": reply.path or None, "status": reply.status, "request": reply.request, "response_text": text}
        for reply in replies
        if (text := reply.body.decode("utf-8", "surrogateescape")) is not None
    ]
    found, told = priced(capsys, tmp_path, lines)

    print("\n".join(told.splitlines()[-7:]))
    assert len(found) == len(replies)
    assert all(map(parts_add_up, found))
    for reply, line in zip(replies, found, strict=True):
        metered = not reply.path or reply.path.endswith(METERED)
        assert (line["classification"]["unmetered"] is None) == metered, reply.name
        if line["usage"] is None:
            assert line["cost"] is None or line["cost"]["pico_usd"] in (None, 0)
