"""The same conversation in the dialects of the APIs."""

from typing import Any

from costproxy.model import MistakeKind, Placement, ReplyCall, ReplyMessage, Verdict
from tests.support.talk import App, called, returned, said, user

OPENING = user("Which rooms are free?")


def seen(placement: Placement) -> tuple[Verdict, int, int, tuple[Any, ...]]:
    return placement.verdict, placement.turn, placement.step, placement.mistakes


def item_call(id: str, arguments: str = "{}") -> dict[str, Any]:  # noqa: A002
    return {"type": "function_call", "call_id": id, "name": "look", "arguments": arguments, "status": "completed"}


def item_result(id: str) -> dict[str, Any]:  # noqa: A002
    return {"type": "function_call_output", "call_id": id, "output": "room 7"}


def test_items_of_a_reply_come_back_one_by_one_among_others() -> None:
    app = App()
    reply = ReplyMessage(text="I look.", calls=(ReplyCall(id="call_aaaaaaaa", name="look", arguments="{}"),))
    app.ask([OPENING], reply, api="responses")
    echo: list[Any] = [
        OPENING,
        {"type": "reasoning", "id": "rs_1", "summary": []},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "I look."}]},
        item_call("call_aaaaaaaa"),
        item_result("call_aaaaaaaa"),
    ]
    placement = app.ask(echo, said("Room 7 is."), api="responses")
    assert seen(placement) == (Verdict.CONTINUE, 1, 2, ())
    assert (placement.known_messages, placement.extends) == (4, True)
    placement = app.ask([*echo, said("Room 7 is."), user("Good.")], said("It is."), api="responses")
    assert seen(placement) == (Verdict.CONTINUE, 2, 3, ())


def test_equal_calls_at_once_are_no_reply_appended_twice() -> None:
    app = App()
    ids = "call_aaaaaaaa", "call_bbbbbbbb"
    app.ask([OPENING], ReplyMessage(calls=tuple(ReplyCall(id=each, name="look", arguments="{}") for each in ids)))
    echo = [OPENING, *map(item_call, ids), *map(item_result, ids)]
    assert seen(app.ask(echo, said("Room 7 is."))) == (Verdict.CONTINUE, 1, 2, ())


def test_calls_that_come_back_each_with_its_result_are_not_altered() -> None:
    app = App()
    ids = "call_aaaaaaaa", "call_bbbbbbbb"
    calls = [ReplyCall(id=each, name="look", arguments=f'{{"at": "{each}"}}') for each in ids]
    app.ask([OPENING], ReplyMessage(calls=tuple(calls)))
    echo = [
        OPENING,
        *(part for each in calls for part in (item_call(each.id or "", each.arguments), item_result(each.id or ""))),
    ]
    assert seen(app.ask(echo, said("Room 7 is.")))[::3] == (Verdict.CONTINUE, ())


def test_a_reply_that_is_one_item_is_found_twice_if_it_is_there_twice() -> None:
    app = App()
    app.ask([OPENING], said("Room 7 is."))
    item = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Room 7 is."}]}
    [mistake] = app.ask([OPENING, item, item, user("Good.")], said("It is.")).mistakes
    assert (mistake.kind, mistake.index) == (MistakeKind.REPLY_DUPLICATED, 2)


def test_blocks_of_results_in_the_name_of_the_user_are_no_new_turn() -> None:
    app = App()
    app.ask([OPENING], called("toolu_aaaaaaaa", text="I look."), api="messages")
    use = {"type": "tool_use", "id": "toolu_aaaaaaaa", "name": "look", "input": {"at": 0}}
    echo = [
        OPENING,
        {"role": "assistant", "content": [{"type": "text", "text": "I look."}, use]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_aaaaaaaa", "content": "room 7"}]},
    ]
    assert seen(app.ask(echo, said("Room 7 is."), api="messages")) == (Verdict.CONTINUE, 1, 2, ())


def test_a_reply_whose_beginning_the_application_wrote_is_known_with_and_without_it() -> None:
    for echo in ("Room 7 is.", "7 is."):
        app = App()
        app.ask([OPENING, said("Room")], said(" 7 is."), api="messages")
        history = [OPENING, said(echo)] if echo.startswith("Room") else [OPENING, said("Room"), said(echo)]
        assert seen(app.ask([*history, user("Good.")], said("It is."))) == (Verdict.CONTINUE, 2, 2, ())


def test_an_empty_message_before_one_with_calls_is_as_good_as_none() -> None:
    app = App()
    call = called("call_aaaaaaaa")
    app.ask([OPENING], call)
    assert seen(app.ask([OPENING, said(""), call, returned("call_aaaaaaaa")], said("Room 7 is."))) == (
        *(Verdict.CONTINUE, 1, 2),
        (),
    )


def test_old_results_that_are_left_out_are_a_rewritten_history_with_the_same_end() -> None:
    app = App()
    history = app.talk(5)
    history[2] = user("(left out)")
    placement = app.ask([*history, user("And then?")], said("Then nothing."))
    assert (placement.verdict, placement.turn) == (Verdict.TRIMMED, 6)
    assert [(each.kind, each.index) for each in placement.mistakes] == [(MistakeKind.HISTORY_TRIMMED, 2)]
    assert placement.known_messages == 2
