import io
import json
import os
import sys
import threading
from types import SimpleNamespace

import pytest

from costproxy import cli

MISTAKES = {"kind", "index", "region", "tokens", "cost_usd", "percent"}
SCHEMA = {
    "source": str,
    "request": int,
    "api": str,
    "model": str | None,
    "conversation": str | None,
    "turn": int | None,
    "step": int | None,
    "verdict": str | None,
    "ambiguous": bool | None,
    "identity_source": str | None,
    "prompt_tokens": int | None,
    "new_tokens": int | None,
    "resent_tokens": int | None,
    "quality": str | None,
    "completion_tokens": int | None,
    "cost_usd": str | None,
    "cost_quality": str | None,
    "context_used": int | None,
    "context_limit": int | None,
    "context_ratio": float | None,
    "turns_left": int | None,
    "events": list,
}


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch):
    for name in [name for name in cli.os.environ if name.startswith("COSTPROXY_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def replay(tmp_path, capsys):
    """Run the command over lines and return its exit code, the lines of JSON, and what went to stderr."""

    def replay(*lines: object, flags: tuple[str, ...] = ()) -> tuple[int, list[dict], str]:
        (tmp_path / "a").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
        code = cli.main(["replay", "--format", "json", *flags, str(tmp_path / "a")])
        out, err = capsys.readouterr()
        return code, [json.loads(line) for line in out.splitlines()], err

    return replay


def conversation(turns: int, *, user: int, reply: int, name: str = "x") -> dict:
    """Return a conversation whose messages have so many tokens each, as its bills say."""
    messages, usage = [], []
    for turn in range(1, turns + 1):
        messages.append({"role": "user", "content": f"{name} asks {turn}"})
        usage.append(
            {"index": len(messages), "prompt_tokens": turn * user + (turn - 1) * reply, "completion_tokens": reply}
        )
        messages.append({"role": "assistant", "content": f"{name} is told {turn}"})
    return {"model": "gpt-4o", "messages": messages, "usage": usage}


def test_the_sums_are_those_of_the_closed_form(replay):
    code, lines, err = replay(conversation(10, user=500, reply=200))

    assert code == 0
    assert [line["prompt_tokens"] for line in lines] == [500 + 700 * turn for turn in range(10)]
    assert sum(line["prompt_tokens"] for line in lines) == 36_500
    assert sum(line["new_tokens"] for line in lines) == 6_800
    assert sum(line["resent_tokens"] for line in lines) == 29_700
    assert [line["turn"] for line in lines] == [line["step"] for line in lines] == list(range(1, 11))
    assert len({line["conversation"] for line in lines}) == 1
    assert {line["quality"] for line in lines} == {line["cost_quality"] for line in lines} == {"exact"}
    assert "amplification (prompt tokens for each new one): 5.37" in err
    assert "recorded conversations: 1 found as one, 0 as several" in err


def test_each_line_has_the_same_fields(replay):
    wanted = conversation(3, user=40_000, reply=100)
    _, lines, _ = replay(wanted, {"requests": [{"messages": [{"role": "user", "content": "a"}]}]}, {"input": "hi"})

    assert [line["request"] for line in lines] == [0, 1, 2, 0, 0]
    for line in lines:
        assert list(line) == list(SCHEMA)
        assert [name for name, kind in SCHEMA.items() if not isinstance(line[name], kind)] == []
        assert all(event.keys() <= MISTAKES for event in line["events"])


def test_a_window_that_fills_up_is_warned_of(replay):
    _, lines, _ = replay(conversation(3, user=40_000, reply=100))
    warnings = [[event["percent"] for event in line["events"] if event["kind"] == "context_warning"] for line in lines]
    assert warnings == [[], [], [70, 85, 95]]
    assert lines[-1]["context_used"] == 120_200


def test_a_reply_that_was_not_appended_is_a_mistake(replay):
    asked = [{"role": "user", "content": f"question number {number}, long enough"} for number in range(3)]
    answer = {"role": "assistant", "content": "an answer that nobody sends back"}
    entries = [{"body": {"messages": asked[: number + 1]}, "response_message": answer} for number in range(3)]
    _, lines, err = replay({"requests": entries, "api": "openai_chat"})

    assert [line["verdict"] for line in lines] == ["new", "missing_reply", "missing_reply"]
    assert [[event["kind"] for event in line["events"]] for line in lines] == [[], ["reply_dropped"], ["reply_dropped"]]
    assert "reply dropped" in err


def test_replies_that_were_not_recorded_are_not_made_up(replay):
    _, lines, err = replay({"requests": [{"messages": [{"role": "user", "content": "hello"}]}], "model": "gpt-4o"})
    assert (lines[0]["quality"], lines[0]["completion_tokens"]) == ("estimated", None)
    assert "1 replies were not recorded" in err


def test_the_same_seed_gives_the_same_lines(replay):
    told = [conversation(4, user=100, reply=10, name=f"caller {number}") for number in range(8)]
    same = ("--interleave", "4", "--seed", "7")
    first, again = replay(*told, flags=same), replay(*told, flags=same)
    other = replay(*told, flags=("--interleave", "4", "--seed", "8"))

    assert first == again
    assert [line["source"] for line in first[1]] != [line["source"] for line in other[1]]
    assert [line["source"] for line in first[1]] != sorted(line["source"] for line in first[1])


def test_conversations_that_are_mixed_are_found_again(replay):
    told = [conversation(5, user=100, reply=10, name=f"caller {number}") for number in range(10)]
    _, lines, err = replay(*told, flags=("--interleave", "10"))
    assert {(line["source"], line["conversation"]) for line in lines}.__len__() == 10
    assert "recorded conversations: 10 found as one, 0 as several" in err


def test_a_model_stands_in_where_none_is_named(replay):
    messages = conversation(1, user=10, reply=5)["messages"]
    _, (without,), _ = replay(messages)
    _, (named,), _ = replay(messages, flags=("--model", "gpt-4o-mini"))
    assert (without["model"], without["cost_usd"], without["context_limit"]) == (None, None, None)
    assert named["model"] == "gpt-4o-mini"
    assert float(named["cost_usd"]) > 0
    assert named["context_limit"] > 0


def test_a_log_of_what_was_sent_is_counted_once(replay):
    messages = conversation(3, user=10, reply=5)["messages"]
    code, lines, err = replay(*[messages[:last] for last in (1, 3, 5)], flags=("--model", "gpt-4o"))
    assert (code, len({line["conversation"] for line in lines})) == (0, 1)
    assert [(line["turn"], line["quality"], line["completion_tokens"]) for line in lines] == [
        (1, "estimated", None),
        (2, "estimated", None),
        (3, "estimated", None),
    ]
    assert "lists of messages that end with a question: 2, each taken" in err
    assert "3 replies were not recorded" in err


def test_a_question_that_is_left_out_is_told(replay):
    told = conversation(2, user=10, reply=5)
    told["messages"].append({"role": "user", "content": "bye"})
    code, lines, err = replay(told)
    assert (code, len(lines)) == (0, 2)
    assert "conversations that end with a question: 1, left out: nobody can tell if it" in err


def test_an_indented_export_is_read(tmp_path, capsys):
    told = [conversation(2, user=10, reply=5, name=name) for name in ("x", "y")]
    (tmp_path / "a.json").write_text(json.dumps(told, indent=2))
    assert cli.main(["replay", "--format", "json", str(tmp_path / "a.json")]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    places = [(line["source"].rpartition("/")[2], line["request"]) for line in lines]
    assert places == [("a.json:1[0]", 0), ("a.json:1[0]", 1), ("a.json:1[1]", 0), ("a.json:1[1]", 1)]


def test_a_file_of_another_kind_is_not_complained_of_line_by_line(tmp_path, capsys):
    (tmp_path / "a.yaml").write_text("- role: user\n" * 500)
    assert cli.main(["replay", str(tmp_path / "a.yaml")]) == 1
    out, err = capsys.readouterr()
    assert len(err.splitlines()) == 21
    assert err.endswith("a.yaml: 480 more that could not be read\n")
    assert out.endswith("left out: 500 that could not be read, see above\n")


@pytest.mark.parametrize("command", ["replay", "price"])
def test_a_pipe_is_read_by_its_name(command, tmp_path, capsys):
    os.mkfifo(tmp_path / "pipe")
    usage = {"prompt_tokens": 10, "completion_tokens": 5}
    exchange = {
        "host": "api.openai.com",
        "request": {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]},
        "response": {"model": "gpt-4o", "choices": [], "usage": usage},
    }
    text = f"{json.dumps(exchange)}\n"
    writer = threading.Thread(target=(tmp_path / "pipe").write_text, args=(text,), daemon=True)
    writer.start()
    assert cli.main([command, "--format", "json", str(tmp_path / "pipe")]) == 0
    writer.join(10)
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_odd_lines_are_named_and_left_out(replay):
    code, lines, err = replay({"nothing": 1}, conversation(1, user=10, reply=5))
    assert (code, len(lines)) == (1, 1)
    assert "a:1: expected a field messages, requests, request, body or input, found only nothing" in err
    assert err.splitlines()[-1] == "left out: 1 that could not be read, see above"


def test_a_recorded_exchange_is_read_as_the_proxy_reads_it(replay):
    request = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}], "stream": True}
    chunk = {"model": "gpt-4o", "choices": [{"index": 0, "delta": {"content": "hello"}, "finish_reason": "stop"}]}
    stream = f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n"
    again = {"role": "assistant", "content": "hello"}, {"role": "user", "content": "and?"}
    second = request | {"messages": [*request["messages"], *again]}
    _, lines, _ = replay(
        {"host": "api.openai.com", "request": request, "response_text": stream},
        {"host": "api.openai.com", "request": second, "response": {"error": {"message": "no"}}, "status": 500},
    )
    assert [line["verdict"] for line in lines] == ["new", "continue"]
    assert (lines[0]["completion_tokens"], lines[0]["quality"]) == (1, "estimated")


def test_the_report_goes_to_stdout(monkeypatch, capsys):
    data = json.dumps(conversation(2, user=10, reply=5)).encode()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))
    assert cli.main(["replay", "--top", "1", "-"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("requests: 2; 2 of them in 1 conversations\n")
    assert "stdin:1" in out
    assert err == ""


@pytest.mark.parametrize("flags", [["--interleave", "0"], ["--interleave", "x"], ["--top", "-1"], ["--seed", "a"], []])
def test_a_wrong_command_line_is_refused(flags, capsys):
    assert cli.main(["replay", *flags, *(["a"] if flags else [])]) == 2
    assert "usage: costproxy replay" in capsys.readouterr().err


def test_the_help_shows_every_form(capsys):
    assert cli.main(["replay", "--help"]) == 0
    told = capsys.readouterr().out
    for part in ('"messages"', '"base_messages"', '"requests"', '"response"', "amplification", "--interleave"):
        assert part in told
