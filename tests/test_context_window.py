"""How full the context window is, on a running proxy: warned of once, told as far as known, and nothing is blocked."""

from collections.abc import Callable
from pathlib import Path

import pytest

from costproxy.demo.plan import Plan
from costproxy.demo.replies import json_reply
from tests.support.provider import Body, Provider
from tests.support.raw import ask, request
from tests.support.scrape import Scrape
from tests.support.stage import MODEL, Caller, Played, play
from tests.support.talk import user
from tests.wire.overflow_wordings import LOOK_ALIKES, OVERFLOWS

pytestmark = pytest.mark.timeout(30)

STRANGER = "a-model-that-nobody-knows"
WINDOW, REPLY = 11_000, 1_000  # tokens
USABLE = WINDOW - REPLY
STEP = USABLE // 20  # 5 % of it
OWN = f'[models."{MODEL}"]\ncontext_window = {WINDOW}\n'


def five_percent(body: Body) -> int:
    """Bill 5 % of the usable window per question."""
    questions: int = sum(message["role"] == "user" for message in body["messages"])
    return STEP * questions


def overflow(limit: int) -> Plan:
    text = f"This model's maximum context length is {limit} tokens. However, your messages resulted in 99999 tokens."
    error = {"message": text, "type": "invalid_request_error", "code": "context_length_exceeded", "param": "messages"}
    return json_reply({"error": error}, 400)


def settings(folder: Path, text: str = OWN) -> Path:
    file = folder / "costproxy.toml"
    file.write_text(text, encoding="utf-8")
    return file


async def talk(
    turns: int,
    *,
    model: str = MODEL,
    file: Path | None = None,
    provider: Provider | None = None,
    after: int | None = None,
) -> Played:
    """Play one conversation; `after` so many turns its history is cut to the last turn."""

    async def script(url: str) -> None:
        caller = Caller(url, model=model)
        for turn in range(turns):
            if turn == after:
                del caller.history[:-2]
            reply = await caller.say(f"Question {turn}, if you please.", max_tokens=REPLY)
            assert reply.status == 200

    return await play(script, provider or Provider(bill=five_percent), file=file)


def over(seen: Scrape) -> dict[str, float]:
    return seen.by("costproxy_conversations_over_threshold", "threshold")


@pytest.mark.parametrize(("turns", "crossed"), [(13, []), (14, [0.7]), (17, [0.7, 0.85]), (23, [0.7, 0.85, 0.95])])
async def test_a_conversation_is_warned_of_once_per_threshold(tmp_path: Path, turns: int, crossed: list[float]) -> None:
    played = await talk(turns, file=settings(tmp_path))
    warnings = played.events("context_warning")
    assert [each["threshold"] for each in warnings] == crossed
    assert {each["conversation"] for each in warnings} <= set(played.told("conversation"))
    once = {f"{each:g}": 1 for each in crossed}
    assert played.seen.by("costproxy_context_warnings_total", "threshold") == once
    assert over(played.seen) == once
    assert played.seen.outcomes == {"success": turns}  # whatever it is full of, nothing is blocked
    assert played.seen.total("costproxy_context_used_ratio_count") == turns


async def test_the_turns_that_are_left_run_out(tmp_path: Path) -> None:
    played = await talk(22, file=settings(tmp_path))
    assert played.told("turns_left") == [None, *range(18, 0, -1), 0, 0, 0]
    assert played.told("turns_left_confident")[2:] == [True] * 20
    assert played.told("context_ratio") == [round(0.05 * turn, 4) for turn in range(1, 23)]
    assert set(played.told("limit_source")) == {"settings"}
    assert played.seen.total("costproxy_conversations_near_limit") == 1


async def test_what_was_warned_of_is_not_warned_of_again_when_it_fills_up_again(tmp_path: Path) -> None:
    played = await talk(32, file=settings(tmp_path), after=15)
    assert [each["threshold"] for each in played.events("context_warning")] == [0.7, 0.85]
    assert set(played.conversations) == {"0"}
    assert over(played.seen) == {"0.7": 1, "0.85": 1}


async def test_a_conversation_that_was_cut_is_no_longer_counted_as_nearly_full(tmp_path: Path) -> None:
    played = await talk(20, file=settings(tmp_path), after=18)
    assert played.seen.by("costproxy_context_warnings_total", "threshold") == {"0.7": 1, "0.85": 1}
    assert over(played.seen) == {}
    assert played.seen.total("costproxy_conversations_near_limit") == 0


async def test_of_an_unknown_model_nothing_is_said() -> None:
    played = await talk(20, model=STRANGER)
    for name in ("context_ratio", "turns_left", "context_limit", "limit_source"):
        assert played.told(name) == [None] * 20, name
    silent = ("context_used_ratio", "context_warnings", "conversations_near_limit", "conversations_over_threshold")
    told = [each.name for each in played.seen.samples if each.labels.get("model") == STRANGER]
    told = [each for each in told if each.startswith(tuple(f"costproxy_{name}" for name in silent))]
    # The counter of warnings is there at 0, as for every model: a warning may come once a limit is learnt.
    assert set(told) <= {"costproxy_context_warnings_total"}
    assert played.seen.total("costproxy_context_warnings_total") == 0
    assert played.seen.by("costproxy_context_limit_sources_total", "source") == {"unknown": 20}
    assert played.seen.total("costproxy_conversation_growth_tokens_count") == 20


async def test_a_model_may_have_thresholds_of_its_own(tmp_path: Path) -> None:
    played = await talk(20, file=settings(tmp_path, f"{OWN}warn_at = [20, 50]\n"))
    assert [each["threshold"] for each in played.events("context_warning")] == [0.2, 0.5]
    assert over(played.seen) == {"0.2": 1, "0.5": 1, "0.7": 1, "0.85": 1, "0.95": 1}


async def learn(file: Path | None = None, *, model: str = STRANGER) -> Played:
    """Ask with each turn for another thing that tells a limit: nothing, the list of models, too much, nothing."""
    refused: list[Body] = []

    def refuse(body: Body) -> Plan | None:
        if "too much" not in body["messages"][-1]["content"]:
            return None
        refused.append(body)
        return overflow(6_000)

    async def script(url: str) -> None:
        caller = Caller(url, model=model)
        await caller.say("A first question.", max_tokens=REPLY)
        assert (await ask(url, request("GET", "/v1/models"))).status == 200
        await caller.say("A second question.", max_tokens=REPLY)
        assert (await caller.send([*caller.history, user("This is too much.")], max_tokens=REPLY)).status == 400
        await caller.say("A third question.", max_tokens=REPLY)

    listed = [{"id": model, "object": "model", "max_model_len": 9_000}]
    played = await play(script, Provider(bill=five_percent, refuse=refuse, models=listed), file=file)
    assert len(refused) == 1
    assert played.seen.outcomes["context_exceeded"] == 1
    return played


async def test_limits_are_learnt_in_passing_and_said_to_be_so() -> None:
    played = await learn()
    assert played.told("limit_source") == [None, "model_list", "error", "error"]  # what was refused fills the window
    assert played.told("context_limit") == [None, 9_000 - REPLY, 6_000 - REPLY, 6_000 - REPLY]
    assert played.seen.by("costproxy_context_limit_sources_total", "source") == {
        "unknown": 1,
        "model_list": 1,
        "error": 1,
    }
    assert set(played.conversations) == {"0"}


async def test_what_the_catalogue_says_gives_way_to_what_the_upstream_says() -> None:
    assert (await learn(model=MODEL)).told("limit_source") == ["catalogue", "model_list", "error", "error"]


async def test_what_is_set_is_not_learnt_otherwise(tmp_path: Path) -> None:
    played = await learn(settings(tmp_path), model=MODEL)
    assert played.told("limit_source") == ["settings"] * 4
    assert played.told("context_limit") == [USABLE] * 4


def in_errors_words(corpus: dict[str, tuple[int, str]]) -> Callable[[Body], Plan | None]:
    """Refuse each request in the words that it asks for."""

    def refuse(body: Body) -> Plan | None:
        status, text = corpus[body["messages"][-1]["content"]]
        return json_reply({"error": {"message": text, "type": "invalid_request_error", "code": None}}, status)

    return refuse


@pytest.mark.parametrize("too_long", [True, False], ids=["overflows", "look-alikes"])
async def test_prompts_that_were_too_long_are_told_from_what_only_sounds_like_it(too_long: bool) -> None:
    corpus = {name: each[:2] for name, each in (OVERFLOWS if too_long else LOOK_ALIKES).items()}

    async def script(url: str) -> None:
        for name in corpus:
            caller = Caller(url, model=STRANGER)
            assert (await caller.say(name)).status == corpus[name][0]

    played = await play(script, Provider(refuse=in_errors_words(corpus)))
    exceeded = played.seen.outcomes.get("context_exceeded", 0)
    assert exceeded == (len(corpus) if too_long else 0)
    assert played.seen.requests == len(corpus)
    assert played.seen.total("costproxy_tokens_total") == 0
