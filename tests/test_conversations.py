"""Which requests belong together, on a running proxy: the scripts that others of its kind get wrong."""

import asyncio
import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from costproxy.demo.plan import Until
from tests.support.provider import OUTPUT, Provider
from tests.support.raw import ask, post
from tests.support.scrape import Scrape
from tests.support.stage import MODEL, Caller, play
from tests.support.talk import said, system, user
from tests.support.waiting import until

pytestmark = pytest.mark.timeout(30)

GROWTH = "costproxy_conversation_growth_tokens"
KEY = (b"Authorization", b"Bearer sk-not-a-real-key-one")
OTHER_KEY = (b"Authorization", b"Bearer sk-not-a-real-key-two")


def tracked(seen: Scrape) -> float:
    return seen.total("costproxy_conversations_tracked")


def verdicts(seen: Scrape) -> dict[str, float]:
    return seen.by("costproxy_conversation_requests_total", "verdict")


def assert_growth(seen: Scrape, new: Sequence[int]) -> None:
    """The growth histogram has exactly these observations."""
    assert seen.total(f"{GROWTH}_count") == len(new)
    assert seen.total(f"{GROWTH}_sum") == sum(new)
    for bucket in seen.all(f"{GROWTH}_bucket"):
        assert bucket.value == sum(each <= float(bucket.labels["le"]) for each in new), bucket


def grown(bills: Sequence[int]) -> list[int]:
    """Return what each prompt of one conversation that only grows has more than the one before."""
    return [after - before for before, after in pairwise([0, *bills])]


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_conversations_that_take_turns_grow_apart(stream: bool) -> None:
    provider = Provider()

    async def script(url: str) -> None:
        callers = [Caller(url, KEY, stream=stream, instructions="Be brief.") for _ in range(3)]
        for turn in range(5):
            for number, caller in enumerate(callers):
                await caller.say(f"Question {turn} of customer {number}, who says {'much ' * 9 * number}.")

    played = await play(script, provider)
    assert played.conversations == ["0", "1", "2"] * 5
    assert played.told("turn") == [turn for turn in range(1, 6) for _ in range(3)]
    assert tracked(played.seen) == 3
    assert verdicts(played.seen) == {"new": 3, "continue": 12}
    assert_growth(played.seen, [each for start in range(3) for each in grown(provider.bills[start::3])])
    tokens = played.seen.by("costproxy_conversation_prompt_tokens_total", "part", quality="exact")
    assert tokens["new"] + tokens["resent"] == sum(provider.bills)
    assert tokens["new"] == sum(provider.bills[-3:])


async def test_an_undo_branches_off_its_own_conversation() -> None:
    async def script(url: str) -> None:
        caller = Caller(url)
        for turn in range(3):
            await caller.say(f"Question {turn}, if you please.")
        del caller.history[-2:]
        await caller.say("No, what I wanted to know is something else.")
        await caller.say("And what about that?")

    played = await play(script)
    assert played.told("verdict") == ["new", "continue", "continue", "branch", "continue"]
    assert played.told("turn") == [1, 2, 3, 3, 4]
    assert played.conversations == ["0"] * 5
    assert tracked(played.seen) == 1


async def test_an_edited_question_and_a_regenerated_answer_stay_in_their_conversation() -> None:
    async def script(url: str) -> None:
        caller = Caller(url)
        await caller.say("The first question.")
        await caller.say("The second question.")
        del caller.history[-1]
        await caller.add()  # once more
        caller.history[-2:] = [user("The second question, in other words.")]
        await caller.add()

    played = await play(script)
    assert played.told("verdict") == ["new", "continue", "regenerate", "branch"]
    assert played.told("turn") == [1, 2, 2, 2]
    assert played.told("new_tokens")[2] == 0
    assert tracked(played.seen) == 1


async def test_a_compaction_that_keeps_the_last_turn_goes_on() -> None:
    async def script(url: str) -> None:
        caller = Caller(url, instructions="Be brief.")
        for turn in range(6):
            await caller.say(f"Question {turn}, which is a long one: {'what of it ' * 20}?")
        caller.history[1:-2] = [user("What was said before, in short: six questions, as many answers.")]
        await caller.say("And now for something else.")

    played = await play(script)
    assert played.told("verdict")[-2:] == ["continue", "trimmed"]
    assert tracked(played.seen) == 1
    assert played.told("mistakes")[-1] == "history_trimmed@1"


async def test_a_compaction_that_keeps_nothing_is_a_suspected_successor(tmp_path: Path) -> None:
    file = tmp_path / "costproxy.toml"
    file.write_text(f'[models."{MODEL}"]\ncontext_window = 1000\n', encoding="utf-8")

    async def script(url: str) -> None:
        caller = Caller(url, instructions="Be brief.")
        for turn in range(5):
            await caller.say(f"Question {turn}, which is a long one: {'what of it ' * 25}?", max_tokens=50)
        caller.history[1:] = [user(f"This is a summary of what was said before. {'So it goes. ' * 30}")]
        await caller.add(max_tokens=50)

    played = await play(script, file=file)
    assert played.told("verdict") == ["new", *["continue"] * 4, "compaction_suspected"]
    assert played.told("parent")[-1] == played.told("conversation")[0]
    assert tracked(played.seen) == 2


async def test_a_clock_in_the_system_prompt_does_not_split_a_conversation() -> None:
    async def script(url: str) -> None:
        caller = Caller(url, instructions="")
        for turn in range(4):
            caller.history[0] = system(f"It is 12:0{turn}. Be brief.")
            await caller.say(f"Question {turn}, if you please.")

    played = await play(script)
    assert verdicts(played.seen) == {"new": 1, "continue": 3}
    assert tracked(played.seen) == 1
    assert played.told("mistakes") == [None, *["system_changed@0"] * 3]
    assert len(played.events("mistake")) == 1


async def test_a_cache_mark_that_moves_along_changes_nothing() -> None:
    provider = Provider()
    mark = {"cache_control": {"type": "ephemeral"}}

    async def script(url: str) -> None:
        caller = Caller(url)
        for turn in range(4):
            part = {"type": "text", "text": f"Question {turn}, if you please."}
            history = list(caller.history)
            await caller.add({"role": "user", "content": [{**part, **mark}]})
            caller.history[len(history)] = user(part["text"]) if turn % 2 else {"role": "user", "content": [part]}

    played = await play(script, provider)
    assert verdicts(played.seen) == {"new": 1, "continue": 3}
    assert tracked(played.seen) == 1
    assert played.told("mistakes") == [None] * 4
    assert_growth(played.seen, grown(provider.bills))


async def test_a_key_that_is_rotated_does_not_split_a_conversation() -> None:
    async def script(url: str) -> None:
        caller = Caller(url, KEY)
        for turn in range(4):
            await caller.say(f"Question {turn}, if you please.")
            caller.headers = (OTHER_KEY,) if turn else (KEY,)

    played = await play(script)
    assert verdicts(played.seen) == {"new": 1, "continue": 3}
    assert tracked(played.seen) == 1


@pytest.mark.parametrize("opening", ["Hello", "I am customer {}, hello."], ids=["same opening", "own opening"])
async def test_two_users_of_one_key_are_two(opening: str) -> None:
    async def script(url: str) -> None:
        callers = [Caller(url, KEY, instructions="Be brief.") for _ in range(2)]
        for number, caller in enumerate(callers):
            await caller.say(opening.format(number))
        for turn in range(3):
            for number, caller in enumerate(callers):
                await caller.say(f"Question {turn} of customer {number}.")

    played = await play(script)
    assert played.conversations == ["0", "1"] * 4
    assert tracked(played.seen) == 2


@pytest.mark.parametrize("task", ["Look into part {}.", "Start."], ids=["own tasks", "same task"])
async def test_parallel_agents_of_one_system_prompt_are_as_many(task: str) -> None:
    provider, agents, turns = Provider(), 5, 4

    async def script(url: str) -> None:
        async def agent(number: int) -> None:
            caller = Caller(url, KEY, stream=number % 2 == 0, instructions="You are one of many agents.")
            await caller.say(task.format(number))
            for turn in range(1, turns):
                await caller.say(f"Step {turn} of agent {number}.")

        await asyncio.gather(*map(agent, range(agents)))

    played = await play(script, provider)
    assert tracked(played.seen) == agents
    of_each = [played.conversations.count(str(each)) for each in range(agents)]
    assert of_each == [turns] * agents
    assert verdicts(played.seen) == {"new": agents, "continue": agents * (turns - 1)}
    ends = {
        number: max(bill for bill, body in _billed(provider) if f"agent {number}." in body) for number in range(agents)
    }
    assert played.seen.total(f"{GROWTH}_sum") == sum(ends.values())


def _billed(provider: Provider) -> list[tuple[int, str]]:
    return [(bill, json.dumps(body)) for bill, body in zip(provider.bills, provider.bodies, strict=True)]


async def test_a_session_header_keeps_apart_what_reads_the_same() -> None:
    async def script(url: str) -> None:
        for session in (b"session-one", b"session-two"):
            caller = Caller(url, KEY, (b"X-Session-Id", session))
            for text in ("Hello", "Go on, please.", "Thank you."):
                caller.history.append(user(text))
                await caller.send(caller.history)
                caller.history.append(said("The same reply to all of them, word for word."))

    provider = Provider(said=lambda _: "The same reply to all of them, word for word.")
    played = await play(script, provider)
    assert played.conversations == ["0"] * 3 + ["1"] * 3
    assert played.seen.by("costproxy_conversation_sources_total", "source") == {"session_header": 6}
    assert tracked(played.seen) == 2
    assert_growth(played.seen, grown(provider.bills[:3]) * 2)


async def test_a_session_may_hold_several_conversations() -> None:
    async def script(url: str) -> None:
        callers = [Caller(url, (b"X-Session-Id", b"session-one"), instructions=text) for text in ("Plan.", "Work.")]
        for turn in range(3):
            for number, caller in enumerate(callers):
                await caller.say(f"Part {number}, step {turn}.")

    played = await play(script)
    assert played.conversations == ["0", "1"] * 3


async def test_a_chain_of_stored_responses_is_one_conversation() -> None:
    provider = Provider()

    async def script(url: str) -> None:
        previous: dict[str, Any] = {}
        for turn in range(4):
            asked = {"model": MODEL, "input": f"Question {turn}, if you please.", **previous}
            reply = await ask(url, post(json.dumps(asked).encode(), KEY, target="/v1/responses"))
            previous = {"previous_response_id": json.loads(reply.body)["id"]}

    played = await play(script, provider)
    assert verdicts(played.seen) == {"new": 1, "continue": 3}
    assert played.told("turn") == [1, 2, 3, 4]
    assert tracked(played.seen) == 1
    sources = played.seen.by("costproxy_conversation_sources_total", "source")
    assert sources == {"messages": 1, "api_state": 3}
    assert_growth(played.seen, grown(provider.bills))
    assert played.told("resent_tokens")[1] == provider.bills[0]
    assert provider.bills[1] - provider.bills[0] >= OUTPUT


async def test_a_duplicate_in_flight_is_no_second_conversation() -> None:
    go = asyncio.Event()

    async def script(url: str) -> None:
        caller = Caller(url, KEY)
        go.set()
        await caller.say("A first question, to begin with.")
        go.clear()
        both = [*caller.history, user("A second one, sent twice at once.")]
        sent = [asyncio.create_task(caller.send(both)) for _ in range(2)]
        await until(lambda: len(provider.bodies) == 3)
        go.set()
        await asyncio.gather(*sent)

    provider = Provider(until=Until(go))
    played = await play(script, provider)
    assert verdicts(played.seen) == {"new": 1, "continue": 1, "duplicate": 1}
    assert tracked(played.seen) == 1
    assert min(played.told("new_tokens")) == 0


async def test_no_conversation_is_named_by_any_label() -> None:
    names = {"thread": "customer-4711-thread", "session": "customer-4711-session", "state": "resp_"}

    async def script(url: str) -> None:
        for header in ((b"X-Costproxy-Thread-Id", names["thread"]), (b"X-Costproxy-Session-Id", names["session"])):
            caller = Caller(url, KEY, (header[0], header[1].encode()))
            await caller.say("Hello.")
            await caller.say("Go on.")

    played = await play(script)
    values = {value for sample in played.seen.samples for value in sample.labels.values()}
    found = {each["conversation"] for each in played.exchanges} | set(names.values())
    assert not [value for value in values for name in found if name in value]
    assert tracked(played.seen) == 2
    assert not [seen for seen in played.upstream.requests if b"costproxy" in seen.head.lower()]
