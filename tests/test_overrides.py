from datetime import UTC, datetime
from fractions import Fraction

import pytest

from costproxy.errors import ConfigError
from costproxy.model import Limits
from costproxy.overrides import open_prices, overrides
from costproxy.pricing.kinds import TOKENS, UNITS
from costproxy.pricing.prices import Names
from costproxy.settings import ModelSettings, load_settings

AT = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
def load(tmp_path):
    def load(text):
        (tmp_path / "a.toml").write_text(text)
        return load_settings(file=tmp_path / "a.toml", env={}, flags={})

    return load


def test_a_table_becomes_an_override(load):
    (own,) = overrides(
        load(
            """
            [models.m]
            same_as = "openai/gpt-4o"
            discount_percent = 15
            surcharge_percent = 10
            price_input = 0.1
            price_output = 0.3
            max_input = 7
            """
        )
    )

    assert (own.model, own.upstream, own.same_as) == ("m", None, "openai/gpt-4o")
    assert own.prices == {"input": "0.1", "output": "0.3"}
    assert own.multiplier == Fraction(85, 100) * Fraction(110, 100)
    assert own.limits == Limits(max_input=7)


def test_every_price_of_the_settings_is_a_kind_of_the_price_table():
    kinds = {name.removeprefix("price_") for name in ModelSettings.__slots__ if name.startswith("price_")}

    assert kinds == {kind for kind in TOKENS + UNITS if ":" not in kind}


def test_every_price_that_the_settings_accept_can_be_used(load):
    for price in ("0", "999999.999999999999", "2.5, 5 above 272000, 7 above 400000"):
        open_prices(load(f'[models.m]\nprice_input = "{price}"\nprice_output = 0\nprice_request = 0.005\n'))


def test_a_contract_holds_for_the_model_that_the_deployment_is(load):
    prices = open_prices(load('[models.dep]\nsame_as = "openai/gpt-4o"\ndiscount_percent = 15\n'))
    cost = prices.cost({"input": 1000}, Names(dialect="azure", requested="DEP"), at=AT)

    assert cost.computed == 1000 * 2_500_000 * 85 // 100


def test_a_table_for_one_upstream_comes_before_one_for_all(load):
    prices = open_prices(
        load(
            """
            [upstreams.eu]
            url = "https://eu.example"
            [models.gpt-4o]
            discount_percent = 50
            [models.there]
            name = "gpt-4o"
            upstream = "eu"
            surcharge_percent = 10
            [models."*"]
            discount_percent = 100
            """
        )
    )

    def computed(model, upstream):
        return prices.cost({"input": 10}, Names(dialect="openai", served=model, upstream=upstream), at=AT).computed

    assert computed("gpt-4o", "eu") == 27_500_000
    assert computed("gpt-4o", "default") == 12_500_000
    assert computed("gpt-4o-mini", "eu") == 0


def test_a_model_that_the_catalogue_does_not_have_stops_the_start(load, tmp_path):
    with pytest.raises(ConfigError) as caught:
        open_prices(load('\n[models.m]\nsame_as = "openai/gpt4o"\n[models.n]\nsame_as = "no/such-thing-at-all"\n'))

    assert str(caught.value).replace(f"{tmp_path}/", "") == (
        "a.toml:3: models.m.same_as: expected the id of a model in the catalogue"
        ' (did you mean "openai/gpt-4o"?), found "openai/gpt4o"\n'
        'a.toml:5: models.n.same_as: expected the id of a model in the catalogue, found "no/such-thing-at-all"'
    )
