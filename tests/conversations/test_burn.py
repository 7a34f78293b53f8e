import pytest

from costproxy.conversations.account import Account
from costproxy.conversations.burn import Burn
from costproxy.model import Usage
from costproxy.model.money import PICO
from tests.conversations.steps import step


def test_the_rate_is_that_of_the_worked_example() -> None:
    burn = Burn()
    for cents, at in ((2, 0), (3, 60), (5, 120)):
        burn.spend(cents * PICO // 100, at)
    assert round(burn.rate / PICO, 9) == 0.000210887
    assert round((burn.per_hour(120) or 0) / PICO, 6) == 0.759193
    assert round((burn.per_hour(420) or 0) / PICO, 6) == 0.379597
    assert burn.per_hour(420) == pytest.approx((burn.per_hour(120) or 0) / 2, abs=1)


def test_nothing_spent_is_no_rate() -> None:
    assert Burn().per_hour(10.0) is None


def test_what_comes_late_counts_as_the_last() -> None:
    late, same = Burn(), Burn()
    for burn, at in ((late, 50.0), (same, 100.0)):
        burn.spend(PICO, 100.0)
        burn.spend(PICO, at)
    assert late == same


def test_a_rate_fades_to_nothing_without_failing() -> None:
    burn = Burn()
    burn.spend(PICO, 0.0)
    assert burn.per_hour(1e12) == 0


def test_a_cost_that_is_unknown_burns_nothing() -> None:
    standing = Account(0.0).settle(step(1, Usage(input=10), cost=None))
    assert standing.outlook.burn_rate is None
    assert standing.totals.unknown_costs == 1
