import pytest

from costproxy.model import Limits, LimitSource
from costproxy.pricing.catalogue import load
from costproxy.pricing.context_limits import ContextLimits, KnownLimits
from costproxy.pricing.override import Override
from costproxy.pricing.prices import Names, Prices

GPT = Names(dialect="openai", served="gpt-4o-2024-08-06", requested="gpt-4o", upstream="default")
OWN = Names(dialect="vllm", served=None, requested="Our/Model", upstream="gpu")


def known(*overrides: Override) -> ContextLimits:
    return ContextLimits(Prices(load(), overrides))


def test_the_catalogue_knows_the_window_of_a_common_model() -> None:
    found = known().of(GPT)
    assert (found.source, found.limits.context_window) == (LimitSource.CATALOGUE, 128_000)


def test_of_a_strange_model_nothing_is_known() -> None:
    assert known().of(OWN) == KnownLimits()


def test_the_list_of_models_of_an_upstream_wins_over_the_catalogue() -> None:
    limits = known()
    limits.learn_list("default", {"GPT-4o": Limits(context_window=8_192)})
    found = limits.of(GPT)
    assert (found.source, found.limits.context_window) == (LimitSource.MODEL_LIST, 8_192)
    assert found.limits.max_output == 16_384, "what the list does not say comes from the catalogue"


def test_a_small_window_is_not_mixed_with_the_prompt_limit_of_the_catalogue() -> None:
    model = Names(dialect="openai", served="gpt-5", requested=None, upstream="default")
    limits = known()
    assert limits.of(model).limits.max_input is not None
    limits.learn_list("default", {"gpt-5": Limits(context_window=1_000_000)})
    assert limits.of(model).limits.max_input is None


def test_an_error_that_names_the_limit_wins_over_the_list() -> None:
    limits = known()
    limits.learn_list("gpu", {"Our/Model": Limits(context_window=32_768)})
    limits.learn_error("gpu", "Our/Model", 16_384, dialect="vllm")
    assert limits.of(OWN) == KnownLimits(limits=Limits(context_window=16_384), source=LimitSource.ERROR)


@pytest.mark.parametrize("dialect", ["anthropic", "gemini", "xai"])
def test_some_compare_the_prompt_alone(dialect: str) -> None:
    limits = known()
    limits.learn_error("gpu", "Our/Model", 200_000, dialect=dialect)
    assert limits.of(OWN).limits == Limits(max_input=200_000)


def test_the_operator_has_the_last_word() -> None:
    limits = known(Override(model="our/model", limits=Limits(context_window=4_096)))
    limits.learn_error("gpu", "Our/Model", 16_384, dialect="vllm")
    assert limits.of(OWN) == KnownLimits(limits=Limits(context_window=4_096), source=LimitSource.SETTINGS)


def test_what_one_upstream_says_does_not_hold_for_another() -> None:
    limits = known()
    limits.learn_list("elsewhere", {"Our/Model": Limits(context_window=32_768)})
    assert limits.of(OWN) == KnownLimits()


def test_a_limit_of_nothing_is_not_believed() -> None:
    limits = known()
    limits.learn_error("gpu", "Our/Model", 0, dialect="vllm")
    assert limits.of(OWN) == KnownLimits()


def test_no_more_is_kept_than_there_is_room_for() -> None:
    limits = known()
    limits.learn_list("gpu", {f"model-{number}": Limits(context_window=1) for number in range(10_050)})
    assert "listed=10000" in repr(limits)
