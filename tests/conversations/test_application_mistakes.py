"""Mistakes that a request shows by itself, each told once."""

from typing import Any

import pytest

from costproxy.model import Change, MistakeKind, Placement, Region, Verdict
from tests.support.talk import App, called, returned, said, system, user

OPENING, REPLY, NEXT = user("Where is the key?"), said("Under the mat, as always."), user("It is not.")
TOOLS: list[Any] = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]


def found(placement: Placement) -> list[tuple[MistakeKind, int | None]]:
    return [(each.kind, each.index) for each in placement.mistakes]


def test_another_system_prompt_is_told_at_each_change_and_is_the_same_conversation() -> None:
    app = App()
    app.ask([system("It is 10:00."), OPENING], REPLY)
    placement = app.ask([system("It is 10:01."), OPENING, REPLY, NEXT], REPLY)
    assert found(placement) == [(MistakeKind.SYSTEM_CHANGED, 0)]
    assert placement.change == Change(region=Region.SYSTEM)
    assert not placement.extends
    placement = app.ask([system("It is 10:01."), OPENING, REPLY, NEXT, REPLY, NEXT], REPLY)
    assert (found(placement), placement.change, len(app.tracker)) == ([], None, 1)


def test_instructions_beside_the_messages_are_the_system_prompt() -> None:
    app = App()
    app.ask([OPENING], REPLY, instructions="Be brief.")
    assert found(app.ask([OPENING, REPLY, NEXT], REPLY, instructions="Be long.")) == [
        (MistakeKind.SYSTEM_CHANGED, None)
    ]


def test_other_tools_are_told_and_come_before_all_else() -> None:
    app = App()
    app.ask([system("A."), OPENING], REPLY, tools=TOOLS)
    placement = app.ask([system("B."), OPENING, REPLY, NEXT], REPLY, tools=[*TOOLS, *TOOLS])
    assert {kind for kind, _ in found(placement)} == {MistakeKind.SYSTEM_CHANGED, MistakeKind.TOOLS_CHANGED}
    assert placement.change == Change(region=Region.TOOLS)


def test_a_mark_for_the_cache_that_moves_is_no_change() -> None:
    app = App()
    mark = {"cache_control": {"type": "ephemeral"}}
    marked = [{"type": "text", "text": OPENING["content"], **mark}]
    app.ask([OPENING | {"content": marked}], REPLY, tools=[TOOLS[0] | mark])
    sent = [OPENING, REPLY, NEXT | {"content": [{"type": "text", "text": NEXT["content"], **mark}]}]
    placement = app.ask(sent, REPLY, tools=TOOLS)
    assert (found(placement), placement.change, placement.extends) == ([], None, True)


def test_a_reply_that_is_appended_twice_is_told_at_the_second() -> None:
    app = App()
    app.ask([OPENING], REPLY)
    twice = [OPENING, REPLY, REPLY, NEXT]
    assert found(app.ask(twice, REPLY)) == [(MistakeKind.REPLY_DUPLICATED, 2)]
    assert found(app.ask([*twice, REPLY, NEXT], said("Then it is lost."))) == []


def test_a_result_without_its_call_is_told_once() -> None:
    app = App()
    orphan = [OPENING, returned("call_99999999"), NEXT]
    assert found(app.ask(orphan, REPLY)) == [(MistakeKind.ORPHAN_TOOL_RESULT, 1)]
    assert found(app.ask([*orphan, REPLY, NEXT], REPLY)) == []


def test_a_window_may_cut_a_result_from_its_call() -> None:
    app = App()
    call, result = called("call_aaaaaaaa"), returned("call_aaaaaaaa")
    app.ask([OPENING], call)
    app.ask([OPENING, call, result], said("It is under the flower pot, it seems."))
    cut = [result, said("It is under the flower pot, it seems."), NEXT]
    assert found(app.ask(cut, REPLY)) == [(MistakeKind.HISTORY_TRIMMED, 0), (MistakeKind.ORPHAN_TOOL_RESULT, 0)]


def test_results_without_ids_belong_to_any_call_before_them() -> None:
    app = App()
    legacy = {"role": "assistant", "content": None, "function_call": {"name": "look", "arguments": "{}"}}
    result = {"role": "function", "name": "look", "content": "nothing"}
    app.ask([OPENING], REPLY)
    assert found(app.ask([OPENING, REPLY, NEXT, legacy, result], REPLY)) == []
    assert found(app.ask([NEXT, result], REPLY)) == [(MistakeKind.ORPHAN_TOOL_RESULT, 1)]


def test_a_retry_repeats_no_complaint() -> None:
    app = App()
    app.ask([system("A."), OPENING], REPLY)
    changed = [system("B."), OPENING, REPLY, NEXT]
    failed = app.send(changed)
    app.fail(failed)
    assert found(failed.placement) == [(MistakeKind.SYSTEM_CHANGED, 0)]
    assert found(app.ask(changed, REPLY)) == []


def test_instructions_beside_the_messages_have_no_index() -> None:
    app = App()
    app.ask([OPENING], REPLY, instructions="It is 10:00.")
    placement = app.ask([OPENING, REPLY, NEXT], REPLY, instructions="It is 10:01.")
    assert found(placement) == [(MistakeKind.SYSTEM_CHANGED, None)]


@pytest.mark.parametrize("told", ["another model", "other tools", "another system prompt"])
def test_the_same_messages_asked_otherwise_are_not_the_identical_request(told: str) -> None:
    app = App()
    app.ask([system("bot"), OPENING], REPLY)
    history = [OPENING, REPLY, NEXT]
    first = app.send([system("bot"), *history]).placement
    app.model = "another-model" if told == "another model" else app.model
    instructions = "guard" if told == "another system prompt" else "bot"
    tools = TOOLS if told == "other tools" else None
    second = app.send([system(instructions), *history], tools=tools).placement
    assert MistakeKind.DUPLICATE_IN_FLIGHT not in [kind for kind, _ in found(second)]
    assert (second.conversation, second.verdict, second.turn) == (first.conversation, Verdict.BRANCH, first.turn)


def test_the_same_again_is_told_though_others_asked_the_same_meanwhile() -> None:
    app = App()
    app.ask([system("bot"), OPENING], REPLY)
    history = [OPENING, REPLY, NEXT]
    app.send([system("bot"), *history])
    app.send([system("guard"), *history])
    assert app.send([system("bot"), *history]).placement.verdict is Verdict.DUPLICATE


def test_a_window_is_told_though_the_system_prompt_changes_too() -> None:
    app, history, placements = App(), list[Any](), []
    for i in range(6):
        history.append(user(f"Question number {i}, please explain it."))
        reply = said(f"One should look at chapter {i} of the manual.")
        placements.append(app.ask([system(f"It is 10:0{i}."), *history[-5:]], reply))
        history.append(reply)
    assert placements[-1].verdict is Verdict.TRIMMED
    assert (MistakeKind.HISTORY_TRIMMED, 1) in found(placements[-1])


def test_a_summary_in_the_system_prompt_is_a_trimmed_history() -> None:
    app = App()
    history = app.talk(3)
    placement = app.ask([system("Summary so far: ..."), *history[-2:], NEXT], REPLY)
    assert placement.verdict is Verdict.TRIMMED
    assert (MistakeKind.HISTORY_TRIMMED, 1) in found(placement)


def test_a_result_of_a_tool_that_is_rewritten_is_told() -> None:
    app, history = App(), [system("S"), OPENING]
    for i in range(4):
        call, last = called(f"call_bbbbbbbb{i}"), history[-1]
        sent = history if i == 0 else [*history[:-1], last | {"content": f"{last['content']} <step {i}>"}]
        placement = app.ask(sent, call)
        history += [call, returned(f"call_bbbbbbbb{i}", f"result {i}")]
        if i > 1:
            assert (placement.verdict, placement.step) == (Verdict.TRIMMED, i + 1)
            assert found(placement) == [(MistakeKind.HISTORY_TRIMMED, 2 * i - 1)]
