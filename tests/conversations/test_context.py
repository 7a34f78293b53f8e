from typing import Any

import pytest

from costproxy.conversations.account import Account
from costproxy.conversations.context import context_use, crossed
from costproxy.model import ContextUse, Limits, LimitSource, Usage
from tests.conversations.steps import settled, step

SETTINGS = LimitSource.SETTINGS
THRESHOLDS = (70, 85, 95)
WINDOW: dict[str, Any] = {"limits": Limits(max_input=1000), "limit_source": SETTINGS, "thresholds": THRESHOLDS}


@pytest.mark.parametrize(
    ("limits", "requested", "usable"),
    [
        (Limits(context_window=8192), 1000, 7192),
        (Limits(context_window=8192), None, 4096),
        (Limits(context_window=4096), None, 2048),
        (Limits(context_window=4096, max_output=1000), None, 3096),
        (Limits(context_window=128_000, max_output=16_384), 16_384, 111_616),
        (Limits(context_window=128_000, max_output=2_000), None, 126_000),
        (Limits(max_input=272_000), 100_000, 272_000),
        (Limits(context_window=400_000, max_input=272_000), None, 272_000),
        (Limits(context_window=400_000, max_input=272_000), 200_000, 200_000),
    ],
)
def test_the_usable_window_leaves_room_for_the_reply(limits: Limits, requested: int | None, usable: int) -> None:
    use = context_use(1000, limits, SETTINGS, requested)
    assert use == ContextUse(used=1000, usable=usable, source=SETTINGS)


def test_an_unknown_limit_is_no_use_of_anything() -> None:
    assert context_use(1000, Limits(), SETTINGS) is None
    assert context_use(1000, Limits(max_input=2000), None) is None
    assert context_use(None, Limits(max_input=2000), SETTINGS) is None


@pytest.mark.parametrize(
    ("used", "expected"),
    [(699, ()), (700, (70,)), (849, (70,)), (850, (70, 85)), (950, (70, 85, 95)), (9999, (70, 85, 95))],
)
def test_a_threshold_is_crossed_where_it_is_reached(used: int, expected: tuple[int, ...]) -> None:
    assert crossed(ContextUse(used=used, usable=1000, source=SETTINGS), THRESHOLDS, 0) == expected


def test_thresholds_are_exact_in_large_windows() -> None:
    usable = 10**17 + 30
    use = ContextUse(used=usable * 7 // 10 - 1, usable=usable, source=SETTINGS)
    assert crossed(use, THRESHOLDS, 0) == ()


def test_each_threshold_is_warned_of_once_in_a_conversation() -> None:
    prompts = [*range(50, 1050, 50), 400, 900, 1000]  # up to the brim, cut down, and up again
    standings = settled(prompts, window=1000, thresholds=THRESHOLDS)
    assert [s.crossed for s in standings if s.crossed] == [(70,), (85,), (95,)]


def test_a_leap_crosses_all_thresholds_at_once() -> None:
    assert settled([100, 990], window=1000, thresholds=(95, 70, 85))[1].crossed == (70, 85, 95)


def test_an_unknown_window_is_never_warned_of() -> None:
    account = Account(0.0)
    standings = settled([10**9], account=account, thresholds=THRESHOLDS)
    assert standings[0].context is None
    assert standings[0].crossed == ()
    assert (account.ratio, account.warned, account.turns_left) == (None, 0, None)


def test_what_the_gauges_show_is_the_last_prompt() -> None:
    account = Account(0.0)
    settled([100, 300, 710], window=1000, account=account, thresholds=THRESHOLDS)
    assert (account.ratio, account.warned, account.turns_left) == (0.71, 70, 0)


def test_a_failed_request_leaves_the_gauges_as_they_were() -> None:
    account = Account(0.0)
    settled([100, 300], window=1000, account=account)
    account.settle(step(3, None, accepted=False))
    assert account.ratio == 0.3


def test_a_model_without_a_known_window_shows_none() -> None:
    account = Account(0.0)
    settled([100, 300], window=1000, account=account)
    account.settle(step(3, Usage(input=500), model="other"))
    assert account.ratio is None


@pytest.mark.parametrize(("said", "used"), [(0, 1000), (900, 1000), (1234, 1234)])
def test_a_prompt_that_was_refused_as_too_long_fills_the_window(said: int, used: int) -> None:
    account = Account(0.0)
    account.settle(step(1, Usage(input=500), **WINDOW))
    standing = account.settle(step(2, None, accepted=False, refused=said, **WINDOW))
    assert standing.context == ContextUse(used=used, usable=1000, source=SETTINGS)
    assert (standing.crossed, standing.new, account.turns_left) == (THRESHOLDS, None, 0)
    assert account.settle(step(3, Usage(input=400), **WINDOW)).crossed == (), "warned of once, whatever comes"


def test_a_prompt_that_was_refused_without_a_known_limit_warns_of_nothing() -> None:
    standing = Account(0.0).settle(step(1, None, accepted=False, refused=1234, thresholds=THRESHOLDS))
    assert (standing.context, standing.crossed) == (None, ())
