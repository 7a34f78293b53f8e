"""A tracker that is restored goes on as if nothing had happened."""

import json
import os
import subprocess
import sys

import pytest

from costproxy.conversations.account import Account
from costproxy.conversations.tracker import Tracker
from costproxy.model import Claim, Usage, Verdict
from tests.conversations.steps import step
from tests.support.project import ROOT
from tests.support.talk import SECRET, App, Message, called, returned, said, user


def restarted(app: App, secret: bytes = SECRET) -> App:
    """Return the application in front of another process, to which all conversations were handed on."""
    tracker = Tracker(secret=secret)
    for thread in app.tracker.live():
        state = app.tracker.export(thread.id)
        assert state is not None
        assert tracker.restore(state)
    after = App(tracker, caller=app.caller, upstream=app.upstream)
    after.at = app.at
    return after


def exported(app: App) -> list[bytes | None]:
    return [app.tracker.export(thread.id) for thread in app.tracker.live()]


def asked_again(history: list[Message]) -> list[Message]:
    return [*history, user("And now?")]


def test_a_conversation_goes_on_under_its_id_and_number() -> None:
    app = App()
    history = app.talk(3)
    (thread,) = app.tracker.live()
    placed = restarted(app).ask(asked_again(history), said("Then as before."))
    assert (placed.conversation, placed.verdict, placed.turn) == (thread.id, Verdict.CONTINUE, 4)
    assert placed.extends
    assert placed.known_messages == 6


def test_what_is_restored_is_what_was_exported() -> None:
    app = App()
    app.talk(3)
    app.talk(40, topic="news")
    app.ask([user("a"), called("call_aaaaaaaa"), returned("call_bbbbbbbb")], said("b"), claim=Claim(thread="named"))
    app.ask([user("b")], called("call_cccccccc"), claim=Claim(session="s"))
    app.ask([user("c")], said("d"), api="responses", id="resp_1")
    before = exported(app)
    assert len(before) == 5
    assert exported(restarted(app)) == before


def test_an_altered_reply_is_noticed_after_a_restart_too() -> None:
    app = App()
    history = app.talk(2)
    history[-1] = said("Something else, which nobody had said.")
    assert restarted(app).ask(asked_again(history), said("x")).verdict is Verdict.EDITED_REPLY


def test_the_result_of_a_tool_finds_its_call_after_a_restart() -> None:
    app = App()
    first = [user("Look it up, please."), called("call_12345678")]
    before = app.ask(first[:1], first[1])
    placed = restarted(app).ask([*first, returned("call_12345678")], said("It is there."))
    assert (placed.conversation, placed.verdict) == (before.conversation, Verdict.CONTINUE)


def test_stored_state_of_the_api_and_names_are_found_after_a_restart() -> None:
    app = App()
    stored = app.ask([user("a")], said("b"), api="responses", id="resp_1")
    named = app.ask([user("a")], said("b"), claim=Claim(thread="mine"))
    after = restarted(app)
    again = after.ask([user("c")], said("d"), api="responses", claim=Claim(previous="resp_1"))
    assert again.conversation == stored.conversation
    assert after.ask([user("z")], said("y"), claim=Claim(thread="mine")).conversation == named.conversation


def test_what_was_under_way_has_failed_for_the_next_process() -> None:
    app = App()
    history = asked_again(app.talk(1))
    lost = app.send(history)
    assert restarted(app).ask(history, said("At last.")).verdict is Verdict.RETRY
    assert app.ask(history, said("x")).verdict is Verdict.DUPLICATE
    assert lost.placement.verdict is Verdict.CONTINUE


def test_the_account_goes_on_where_it_was() -> None:
    app = App()
    placed = app.send([user("a")])
    app.answer(placed, said("b"))
    placed.thread.account.settle(step(1, Usage(input=100, output=10)))
    after = restarted(app).tracker.get(placed.thread.id)
    assert after is not None
    assert after.account.state() == placed.thread.account.state() != Account(0.0).state()


def test_another_secret_finds_nothing_again() -> None:
    app = App()
    history = app.talk(2)
    assert restarted(app, b"another secret").ask(asked_again(history), said("x")).verdict is Verdict.NEW


def test_a_restored_conversation_is_forgotten_like_any_other() -> None:
    app = App()
    app.talk(2)
    app.ask([user("a")], said("b"), api="responses", id="resp_1", claim=Claim(thread="mine"))
    after = restarted(app)
    after.tracker._memory.sweep(app.at + 100_000)
    assert len(after.tracker) == 0
    assert not len(after.tracker._memory.index)
    assert not after.tracker._memory._states
    assert not after.tracker._memory._names


def test_one_that_is_there_already_is_not_restored_again() -> None:
    app = App()
    app.talk(1)
    (state,) = exported(app)
    assert state is not None
    assert not app.tracker.restore(state)
    assert app.tracker.export("0123456789abcdef") is None


@pytest.mark.parametrize(
    "change",
    [
        {"rounds": [[[], 1, 1, True, 0.0, True, True, False, False]]},
        {"rounds": [[["1"], 1, 1, True, 0.0, True, True, False, False]] * 5},
        {"home": "no number"},
        {"home": "-1"},
        {"home": "f" * 99},
        {"sent": "no base64"},
        {"account": {}},
        {"id": 7},
    ],
)
def test_what_is_no_state_is_refused(change: Message) -> None:
    app = App()
    app.talk(1)
    (state,) = exported(app)
    tracker = Tracker(secret=SECRET)
    assert not tracker.restore(json.dumps({**json.loads(state or b""), **change}).encode())
    assert not tracker.restore(b"{}")
    assert not tracker.restore((state or b"")[:-1])
    assert len(tracker) == 0


ELSEWHERE = """
from tests.support.talk import *
app = App()
app.ask([system("b"), user("c")], said("d"), claim=Claim(thread="mine", hints=("x", "y")))
print(app.tracker.export(app.tracker.live()[0].id))
"""


def test_another_process_gives_the_same_digests() -> None:
    states = set()
    for seed in ("1", "2", "3"):
        done = subprocess.run(
            [sys.executable, "-c", ELSEWHERE],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
        states.add(done.stdout)
    assert len(states) == 1


def test_no_word_is_in_what_is_exported() -> None:
    app = App()
    canary = "cAnArY"
    app.ask([user(canary), called(canary * 2, name=canary)], said(canary), claim=Claim(thread=canary, hints=(canary,)))
    app.ask([user(canary)], said(canary), api="responses", id=canary, instructions=canary)
    for state in exported(app):
        assert canary.lower().encode() not in (state or b"").lower()
