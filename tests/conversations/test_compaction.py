"""What looks like the summary of a conversation that was nearly full."""

import pytest

from costproxy.conversations.step import Step
from costproxy.conversations.tracker import Placed
from costproxy.model import Limits, LimitSource, Usage, Verdict
from tests.support.talk import App, Message, said, system, user

OPENING = user("How do I get from Ghent to Bruges?")
REPLY = said("There is a train every quarter of an hour.")
NEXT = user("And how much is it?")
AGENT = system("You are a travel agent.")


def fill(placed: Placed, prompt: int) -> None:
    """Let the bill say how full a window of 10,000 tokens is."""
    placed.thread.account.settle(
        Step(
            placement=placed.placement,
            at=1_000.0,
            upstream="openai",
            model="gpt-4o",
            usage=Usage(input=prompt, output=10),
            limits=Limits(max_input=10_000),
            limit_source=LimitSource.CATALOGUE,
        )
    )


def test_what_looks_like_a_summary_of_a_full_conversation_names_it() -> None:
    app = App()
    history = [system("You are a travel agent, and a good one."), OPENING, user("Mind the weather. " * 100)]
    for prompt in (4_000, 8_000):
        placed = app.send(history)
        app.answer(placed, REPLY)
        fill(placed, prompt)
        history += [REPLY, NEXT]
    summary = user("This conversation goes on from another one. " + "What was said there in short. " * 20)
    assert app.send([system("Another agent."), summary]).placement.verdict is Verdict.NEW
    assert app.send([history[0], OPENING]).placement.verdict is Verdict.NEW  # too short for a summary
    placement = app.send([history[0], summary]).placement
    assert (placement.verdict, placement.parent) == (Verdict.COMPACTION_SUSPECTED, placed.thread.id)
    assert (placement.turn, placement.known_messages) == (1, 0)
    assert app.send([history[0], summary]).placement.verdict is Verdict.NEW  # it has one successor


@pytest.mark.parametrize(("prompt", "later"), [(4_900, 0), (8_000, 60)])
def test_nothing_is_suspected_of_a_conversation_that_is_half_empty_or_long_quiet(prompt: int, later: float) -> None:
    app = App()
    rules = system("You are a travel agent, and a good one.")
    for history in ([rules, OPENING], [rules, OPENING, REPLY, NEXT]):
        placed = app.send(history)
        app.answer(placed, REPLY)
        fill(placed, prompt)
    app.at += later
    assert app.send([rules, user("What was said there in short. " * 20)]).placement.verdict is Verdict.NEW


def ask(app: App, messages: list[Message], reply: Message, prompt: int) -> Verdict:
    placed = app.send(messages)
    app.answer(placed, reply)
    fill(placed, prompt)
    return placed.placement.verdict


def test_documents_one_after_the_other_are_no_compaction() -> None:
    app, verdicts = App(), []
    for i in range(3):
        document = [AGENT, user(f"Summarise document {i}: " + f"sentence of document {i}. " * 200)]
        verdicts.append(ask(app, document, REPLY, 6_000))
        ask(app, [*document, REPLY, user("Now as JSON.")], said("{}"), 6_100)
    assert verdicts == [Verdict.NEW] * 3


@pytest.mark.parametrize(("model", "verdict"), [("gpt-4o", Verdict.COMPACTION_SUSPECTED), ("other", Verdict.NEW)])
def test_only_the_same_model_goes_on_with_a_summary(model: str, verdict: Verdict) -> None:
    app = App()
    first = [AGENT, user("a" * 3_000)]
    ask(app, first, REPLY, 6_000)
    ask(app, [*first, REPLY, NEXT], REPLY, 6_100)
    app.model = model
    assert app.ask([AGENT, user("b" * 300)], REPLY).verdict is verdict
