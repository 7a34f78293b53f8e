"""What a model's name may stand for: each step is a rule one can name, none is a guess."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from costproxy.pricing.providers import PATHS, PREFIXES, REGIONS

_SNAPSHOT = re.compile(r"(?P<base>.+?)(?:[-@]20\d\d-?[01]\d-?[0-3]\d|-latest)")
_FINE_TUNE = re.compile(r"ft:(?P<base>[^:]+)(?::.*)?|(?P<azure>.+?)\.ft-.*")
_MOST_PARTS = 3  # azure/eu/gpt-4o


class How(StrEnum):
    """By which rule a name was found."""

    EXACT = "exact"  # the catalogue's own name
    ALIAS = "alias"  # a name that the catalogue lists for it
    OPERATOR = "operator"  # the operator's settings say what it is
    PREFIX = "prefix"  # without the vendor, region or path in front
    SNAPSHOT = "snapshot"  # without the date at the end, which the catalogue does not list apart
    FINE_TUNE = "fine_tune"  # the fine-tuned price of its base model
    VARIANT = "variant"  # a router's suffix, or a fine-tune without a price: limits are known, prices are not


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One thing that a name may stand for."""

    name: str
    how: How
    priced: bool = True  # False: only its limits are those of `name`


def readings(name: str) -> Iterator[Reading]:
    """Yield what `name` may stand for at one provider, most literal first."""
    tuned = _FINE_TUNE.fullmatch(name)
    if tuned is not None:
        yield from _tuned(tuned["base"] or tuned["azure"])
        return
    yield from _plain(name, How.EXACT)
    base, colon, _ = name.partition(":")
    if colon and base:
        yield from (Reading(name=plain.name, how=How.VARIANT, priced=False) for plain in _plain(base, How.EXACT))


def _plain(name: str, how: How) -> Iterator[Reading]:
    bare = list(without_prefixes(name))
    yield Reading(name=name, how=how)
    yield from (Reading(name=shorter, how=How.PREFIX) for shorter in bare)
    for whole in (name, *bare):
        dated = _SNAPSHOT.fullmatch(whole)
        if dated is not None:
            yield Reading(name=dated["base"], how=How.SNAPSHOT)


def _tuned(base: str) -> Iterator[Reading]:
    yield Reading(name=f"ft:{base}", how=How.FINE_TUNE)
    yield from (Reading(name=plain.name, how=How.VARIANT, priced=False) for plain in _plain(base, How.EXACT))


def without_prefixes(name: str) -> Iterator[str]:
    """Yield `name` without the first, the first two … parts that say who sells it and where it runs."""
    for _ in range(_MOST_PARTS):
        shorter = _shortened(name)
        if shorter is None:
            return
        yield shorter
        name = shorter


def _shortened(name: str) -> str | None:
    lower = name.lower()
    for path in PATHS:
        if lower.startswith(path):
            return name[len(path) :]
    first, slash, rest = lower.partition("/")
    if slash and rest and (first in PREFIXES or first in REGIONS):
        return name[len(first) + 1 :]
    return None
