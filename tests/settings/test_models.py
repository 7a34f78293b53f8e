"""What the settings can say about models."""

from decimal import Decimal

import pytest

from costproxy.settings import ModelSettings, describe


def test_a_table_says_what_a_model_is_and_what_it_costs(load):
    settings = load(
        """
        [models.our-deployment]
        same_as = "openai/gpt-4o"
        discount_percent = 12.5
        [models."our-org/own model"]
        price_input = 0.2
        price_output = "2.5, 5 above 272000"
        price_request = 1
        context_window = 32768
        """
    )

    deployment, own = settings.models
    assert (deployment.name, deployment.same_as, deployment.prices) == ("our-deployment", "openai/gpt-4o", None)
    assert deployment.discount_percent == Decimal("12.5")
    assert own.name == "our-org/own model"
    assert own.prices == {"input": "0.2", "output": "2.5, 5 above 272000", "request": "1"}
    assert (own.context_window, own.max_input, own.max_output) == (32768, None, None)


def test_a_model_can_have_a_table_for_each_upstream(load):
    settings = load(
        """
        [upstreams.europe]
        url = "https://europe.example"
        [models.gpt-4o]
        discount_percent = 10
        [models.gpt-4o-in-europe]
        name = "gpt-4o"
        upstream = "europe"
        """
    )

    assert [(model.name, model.upstream) for model in settings.models] == [("gpt-4o", None), ("gpt-4o", "europe")]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("0.1", "0.1"),
        ("0.30", "0.30"),
        ("2", "2"),
        ("1_000.5", "1000.5"),
        ("2e-3", "0.002"),
        ("'0.00000001'", "0.00000001"),
        ("0.1000000000000000055", None),
        ("100000000000000000000000.1", None),
        ("-1", None),
        ("-0.0", None),
        ("inf", None),
        ("nan", None),
        ("true", None),
        ("'free'", None),
        ("'1,5'", None),
        ("[1]", None),
        ("'2.5,5 above 272000'", None),
    ],
)
def test_a_price_is_the_digits_that_were_written(load, problems, written, read):
    text = f"[models.m]\nprice_input = {written}\nprice_output = 1\n"
    if read is None:
        assert "models.m.price_input: expected a price such as 2.5 or" in problems(text)[0]
    else:
        assert load(text).models[0].prices == {"input": read, "output": "1"}


def test_other_numbers_of_a_file_are_still_plain_floats(load):
    grace = load("[shutdown]\ngrace = 1.5\n").shutdown.grace

    assert (type(grace), grace) == (float, 1.5)


def test_a_price_may_come_from_a_variable(load):
    settings = load('[models.m]\nprice_input = "${PRICE}"\nprice_output = "1"\n', {"PRICE": "0.25"})

    assert settings.models[0].prices == {"input": "0.25", "output": "1"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("models = 1\n", '1: models: expected tables such as [models."gpt-4o"], found 1'),
        ("[models]\nm = 1\n", "2: models.m: expected a table [models.m], found 1"),
        (
            "[models.m]\ndiscount_percent = 101\n",
            "2: models.m.discount_percent: expected a percentage from 0 to 100, found 101",
        ),
        (
            "[models.m]\nprice_request = '1, 2 above 3'\nprice_input = 1\nprice_output = 1\n",
            '2: models.m.price_request: expected a price such as 0.005, found "1, 2 above 3"',
        ),
        (
            "[models.m]\ncontext_window = 0\n",
            "2: models.m.context_window: expected a whole number from 1 to 1000000000, found 0",
        ),
        (
            "[models.m]\nsame_as = 'gpt-4o'\n",
            (
                '2: models.m.same_as: expected the id of a model in the catalogue such as "openai/gpt-4o"'
                ' (`costproxy prices` lists them), found "gpt-4o"'
            ),
        ),
        (
            "[models.m]\nupstream = 'defalt'\n",
            '2: models.m.upstream: expected one of default (did you mean "default"?), found "defalt"',
        ),
        (
            "[models.m]\nprice_cache_read = 1\n",
            (
                "1: models.m: expected price_input and price_output, since own prices take the place of all the"
                " catalogue's, found only price_cache_read"
            ),
        ),
        (
            "[models.m]\n[models.M]\n",
            "2: models.M: expected one table for each model and upstream, found another one for the same",
        ),
        (
            "[models.'a\\tb']\n[models.\"\\u0000\"]\n",
            '2: models."\\x00": expected a model\'s name of 1 to 256 printable characters, found "\\x00"',
        ),
    ],
)
def test_what_cannot_be_meant_stops_the_start(problems, text, problem):
    assert problems(text) == [f"costproxy.toml:{problem}"]


def test_a_misspelt_key_is_named_with_its_neighbour(problems):
    (problem,) = problems("[models.m]\nprice_inptu = 1\n")

    assert problem.startswith("costproxy.toml:2: models.m.price_inptu: expected one of name, upstream, same_as,")
    assert problem.endswith('(did you mean "price_input"?), found an unknown key')


def test_tables_may_be_called_url_or_anything_else(load):
    settings = load("[models.url]\nmax_input = 1\n[upstreams.url]\nurl = 'http://a'\n")

    assert settings.models == (ModelSettings(name="url", max_input=1),)


def test_models_are_told_in_words(load):
    settings = load(
        """
        [models.dep]
        same_as = "openai/gpt-4o"
        upstream = "default"
        surcharge_percent = 10
        max_output = 1000
        [models."*"]
        discount_percent = 2.50
        [models.own]
        price_input = 1
        price_output = 2
        """
    )

    told = "\n".join(describe(settings))
    assert (
        """\
model          dep at default, which is openai/gpt-4o
                 10 % on top
                 reply 1,000 tokens
model          all other models
                 2.50 % off
model          own
                 own prices, $ per million tokens or each: input 1; output 2
"""
        in told
    )
