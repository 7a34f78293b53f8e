from datetime import UTC, datetime
from fractions import Fraction

import pytest

from costproxy.model import Limits
from costproxy.model.money import CostSource
from costproxy.pricing.explain import explain
from costproxy.pricing.override import EVERY_MODEL, Override
from costproxy.pricing.prices import Names, Prices

AT = datetime(2026, 11, 22, tzinfo=UTC)
DEPLOYMENT = Override(model="prod-chat", upstream="azure-eu", same_as="openai/gpt-4o")
CONTRACT = Override(model="gpt-4o", multiplier=Fraction(17, 20))
LOCAL = Override(model="llama3.2", prices={"input": "0", "output": "0.01"}, limits=Limits(context_window=8192))
EVERYTHING = Override(model=EVERY_MODEL, upstream="openai", multiplier=Fraction(11, 10))


@pytest.fixture
def own(catalogue) -> Prices:
    return Prices(catalogue, [DEPLOYMENT, CONTRACT, LOCAL, EVERYTHING])


def cost(prices: Prices, names: Names, **usage: int):
    return prices.cost(usage or {"input": 100}, names, at=AT)


def test_a_deployment_is_priced_as_the_model_it_is(own) -> None:
    names = Names(dialect="azure", requested="prod-chat", upstream="azure-eu")
    assert cost(own, names).total == 250_000_000
    assert cost(own, names).source is CostSource.CATALOGUE
    assert own.limits(names).context_window == 128_000
    assert own.find(Names(dialect="azure", requested="prod-chat", upstream="elsewhere")) is None


def test_a_contract_is_a_share_of_the_list_price(own) -> None:
    found = cost(own, Names(dialect="openai", served="gpt-4o", upstream="openai"))
    assert (found.total, found.source) == (212_500_000, CostSource.OPERATOR)
    assert found.price.row == "openai/gpt-4o#1"


def test_own_prices_need_no_catalogue_and_nothing_may_be_a_price(own) -> None:
    names = Names(dialect="ollama", served="llama3.2")
    found = cost(own, names, input=10**6, output=100)
    assert (found.total, found.source, found.price.row) == (10**6, CostSource.OPERATOR, "settings:llama3.2")
    assert found.price.catalogue is None
    assert own.limits(names) == Limits(context_window=8192)


def test_own_prices_hold_whatever_the_tier(own) -> None:
    found = own.cost({"output": 100}, Names(dialect="ollama", served="LLAMA3.2"), at=AT, service_tier="priority")
    assert found.total == 10**6


def test_a_word_about_every_model_holds_for_those_without_their_own(own) -> None:
    assert cost(own, Names(dialect="openai", served="gpt-4-turbo", upstream="openai")).total == 1_100_000_000
    assert cost(own, Names(dialect="openai", served="gpt-4-turbo", upstream="other")).total == 1_000_000_000


def test_an_override_does_not_hold_for_a_longer_name(own) -> None:
    assert own.override(Names(dialect="ollama", served="llama3.2:70b")) is None


def test_a_price_that_is_none_is_refused_when_the_settings_are_read(catalogue) -> None:
    with pytest.raises(ValueError, match="settings:x: price: expected dollars"):
        Prices(catalogue, [Override(model="x", prices={"input": "cheap"})])


def test_a_negative_multiplier_is_refused() -> None:
    with pytest.raises(ValueError, match="x: multiplier: expected 0 or more, got -1"):
        Override(model="x", multiplier=Fraction(-1))


def test_an_explanation_names_the_settings(own) -> None:
    text = "\n".join(explain(own, Names(dialect="ollama", served="llama3.2"), at=AT))
    assert "settings for llama3.2:\n  prices: input 0; output 0.01" in text
    text = "\n".join(explain(own, Names(dialect="openai", served="gpt-4o"), at=AT))
    assert "times 17/20" in text
    text = "\n".join(explain(own, Names(dialect="azure", requested="prod-chat", upstream="azure-eu"), at=AT))
    assert "prod-chat: the settings say that it is openai/gpt-4o" in text


@pytest.mark.parametrize(
    ("limits", "requested", "usable"),
    [
        (Limits(context_window=400_000, max_input=272_000, max_output=128_000), None, 272_000),
        (Limits(context_window=400_000, max_input=272_000, max_output=128_000), 200_000, 200_000),
        (Limits(context_window=8_192), None, 4_096),
        (Limits(context_window=8_192, max_output=1_000), None, 7_192),
        (Limits(context_window=8_192), 0, 8_192),
        (Limits(context_window=8_192), 10_000, 1),
        (Limits(max_input=5_000), 4_000, 5_000),
        (Limits(max_output=5_000), 4_000, None),
        (Limits(), None, None),
    ],
)
def test_what_fits_beside_the_reply(limits: Limits, requested: int | None, usable: int | None) -> None:
    assert limits.usable(requested) == usable
