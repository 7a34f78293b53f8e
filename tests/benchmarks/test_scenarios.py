"""The scenarios of the identity benchmark make the requests that they say, of a conversation made up here."""

import itertools
import json
import random
from pathlib import Path
from typing import Any

import pytest

from benchmarks.detectors.provider import Provider
from benchmarks.identity import __main__ as command
from benchmarks.identity.ask import Ask, Sent
from benchmarks.identity.recorded import Conversation
from benchmarks.identity.scenarios import SCENARIOS, WINDOW
from costproxy.model import Prompt

CALL = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
TURN = (
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "call_1", "content": "found"},
    {"role": "assistant", "content": "Here it is, as you asked."},
)


def conversation(turns: int) -> Conversation:
    """Return a conversation of so many turns: a question, a call, its result, an answer."""
    messages: list[dict[str, Any]] = [{"role": "system", "content": "Help."}]
    for number in range(turns):
        messages += {"role": "user", "content": f"Question {number}, please?"}, *TURN
    return Conversation(name="made up", messages=tuple(messages))


def asks(name: str, turns: int = 6, seed: int = 1) -> list[Ask]:
    """Return the requests of a scenario."""
    scenario = next(each for each in SCENARIOS if each.name == name)
    return list(scenario.make(conversation(turns), random.Random(seed)))


def roles(ask: Ask) -> list[str]:
    """Return the roles of a request's messages."""
    return [json.loads(message)["role"] for message in ask.messages]


def test_a_recorded_conversation_is_sent_once_for_each_reply() -> None:
    sent = asks("clean", turns=2)
    assert [len(ask.messages) for ask in sent] == [2, 4, 6, 8]
    assert [ask.turn for ask in sent] == [1, 1, 2, 2]
    assert [ask.reply.text for ask in sent] == ["", TURN[2]["content"]] * 2
    assert [len(ask.reply.calls) for ask in sent] == [1, 0, 1, 0]


def test_an_echoed_reply_says_the_same_in_another_way() -> None:
    plain, echoed = asks("clean"), asks("echo")
    assert [ask.reply for ask in plain] == [ask.reply for ask in echoed]
    assert plain[-1].messages != echoed[-1].messages
    assert roles(plain[-1]) == roles(echoed[-1])


def test_an_echoed_reply_stays_as_it_is() -> None:
    sent = asks("echo")
    assert all(later.messages[: len(ask.messages)] == ask.messages for ask, later in itertools.pairwise(sent))


@pytest.mark.parametrize(("name", "opening"), [("hello", 1), ("hello-same-reply", 2)])
def test_everybody_opens_alike(name: str, opening: int) -> None:
    sent = asks(name)
    assert [json.loads(message)["content"] for message in sent[0].messages] == ["Hello"]
    assert len({ask.messages[:opening] for ask in sent[1:]}) == 1
    assert sent[0].turn == 1


def test_a_regenerated_request_is_sent_twice_and_the_second_reply_kept() -> None:
    sent = asks("regenerated")
    twice = [(ask, again) for ask, again in itertools.pairwise(sent) if ask.messages == again.messages]
    assert twice
    assert all(ask.reply != again.reply and ask.turn == again.turn for ask, again in twice)
    assert sent[0].messages != sent[1].messages


def test_an_edited_message_takes_the_place_of_a_draft() -> None:
    sent = asks("edited", turns=20)
    drafts = [
        (ask, edited)
        for ask, edited in itertools.pairwise(sent)
        if ask.messages[:-1] == edited.messages[:-1] and ask.messages != edited.messages
    ]
    assert drafts
    assert all(roles(ask)[-1] == "user" for ask, _ in drafts)


def test_the_time_is_another_in_every_request() -> None:
    sent = asks("timestamp")
    assert len({ask.messages[0] for ask in sent}) == len(sent)
    assert sent[-1].messages[1:] == asks("clean")[-1].messages[1:]


def test_a_window_is_bounded_and_begins_with_no_result_of_a_tool() -> None:
    sent = asks("window", turns=10)
    assert max(len(ask.messages) for ask in sent) <= 1 + WINDOW + 1
    assert all(roles(ask)[:1] == ["system"] and roles(ask)[1] != "tool" for ask in sent)


def test_a_forgetful_application_sends_users_messages_alone() -> None:
    sent = asks("forgetful")
    assert [roles(ask) for ask in sent] == [["system", *["user"] * count] for count in range(1, 7)]
    assert [ask.turn for ask in sent] == [1, 2, 3, 4, 5, 6]


def test_a_summary_keeps_the_last_turn_as_it_was() -> None:
    sent = asks("summary", turns=10)
    before, after = next((a, b) for a, b in itertools.pairwise(sent) if len(b.messages) < len(a.messages))
    assert json.loads(after.messages[1])["content"].startswith("Summary")
    assert before.messages[-1] in after.messages
    assert json.loads(after.messages[2])["role"] == "user"
    assert "assistant" in roles(after)


def test_a_provider_caches_what_leads_a_prompt_in_steps() -> None:
    provider = Provider()
    system = b'"' + b"s" * 8190 + b'"'  # 2,048 tokens
    bills = [
        provider.bill(Sent(conversation="a", prompt=Prompt(messages=messages)), at)
        for messages, at in (
            ([system, b'"one"'], 0.0),
            ([system, b'"two"'], 10.0),
            ([b'"other"', system], 20.0),
            ([b'"other"', system], 400.0),
        )
    ]
    assert [bill.cache_read for bill in bills] == [0, 2048, 0, 0]
    assert bills[0].prompt == bills[1].prompt


def test_without_recordings_the_command_says_what_it_expected(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main([str(tmp_path / "none")]) == 2
    assert "expected a folder of recorded conversations" in capsys.readouterr().err
