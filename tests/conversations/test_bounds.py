"""What is remembered has an end, and what is said of it betrays nothing."""

import json
import threading
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from costproxy.conversations.index import Index
from costproxy.conversations.memory import Memory
from costproxy.conversations.tracker import Placed, Tracker
from costproxy.model import Claim, ReplyMessage, Verdict
from tests.support.talk import SECRET, App, called, returned, said, system, user


def small(threads: int = 3, idle: float = 100.0, life: float = 1_000.0) -> App:
    return App(Tracker(secret=SECRET, threads=threads, idle=idle, life=life))


def is_empty(memory: Memory) -> bool:
    return not len(memory.index) and not memory._names and not memory._states


def check(tracker: Tracker) -> None:
    """Every key leads to a thread that is remembered and knows the key; nothing else is kept."""
    memory = tracker._memory
    live = {id(each) for each in memory}
    for key, found in memory.index._threads.items():
        for each in found if isinstance(found, list) else [found]:
            assert id(each) in live
            assert key == each.echo or any(key in round_.keys for round_ in each.rounds)
    assert {id(thread) for thread, _ in memory._states.values()} <= live
    assert {id(thread) for thread in memory._names.values()} <= live
    assert all(len(each.rounds) <= 4 and len(each.states) <= 64 for each in memory)


def test_the_least_recently_used_is_forgotten_first() -> None:
    app = small()
    histories = [app.talk(1, topic=f"{number}") for number in range(3)]
    app.ask([*histories[0], user("More.")], said("Less."))
    app.talk(1, topic="the last")
    assert len(app.tracker) == 3
    assert app.tracker.forgotten == {"idle": 0, "age": 0, "capacity": 1}
    assert app.ask([*histories[1], user("More.")], said("Less.")).verdict is Verdict.NEW
    check(app.tracker)


def test_what_is_idle_for_too_long_is_forgotten() -> None:
    app = small()
    history = app.talk(1)
    app.at += 99
    history += [user("More."), said("Less.")]
    assert app.ask(history[:-1], history[-1]).verdict is Verdict.CONTINUE
    app.at += 101
    assert app.ask([*history, user("More.")], said("Less.")).verdict is Verdict.NEW
    assert app.tracker.forgotten["idle"] == 1


def test_what_lives_for_too_long_is_forgotten_though_it_is_used() -> None:
    app = small()
    history: list[Any] = []
    verdicts = []
    for _ in range(20):
        history.append(user("More."))
        verdicts.append(app.ask(history, said("Less.")).verdict)
        history.append(said("Less."))
        app.at += 58
    assert verdicts.count(Verdict.NEW) == 2
    assert app.tracker.forgotten == {"idle": 0, "age": 1, "capacity": 0}
    check(app.tracker)


def test_everything_that_led_to_a_forgotten_thread_goes_with_it() -> None:
    app = small()
    call = called("call_aaaaaaaa")
    app.ask([user("a")], call, claim=Claim(thread="named"))
    app.ask([user("a")], call, claim=Claim(session="s"))
    app.ask([user("b")], call, api="responses", id="resp_1", claim=Claim(previous="resp_0"))
    app.at += 1_000
    app.tracker._memory.sweep(app.at)
    assert len(app.tracker) == 0
    assert is_empty(app.tracker._memory)


def test_a_reply_to_a_forgotten_request_is_dropped() -> None:
    app = small(threads=1)
    placed = app.send([user("a")])
    app.talk(1)
    app.answer(placed, said("too late"))
    assert len(app.tracker) == 1
    check(app.tracker)


def test_thousands_with_the_same_words_are_told_in_bounded_time() -> None:
    app = App()
    for _ in range(2_000):
        app.ask([user("Hello")], said("Hi!"))
    assert len(app.tracker) == 2_000
    assert max(len(app.tracker._memory.index.get(key)) for key in app.tracker._memory.index._threads) == 128
    assert app.ask([user("Hello"), said("Hi!"), user("Bye")], said("Bye!")).verdict is Verdict.CONTINUE
    check(app.tracker)


def test_a_request_that_is_sent_for_ever_keeps_a_bounded_number_of_replies() -> None:
    app = App()
    app.ask([user("a")], said("b"))
    for number in range(300):
        app.ask([user("a"), said("b"), user("c")], said(f"{number}"))
    assert len(app.tracker._memory.index) < 120
    check(app.tracker)


def test_two_threads_may_use_it_at_once() -> None:
    tracker = Tracker(secret=SECRET, threads=50)
    apps = [App(tracker, caller=b"%d" % number) for number in range(2)]

    def work(app: App) -> None:
        for number in range(60):
            app.talk(4, topic=f"{app.caller!r} {number}")

    workers = [threading.Thread(target=work, args=(app,)) for app in apps]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(tracker) == 50
    check(tracker)


CANARIES = ("canary-text", "canary-reply", "canary-session", "canary-key", "canary-call", "canary-user", "canary-rules")


def test_no_text_key_or_session_is_to_be_found_in_what_is_kept() -> None:
    app = App(caller=b"canary-key")
    claim = Claim(session="canary-session", hints=("canary-user",))
    call = called("canary-call", name="canary-text", text="canary-reply")
    first = [system("canary-rules"), user("canary-text")]
    app.ask(first, call, claim=claim)
    placed = app.send([*first, call, returned("canary-call", "canary-text")], claim=claim, instructions="canary-rules")
    app.answer(placed, ReplyMessage(text="canary-reply"), id="canary-session")
    app.ask([user("canary-text")], said("canary-reply"), claim=Claim(thread="canary-session"))
    app.ask([user("canary-text")], said("x"), claim=Claim(previous="canary-session"), id="canary-call", api="responses")
    kept = dump(app.tracker) + dump(placed) + repr(placed) + repr(app.tracker) + repr(app.tracker.live())
    assert [canary for canary in CANARIES if canary in kept] == []
    assert SECRET.decode() not in kept


def dump(value: Any, seen: set[int] | None = None) -> str:
    """Return all that can be reached from a value, as text."""
    seen = set() if seen is None else seen
    if id(value) in seen:
        return ""
    seen.add(id(value))
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("latin-1")
    if isinstance(value, str | int | float) or value is None:
        return f"{value}\n"
    inner: list[Any] = []
    if isinstance(value, dict):
        inner = [*value.keys(), *value.values()]
    elif isinstance(value, list | tuple | set | frozenset):
        inner = list(value)
    if not isinstance(value, type):
        names = [*getattr(value, "__dict__", {})]
        for kind in type(value).__mro__:
            slots = getattr(kind, "__slots__", ())
            names += [slots] if isinstance(slots, str) else slots
        inner += [getattr(value, name, None) for name in names if not name.startswith("__")]
    return "".join(dump(each, seen) for each in inner)


def test_ids_are_hexadecimal_and_tell_nothing_of_names() -> None:
    app = App()
    found = [app.ask([user("a")], said("b"), claim=Claim(thread=f"{number}")).conversation for number in range(50)]
    assert len(set(found)) == 50
    assert all(len(each) == 16 and int(each, 16) >= 0 for each in found)


_MESSAGES = st.sampled_from(
    [
        *(user(text) for text in ("a", "b", "A longer one that can tell a conversation by itself.")),
        *(said(text) for text in ("x", "y", "A longer answer that can tell a conversation too.")),
        system("rules"),
        called("call_aaaaaaaa"),
        called("call_bbbbbbbb", "1"),
        returned("call_aaaaaaaa"),
        returned("1"),
        {"type": "function_call", "call_id": "call_aaaaaaaa", "name": "f", "arguments": "{}"},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "x"}]},
        {"type": "reasoning"},
        {"role": "assistant", "content": None},
        {"role": 5},
        "junk",
        None,
    ]
)
_NAMES = st.none() | st.sampled_from(["one", "two", "resp_1"])
_CLAIMS = st.builds(Claim, thread=st.none() | st.just("t"), session=_NAMES, previous=_NAMES, hints=st.just(("h",)))
_STEPS = st.tuples(
    st.lists(_MESSAGES, max_size=6),
    _CLAIMS | st.just(Claim()),
    st.sampled_from(["answer", "fail", "wait", "twice", "none"]),
    st.sampled_from([0, 1, 30, 200]),
    _MESSAGES,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_STEPS, max_size=25))
def test_whatever_is_sent_nothing_is_raised_and_the_maps_stay_consistent(steps: list[Any]) -> None:
    app = small(threads=4, idle=60.0, life=300.0)
    waiting: list[Placed] = []
    for messages, claim, ending, later, reply in steps:
        placed = app.send(messages, claim=claim, api="responses")
        placement = placed.placement
        assert 0 <= placement.known_messages <= placement.messages == len(messages)
        assert 0 <= placement.weights.common <= placement.weights.whole
        assert placement.turn >= 1
        assert placement.step >= 1
        text = json.dumps(reply)
        if ending == "wait":
            waiting.append(placed)
        elif ending == "fail":
            app.fail(placed)
        elif ending == "none":
            app.answer(placed)
        else:
            for _ in range(2 if ending == "twice" else 1):
                app.answer(placed, ReplyMessage(text=text if reply is None else "x", whole=later != 1), id="resp_1")
        app.at += later
        assert len(app.tracker) <= 4
        check(app.tracker)
    for placed in waiting:
        app.answer(placed, said("late"))
    check(app.tracker)


def test_an_index_forgets_keys_that_nobody_is_found_by() -> None:
    app = App()
    one, two = (app.send([user(text)]).thread for text in "ab")
    index = Index()
    index.add([1, 2], one)
    index.add([1], two)
    index.add([1], two)
    assert index.get(1) == (one, two)
    index.remove([1, 2, 3], one)
    index.remove([2], two)
    assert (index.get(1), 2 in index, len(index)) == ((two,), False, 1)
