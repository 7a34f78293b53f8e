import pytest

from costproxy.pricing.near import near_names
from costproxy.pricing.prices import Prices


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("openai/gpt4o", "openai/gpt-4o"),
        ("gpt-4o-minni", "openai/gpt-4o-mini"),
        ("GPT-4o", "openai/gpt-4o"),
        ("claude-sonet-4-5", "anthropic/claude-sonnet-4-5"),
    ],
)
def test_a_misspelt_name_has_neighbours(prices: Prices, name: str, near: str) -> None:
    assert near in near_names(prices.catalogue, name)


def test_a_part_of_a_name_finds_those_that_hold_it(prices: Prices) -> None:
    assert all("haiku" in name for name in near_names(prices.catalogue, "haiku"))


@pytest.mark.parametrize("name", ["", "x", "no-such-thing-at-all", "q" * 100_000])
def test_what_is_like_nothing_has_none(prices: Prices, name: str) -> None:
    assert near_names(prices.catalogue, name) == []
