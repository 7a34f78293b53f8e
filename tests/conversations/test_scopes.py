"""What separates conversations beside their messages, and what does not."""

from costproxy.conversations.tracker import Tracker
from costproxy.model import Claim, IdentitySource, Verdict
from tests.support.talk import SECRET, App, called, returned, said, system, user

OPENING, REPLY, NEXT = user("Hello, who is there?"), said("It is me, the machine."), user("Then let me in.")


def session(name: str) -> Claim:
    return Claim(session=name, source=IdentitySource.SESSION_HEADER)


def thread(name: str) -> Claim:
    return Claim(thread=name, source=IdentitySource.THREAD_HEADER)


def previous(name: str) -> Claim:
    return Claim(previous=name, source=IdentitySource.API_STATE)


def pair(**more: str) -> tuple[App, App]:
    tracker = Tracker(secret=SECRET)
    return App(tracker), App(tracker, **more)  # type: ignore[arg-type]


def test_a_new_key_in_the_middle_of_a_conversation_does_not_split_it() -> None:
    old, new = pair(caller=b"another key")  # type: ignore[arg-type]
    first = old.ask([OPENING], REPLY)
    second = new.ask([OPENING, REPLY, NEXT], REPLY)
    assert (second.conversation, second.verdict, second.turn) == (first.conversation, Verdict.CONTINUE, 2)


def test_another_upstream_that_takes_over_does_not_split_it_nor_start_a_turn() -> None:
    first, second = pair(upstream="azure")
    first.ask([OPENING], REPLY)
    failed = first.send([OPENING, REPLY, NEXT])
    first.fail(failed)
    placement = second.ask([OPENING, REPLY, NEXT], REPLY)
    assert (placement.conversation, placement.turn) == (failed.placement.conversation, 2)
    assert placement.verdict is Verdict.RETRY


def test_two_users_with_one_key_are_two() -> None:
    app = App()
    app.talk(3, topic="weather")
    app.talk(3, topic="football")
    assert len(app.tracker) == 2


def test_a_stranger_with_the_same_opening_takes_over_no_conversation_without_a_reply() -> None:
    mine, strange = pair(caller=b"a stranger")  # type: ignore[arg-type]
    mine.ask([OPENING], REPLY)
    placement = strange.ask([OPENING, said("Other words."), NEXT], REPLY)
    assert placement.verdict is Verdict.NEW


def test_of_two_that_fit_the_one_of_the_same_home_is_taken() -> None:
    mine, other = pair(upstream="azure")
    other.ask([OPENING], REPLY)
    first = mine.ask([OPENING], REPLY)
    placement = mine.ask([OPENING, REPLY, NEXT], REPLY)
    assert (placement.conversation, placement.ambiguous) == (first.conversation, False)


def test_hints_then_instructions_then_tools_then_the_model_speak_for_one_of_several() -> None:
    for change in ({"claim": Claim(hints=("me",))}, {"instructions": "Mine."}, {"tools": [{"name": "mine"}]}, {}):
        app = App()
        app.model = "gpt-4o-mini"
        first = app.ask([OPENING], REPLY, **change)
        app.model = "gpt-4o"
        app.ask([OPENING], REPLY)
        app.model = "gpt-4o-mini"
        placement = app.ask([OPENING, REPLY, NEXT], REPLY, **change)
        assert (placement.conversation, placement.ambiguous) == (first.conversation, False)


def test_sub_agents_in_parallel_with_the_same_instructions_are_distinct() -> None:
    app = App()
    rules = system("You are a sub-agent. Do what you are told.")
    tasks = [[rules, user(f"Read chapter {chapter} and sum it up.")] for chapter in range(5)]
    placed = [app.send(task) for task in tasks]
    for number, each in enumerate(placed):
        app.answer(each, called(f"call_{number:08}"))
    for number, task in reversed(list(enumerate(tasks))):
        call = f"call_{number:08}"
        placement = app.ask([*task, called(call), returned(call)], said("Done."))
        assert placement.conversation == placed[number].placement.conversation
    assert len(app.tracker) == 5


def test_an_explicit_session_is_a_border() -> None:
    app = App()
    first = app.ask([OPENING], REPLY, claim=session("one"))
    assert app.ask([OPENING, REPLY, NEXT], REPLY, claim=session("two")).verdict is Verdict.NEW
    assert app.ask([OPENING, REPLY, NEXT], REPLY).verdict is Verdict.NEW
    placement = app.ask([OPENING, REPLY, NEXT], REPLY, claim=session("one"))
    assert (placement.conversation, placement.source) == (first.conversation, IdentitySource.SESSION_HEADER)


def test_a_session_may_hold_several_conversations() -> None:
    app = App()
    app.ask([OPENING], REPLY, claim=session("one"))
    app.ask([NEXT], REPLY, claim=session("one"))
    assert len(app.tracker) == 2


def test_within_a_session_the_same_opening_is_the_same_conversation_again() -> None:
    app = App()
    app.ask([OPENING], REPLY, claim=session("one"))
    assert app.ask([OPENING], REPLY, claim=session("one")).verdict is Verdict.REGENERATE


def test_a_named_conversation_is_one_whatever_it_sends() -> None:
    app = App()
    first = app.ask([OPENING], REPLY, claim=thread("room 7"))
    placement = app.ask([OPENING, REPLY, NEXT], REPLY, claim=thread("room 7"))
    assert (placement.verdict, placement.turn, placement.extends) == (Verdict.CONTINUE, 2, True)
    placement = app.ask([user("Something else.")], REPLY, claim=thread("room 7"))
    assert (placement.verdict, placement.turn) == (Verdict.TRIMMED, 3)
    assert placement.conversation == first.conversation
    assert app.ask([OPENING], REPLY, claim=thread("room 8")).conversation != first.conversation


def test_the_id_of_a_named_conversation_is_the_same_in_another_process_of_the_same_secret() -> None:
    first, second = App().ask([OPENING], REPLY, claim=thread("7")), App().ask([NEXT], REPLY, claim=thread("7"))
    assert first.conversation == second.conversation
    foreign = App(Tracker(secret=b"another secret")).ask([OPENING], REPLY, claim=thread("7"))
    assert foreign.conversation != first.conversation


def test_applications_share_no_names() -> None:
    app = App()
    first = app.ask([OPENING], REPLY, claim=thread("7"))
    app.name = "shop"
    assert app.ask([OPENING], REPLY, claim=thread("7")).conversation != first.conversation


def test_ten_requests_that_each_name_the_reply_before_are_one_conversation() -> None:
    app = App()
    first = app.ask([OPENING], REPLY, api="responses", id="resp_0")
    for number in range(1, 10):
        claim = previous(f"resp_{number - 1}")
        placement = app.ask([user(f"{number}")], REPLY, api="responses", claim=claim, id=f"resp_{number}")
        assert (placement.verdict, placement.turn, placement.extends) == (Verdict.CONTINUE, number + 1, True)
        assert (placement.conversation, placement.known_messages) == (first.conversation, 0)
    assert len(app.tracker) == 1


def test_to_name_an_earlier_reply_is_to_branch_and_to_repeat_is_to_regenerate() -> None:
    app = App()
    for number in range(3):
        claim = previous(f"resp_{number - 1}") if number else Claim()
        app.ask([user(f"{number}")], REPLY, api="responses", claim=claim, id=f"resp_{number}")
    placement = app.ask([NEXT], REPLY, api="responses", claim=previous("resp_0"))
    assert (placement.verdict, placement.turn) == (Verdict.BRANCH, 2)
    again = app.ask([NEXT], REPLY, api="responses", claim=previous("resp_0"))
    assert (again.verdict, again.turn) == (Verdict.REGENERATE, 2)


def test_results_of_tools_whose_calls_the_api_keeps_are_no_orphans() -> None:
    app = App()
    app.ask([OPENING], called("call_aaaaaaaa"), api="responses", id="resp_0")
    result = {"type": "function_call_output", "call_id": "call_aaaaaaaa", "output": "nobody"}
    placement = app.ask([result], REPLY, api="responses", claim=previous("resp_0"))
    assert (placement.turn, placement.step, placement.mistakes) == (1, 2, ())


def test_a_conversation_that_the_api_stores_is_one() -> None:
    app = App()
    found = [app.ask([user(f"{number}")], REPLY, api="responses", claim=previous("conv_1")) for number in range(4)]
    assert len({each.conversation for each in found}) == 1
    assert [each.verdict for each in found] == [Verdict.NEW, *[Verdict.CONTINUE] * 3]


def test_a_state_that_was_never_seen_is_a_new_conversation_of_that_name() -> None:
    app = App()
    first = app.ask([OPENING], REPLY, api="responses", claim=previous("resp_unseen"), id="resp_1")
    second = app.ask([NEXT], REPLY, api="responses", claim=previous("resp_1"))
    assert (first.verdict, first.source) == (Verdict.NEW, IdentitySource.API_STATE)
    assert second.conversation == first.conversation


def test_the_state_of_the_api_comes_before_a_name() -> None:
    app = App()
    first = app.ask([OPENING], REPLY, api="responses", claim=thread("7"), id="resp_0")
    for number in range(1, 4):
        both = Claim(previous=f"resp_{number - 1}", thread="7", source=IdentitySource.API_STATE)
        placement = app.ask([user(f"{number}")], REPLY, api="responses", claim=both, id=f"resp_{number}")
        assert (placement.conversation, placement.verdict) == (first.conversation, Verdict.CONTINUE)
        assert (placement.turn, placement.extends, placement.mistakes) == (number + 1, True, ())


def test_a_name_tells_where_the_state_was_never_seen() -> None:
    app = App()
    first = app.ask([OPENING], REPLY, api="responses", claim=thread("7"))
    both = Claim(previous="resp_unseen", thread="7", source=IdentitySource.API_STATE)
    placement = app.ask([NEXT], REPLY, api="responses", claim=both)
    assert (placement.conversation, placement.verdict) == (first.conversation, Verdict.CONTINUE)
    assert placement.mistakes == ()
