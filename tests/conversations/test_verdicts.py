"""How a request relates to the conversation before it."""

import pytest

from costproxy.model import (
    Change,
    MistakeKind,
    Placement,
    Region,
    ReplyMessage,
    Verdict,
)
from tests.support.talk import App, called, returned, said, system, user

OPENING = user("How do I get from Ghent to Bruges?")
REPLY = said("There is a train every quarter of an hour.")
NEXT = user("And how much is it?")
OTHER = said("By car it takes forty minutes.")


def kinds(placement: Placement) -> list[MistakeKind]:
    return [mistake.kind for mistake in placement.mistakes]


def numbers(placement: Placement) -> tuple[Verdict, int, int]:
    return placement.verdict, placement.turn, placement.step


def test_a_first_request_is_a_new_conversation_in_which_nothing_is_known() -> None:
    placement = App().ask([OPENING], REPLY)
    assert numbers(placement) == (Verdict.NEW, 1, 1)
    assert (placement.known_messages, placement.messages, placement.weights.common) == (0, 1, 0)
    assert not placement.extends


def test_plain_growth_is_one_conversation_with_a_turn_per_question() -> None:
    app = App()
    history: list[object] = []
    for turn in range(1, 21):
        history.append(user(f"Question {turn}?"))
        placement = app.ask(history, said(f"Answer {turn}."))
        history.append(said(f"Answer {turn}."))
        assert (placement.turn, placement.step) == (turn, turn)
        assert placement.verdict is (Verdict.CONTINUE if turn > 1 else Verdict.NEW)
        assert placement.known_messages == max(0, 2 * turn - 2)
        assert placement.extends is (turn > 1)
        assert placement.mistakes == ()
    assert len(app.tracker) == 1


def test_steps_with_tools_are_of_the_turn_that_the_user_began() -> None:
    app = App()
    first, second = called("call_aaaaaaaa"), called("call_bbbbbbbb", "call_cccccccc")
    app.ask([OPENING], first)
    placement = app.ask([OPENING, first, returned("call_aaaaaaaa")], second)
    assert numbers(placement) == (Verdict.CONTINUE, 1, 2)
    results = returned("call_bbbbbbbb"), returned("call_cccccccc")
    placement = app.ask([OPENING, first, returned("call_aaaaaaaa"), second, *results], REPLY)
    assert numbers(placement) == (Verdict.CONTINUE, 1, 3)
    assert placement.mistakes == ()


def test_the_same_opening_is_another_conversation() -> None:
    app = App()
    first, second = app.ask([OPENING], REPLY), app.ask([OPENING], REPLY)
    assert second.verdict is Verdict.NEW
    assert first.conversation != second.conversation


def test_a_demonstration_that_everybody_sends_is_an_opening_too() -> None:
    app = App()
    demonstration = [user("An example."), said("An example's answer."), OPENING]
    assert [app.ask(demonstration, REPLY).verdict for _ in range(3)] == [Verdict.NEW] * 3


def test_a_failed_opening_is_retried_if_it_comes_soon() -> None:
    app = App()
    failed = app.send([OPENING])
    app.fail(failed)
    again = app.send([OPENING])
    app.fail(again)
    assert numbers(again.placement) == (Verdict.RETRY, 1, 1)
    assert again.placement.conversation == failed.placement.conversation
    app.at += 119
    assert app.send([OPENING]).placement.verdict is Verdict.NEW


def test_an_opening_whose_reply_broke_off_is_retried_if_that_comes_soon() -> None:
    app = App()
    first = app.ask([OPENING], ReplyMessage(text="There is a tr", whole=False))
    again = app.ask([OPENING], REPLY)
    assert (again.verdict, again.conversation) == (Verdict.RETRY, first.conversation)
    assert app.ask([OPENING], REPLY).verdict is Verdict.NEW, "now it was answered"


def test_a_later_request_whose_reply_broke_off_is_retried() -> None:
    app = App()
    app.ask([OPENING], REPLY)
    app.ask([OPENING, REPLY, NEXT], ReplyMessage(text="It", whole=False))
    assert app.ask([OPENING, REPLY, NEXT], OTHER).verdict is Verdict.RETRY
    assert app.ask([OPENING, REPLY, NEXT], OTHER).verdict is Verdict.REGENERATE


def test_a_failed_later_request_is_retried_with_the_same_numbers() -> None:
    app = App()
    app.ask([OPENING], REPLY)
    app.fail(app.send([OPENING, REPLY, NEXT]))
    app.at += 3_000
    placement = app.ask([OPENING, REPLY, NEXT], OTHER)
    assert numbers(placement) == (Verdict.RETRY, 2, 2)
    assert placement.weights.common == placement.weights.whole
    placement = app.ask([OPENING, REPLY, NEXT, OTHER, OPENING], REPLY)
    assert numbers(placement) == (Verdict.CONTINUE, 3, 3)


def test_after_a_failed_request_another_question_takes_its_place() -> None:
    app = App()
    app.ask([OPENING], REPLY)
    app.fail(app.send([OPENING, REPLY, NEXT]))
    assert numbers(app.ask([OPENING, REPLY, user("Is there a bus?")], OTHER)) == (Verdict.CONTINUE, 2, 2)


def test_an_identical_request_under_way_is_a_duplicate_and_a_mistake() -> None:
    app = App()
    app.ask([OPENING], REPLY)
    app.send([OPENING, REPLY, NEXT])
    placement = app.send([OPENING, REPLY, NEXT]).placement
    assert numbers(placement) == (Verdict.DUPLICATE, 2, 2)
    assert kinds(placement) == [MistakeKind.DUPLICATE_IN_FLIGHT]


def test_an_answered_request_that_comes_again_is_regenerated_and_either_reply_goes_on() -> None:
    app = App()
    app.ask([OPENING], REPLY)
    first = [OPENING, REPLY, NEXT]
    app.ask(first, said("Seven euros, I think."))
    again = app.ask(first, said("No: eight euros."))
    assert numbers(again) == (Verdict.REGENERATE, 2, 2)
    assert again.known_messages == 3
    for reply in ("No: eight euros.", "Seven euros, I think."):
        placement = app.ask([*first, said(reply), user("Thanks.")], said("Bye."))
        assert (placement.turn, placement.step, placement.mistakes) == (3, 3, ())
    assert len(app.tracker) == 1


def test_going_back_is_a_branch_of_the_same_conversation() -> None:
    app = App()
    history = app.talk(20)
    placement = app.ask([*history[:36], user("Let us try another way.")], OTHER)  # two turns are taken back
    assert numbers(placement) == (Verdict.BRANCH, 19, 19)
    assert placement.change == Change(region=Region.MESSAGES, index=36)
    assert len(app.tracker) == 1


def test_going_far_back_is_found_by_how_the_conversation_began() -> None:
    app = App()
    history = app.talk(20)
    placement = app.ask([*history[:10], user("Let us try another way.")], OTHER)
    assert numbers(placement) == (Verdict.BRANCH, 6, 6)
    assert placement.known_messages == 10


def test_a_reply_with_other_words_is_an_edited_reply_and_said_once() -> None:
    app = App()
    history = app.talk(2)
    edited = [*history[:-1], said("Something else altogether."), NEXT]
    placement = app.ask(edited, OTHER)
    assert numbers(placement) == (Verdict.EDITED_REPLY, 3, 3)
    assert [(each.kind, each.index) for each in placement.mistakes] == [(MistakeKind.REPLY_ALTERED, 3)]
    placement = app.ask([*edited, OTHER, NEXT], REPLY)
    assert (placement.verdict, placement.mistakes) == (Verdict.CONTINUE, ())


def test_a_missing_reply_is_said_with_its_place_and_once() -> None:
    app = App()
    app.ask([OPENING], REPLY)
    placement = app.ask([OPENING, NEXT], OTHER)
    assert numbers(placement) == (Verdict.MISSING_REPLY, 2, 2)
    assert [(each.kind, each.index) for each in placement.mistakes] == [(MistakeKind.REPLY_DROPPED, 1)]
    assert app.ask([OPENING, NEXT, OTHER, user("Fine.")], REPLY).mistakes == ()


def test_replies_that_are_never_appended_are_each_said() -> None:
    app = App()
    questions = [user(f"Question {number}?") for number in range(6)]
    found = [app.ask(questions[:end], said(f"Answer {end}.")) for end in range(1, 7)]
    assert [each.turn for each in found] == [1, 2, 3, 4, 5, 6]
    assert [[m.index for m in each.mistakes] for each in found] == [[], [1], [2], [3], [4], [5]]


@pytest.mark.parametrize("reply", [ReplyMessage(text="There is a tr", whole=False), ReplyMessage(text="")])
def test_of_a_reply_that_is_not_known_whole_nothing_is_said(reply: ReplyMessage) -> None:
    app = App()
    app.ask([OPENING], reply)
    assert (app.ask([OPENING, NEXT], OTHER).verdict, len(app.tracker)) == (Verdict.CONTINUE, 1)
    app = App()
    app.ask([OPENING], reply)
    placement = app.ask([OPENING, said("There is a train."), NEXT], OTHER)
    assert (placement.verdict, placement.mistakes, placement.turn) == (Verdict.CONTINUE, (), 2)


def test_a_window_that_moves_on_is_one_conversation_with_trimmed_history() -> None:
    app = App()
    history = app.talk(6, first=[system("Be brief.")])
    for turn in range(7, 12):
        history.append(user(f"More about number {turn}?"))
        reply = said(f"There is a lot to say about number {turn}.")
        placement = app.ask([history[0], *history[-5:]], reply)
        history.append(reply)
        assert numbers(placement) == (Verdict.TRIMMED, turn, turn)
        assert kinds(placement) == [MistakeKind.HISTORY_TRIMMED]
        assert placement.mistakes[0].index == 1
    assert len(app.tracker) == 1


def test_compaction_that_keeps_the_last_turn_is_said_once() -> None:
    app = App()
    history = app.talk(6)
    compacted = [user("Summary: there were six questions."), *history[-2:], NEXT]
    placement = app.ask(compacted, REPLY)
    assert numbers(placement) == (Verdict.TRIMMED, 7, 7)
    assert placement.change == Change(region=Region.MESSAGES, index=0)
    placement = app.ask([*compacted, REPLY, user("Good.")], OTHER)
    assert (placement.verdict, placement.mistakes, placement.turn) == (Verdict.CONTINUE, (), 8)


def test_nothing_but_the_id_of_a_tool_call_is_an_anchor() -> None:
    app = App()
    app.ask([OPENING], called("call_aaaaaaaa"))
    rewritten = [user("Rewritten."), called("call_aaaaaaaa", name="other"), returned("call_aaaaaaaa")]
    assert app.ask(rewritten, REPLY).verdict is Verdict.ANCHORED
    assert len(app.tracker) == 1


def test_the_id_of_a_tool_call_tells_which_of_two_equal_conversations_goes_on() -> None:
    app = App()
    first = app.ask([OPENING], called("call_aaaaaaaa"))
    second = app.ask([OPENING], called("call_bbbbbbbb"))
    for mine, call in ((second, "call_bbbbbbbb"), (first, "call_aaaaaaaa")):
        placement = app.ask([OPENING, called(call), returned(call)], REPLY)
        assert placement.conversation == mine.conversation
        assert (placement.verdict, placement.ambiguous) == (Verdict.CONTINUE, False)


def test_an_id_of_a_tool_call_that_everybody_uses_overrides_no_chain() -> None:
    app = App()
    for topic in ("trains", "ferries", "trams"):
        app.ask([user(f"Tell me about {topic}, please.")], called("call_00000000", text=topic))
    for topic in ("ferries", "trams", "trains"):
        sent = [user(f"Tell me about {topic}, please."), called("call_00000000", text=topic), returned("call_00000000")]
        assert app.ask(sent, said(f"All about {topic}.")).verdict is Verdict.CONTINUE
    assert len(app.tracker) == 3


def test_two_that_say_and_hear_the_same_are_two_until_they_differ() -> None:
    app = App()
    app.ask([OPENING], REPLY)
    app.ask([OPENING], REPLY)
    first = app.ask([OPENING, REPLY, user("One way?")], OTHER)
    second = app.ask([OPENING, REPLY, user("Both ways?")], OTHER)
    assert first.conversation != second.conversation
    assert (first.ambiguous, first.turn, second.turn) == (True, 2, 2)
