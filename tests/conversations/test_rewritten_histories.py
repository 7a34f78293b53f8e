"""Histories that come back with other messages than were sent: told by the replies that came back as they were."""

from collections.abc import Callable

import pytest

from costproxy.model import MistakeKind, Placement, Verdict
from tests.support.talk import App, Message, said, system, user

MENU, MENU_REPLY = user("Show menu please"), said("Here is our menu: pizza, pasta, salad, wine.")


def question(i: int, who: str = "") -> Message:
    return user(f"Question number {i}, please explain it to me {who}.")


def answer(i: int, who: str = "") -> Message:
    return said(f"The quick answer to this is that one should look at the manual, chapter {i} {who}.")


def kinds(placement: Placement) -> list[MistakeKind]:
    return [each.kind for each in placement.mistakes]


@pytest.mark.parametrize("before", [[], [system("S"), user("Say yes."), said("Yes.")]], ids=["plain", "examples"])
@pytest.mark.parametrize(
    "wrap",
    [
        lambda i, text: "<context>" + f"paragraph {i} of an invoice. " * 20 + "</context>\n" + text,
        lambda i, text: text + "\n<reminder>Be brief.</reminder>",
        lambda i, text: f"[10:0{i}] {text}",
    ],
    ids=["retrieved", "reminder", "clock"],
)
def test_what_is_added_to_the_last_question_only_does_not_tear_the_conversation_apart(
    wrap: Callable[[int, str], str], before: list[Message]
) -> None:
    app, history, found = App(), list(before), []
    for i in range(5):
        found.append(app.ask([*history, user(wrap(i, question(i)["content"]))], answer(i)))
        history += [question(i), answer(i)]
    assert len({each.conversation for each in found}) == 1
    assert [each.turn for each in found] == [found[0].turn + i for i in range(5)]
    assert [each.verdict for each in found[1:]] == [Verdict.TRIMMED] * 4
    lead = len(before)
    assert [each.mistakes[0].index for each in found[1:]] == [lead + 2 * i for i in range(4)]


def test_a_reply_alone_tells_no_conversation_that_had_fewer_replies() -> None:
    app = App()
    a = app.ask([MENU], MENU_REPLY)
    b = app.ask([question(0), answer(0), question(1), MENU_REPLY, question(2)], answer(2))
    assert (b.verdict, a.conversation != b.conversation) == (Verdict.NEW, True)


def test_a_reply_alone_that_two_conversations_had_tells_neither() -> None:
    app = App()
    for who in ("A", "B"):
        app.ask([question(0, who)], MENU_REPLY)
    assert app.ask([question(0), MENU_REPLY, question(1)], answer(1)).verdict is Verdict.NEW


def test_a_short_reply_alone_tells_nothing() -> None:
    app = App()
    app.ask([question(0, "A")], said("Yes, certainly."))
    assert app.ask([question(0), said("Yes, certainly."), question(1)], answer(1)).verdict is Verdict.NEW


def test_a_reply_alone_tells_nothing_to_others() -> None:
    app = App()
    app.ask([question(0, "A")], answer(0))
    other = App(app.tracker, caller=b"another key")
    assert other.ask([question(0), answer(0), question(1)], answer(1)).verdict is Verdict.NEW


def test_an_unknown_conversation_with_a_canned_reply_is_not_someone_elses() -> None:
    app = App()
    a = app.ask([MENU], MENU_REPLY)
    b = app.ask([question(0, "B"), answer(0, "B"), MENU, MENU_REPLY, question(2, "B")], answer(2, "B"))
    assert b.conversation != a.conversation
    assert MistakeKind.HISTORY_TRIMMED not in kinds(b)


def test_examples_in_a_prompt_are_not_the_conversation_that_once_said_the_same() -> None:
    app = App()
    example = [user("Translate: good morning"), said("Guten Morgen, und willkommen")]
    first = app.ask(example[:1], example[1])
    few = [system("few"), user("Translate: good night"), said("Gute Nacht"), *example]
    found = [app.ask([*few, user(f"Translate: word {i}")], said(f"Wort {i}")) for i in range(3)]
    assert first.conversation not in {each.conversation for each in found}


def test_a_classifier_before_each_reply_makes_no_regeneration_of_it() -> None:
    app, history, verdicts = App(), list[Message](), []
    for i in range(4):
        history.append(question(i))
        app.ask([system("classify"), *history], said("billing"))
        placement = app.ask([system("bot"), *history], answer(i))
        verdicts.append(placement.verdict)
        assert placement.turn == i + 1
        history.append(answer(i))
    assert Verdict.REGENERATE not in verdicts


@pytest.mark.parametrize("kept", ["", "{"], ids=["left out", "kept"])
def test_a_prefilled_reply_goes_on_with_or_without_its_beginning(kept: str) -> None:
    app, history, found = App(), list[Message](), []
    for i in range(3):
        history.append(question(i))
        text = f'"answer": "number {i}, as was to be expected"}}'
        found.append(app.ask([*history, said("{")], said(text)))
        history.append(said(kept + text))
    assert [each.verdict for each in found] == [Verdict.NEW, Verdict.CONTINUE, Verdict.CONTINUE]
    assert len(app.tracker) == 1
