"""What the operator's settings say about models, put before the catalogue."""

from collections.abc import Iterator
from fractions import Fraction

from costproxy.errors import ConfigError
from costproxy.model import Limits
from costproxy.pricing.catalogue import Catalogue, load
from costproxy.pricing.near import near_names
from costproxy.pricing.override import Override
from costproxy.pricing.prices import Prices
from costproxy.settings import ModelSettings, Settings


def open_prices(settings: Settings) -> Prices:
    """Return the catalogue in the package with the operator's word over it.

    Raises:
        ConfigError: a model of the settings is the same as one that the catalogue does not have.
    """
    catalogue = load()
    problems = list(_unknown(settings, catalogue))
    if problems:
        raise ConfigError("\n".join(problems))
    return Prices(catalogue, overrides(settings))


def overrides(settings: Settings) -> tuple[Override, ...]:
    """Return the overrides that the settings ask for: those for one upstream before those for all."""
    found = [_override(model) for model in settings.models]
    return tuple(sorted(found, key=lambda own: own.upstream is None))


def thresholds(settings: Settings) -> tuple[int, ...]:
    """Return all percentages of the context window that are warned of, whichever the model, ascending."""
    own = (model.warn_at or () for model in settings.models)
    return tuple(sorted({*settings.conversations.warn_at, *(each for some in own for each in some)}))


def _override(model: ModelSettings) -> Override:
    return Override(
        model=model.name,
        upstream=model.upstream,
        same_as=model.same_as,
        prices=model.prices,
        multiplier=(1 - _share(model.discount_percent)) * (1 + _share(model.surcharge_percent)),
        limits=Limits(context_window=model.context_window, max_input=model.max_input, max_output=model.max_output),
        warn_at=model.warn_at,
    )


def _share(percent: object) -> Fraction:
    return Fraction(str(percent)) / 100


def _unknown(settings: Settings, catalogue: Catalogue) -> Iterator[str]:
    for model in settings.models:
        if model.same_as is None or catalogue.get(*model.same_as.split("/", 1)) is not None:
            continue
        near = near_names(catalogue, model.same_as, most=1)
        hint = f' (did you mean "{near[0]}"?)' if near else ""
        place = model.place or f'models."{model.table or model.name}".same_as'
        yield f'{place}: expected the id of a model in the catalogue{hint}, found "{model.same_as}"'
