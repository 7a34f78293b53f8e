import random

import pytest

from costproxy.tokens.calibration import CalibrationKey, Calibrator, Calibrators
from costproxy.tokens.counting import Gap
from costproxy.tokens.prompt_count import Count


def stream(ratio: float, fixed: float, *, bills: int = 600, seed: int = 0) -> Calibrator:
    """Learn from prompts of 100 to 10,000 tokens with 1 % noise, 3 % of whose bills are three times too high."""
    chance, calibrator = random.Random(seed), Calibrator()
    for _ in range(bills):
        counted = round(100 * 100 ** chance.random())
        billed = (ratio * counted + fixed) * chance.gauss(1, 0.01)
        calibrator.learn(counted, round(billed * (3 if chance.random() < 0.03 else 1)))
    return calibrator


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("ratio", "fixed", "near"), [(1.15, 346, 0.01), (1.08, 4400, 0.05)])
def test_a_ratio_and_a_hidden_prompt_are_found_among_outliers(
    ratio: float, fixed: float, near: float, seed: int
) -> None:
    learned = stream(ratio, fixed, seed=seed)
    assert learned.ratio == pytest.approx(ratio, abs=near)
    assert learned.fixed == pytest.approx(fixed, rel=0.01)
    assert learned.better


def test_before_any_bill_nothing_is_changed() -> None:
    calibrator = Calibrator()
    assert (calibrator.predict(1234), calibrator.better, calibrator.bills) == (1234, False, 0)
    assert repr(calibrator) == "<Calibrator billed=0+1.000*counted bills=0 better=False>"


def test_where_the_count_is_right_already_calibration_is_not_used() -> None:
    calibrator = Calibrator()
    for counted in (100, 250, 90, 4000, 777):
        calibrator.learn(counted, counted)
    assert not calibrator.better


def test_it_is_used_again_no_more_when_it_got_worse() -> None:
    calibrator = stream(1.4, 300, bills=20)
    assert calibrator.better
    chance = random.Random(1)
    for _ in range(40):  # the model was changed under its name: now our count is right
        calibrator.learn(counted := chance.randrange(50, 5000), counted)
    assert not calibrator.better


def test_the_ratio_stays_within_reason() -> None:
    calibrator = Calibrator()
    for counted in (1000, 2000, 4000, 8000) * 50:
        calibrator.learn(counted, counted * 40)
    assert calibrator.ratio == 3.0
    assert calibrator.spread(1000) > 0


def test_odd_counts_do_no_harm() -> None:
    calibrator = Calibrator()
    for counted, billed in [(0, 5), (0, 5), (1, 10**12), (10**12, 1), (5, 5)]:
        calibrator.learn(counted, billed)
    assert calibrator.predict(100) >= 0


def test_keys_are_learned_apart_and_the_oldest_are_forgotten() -> None:
    calibrators = Calibrators(most=2)
    keys = [CalibrationKey(provider="openai", model=model, has_tools=False) for model in "abc"]
    for key in (keys[0], keys[1], keys[0], keys[2]):
        assert calibrators.learn(key, Count(counted=100), billed=150)
    assert [calibrators.get(key) is not None for key in keys] == [True, False, True]
    assert repr(calibrators) == "<Calibrators 2/2>"


@pytest.mark.parametrize(
    "count",
    [
        Count(counted=100, media=1),
        Count(counted=100, uncounted=1),
        Count(counted=100, gap=Gap.BUSY, text_bytes=9),
        Count(),
    ],
)
def test_prompts_with_things_that_were_not_counted_teach_nothing(count: Count) -> None:
    calibrators = Calibrators()
    assert not calibrators.learn(CalibrationKey(provider="x", model="y", has_tools=True), count, billed=150)
    assert len(calibrators) == 0
