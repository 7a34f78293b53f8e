"""Names in the catalogue that look like one that is not there."""

from collections.abc import Iterator
from difflib import get_close_matches

from costproxy.pricing.catalogue import Catalogue

_LONGEST = 256  # characters; comparing takes longer with the length


def near_names(catalogue: Catalogue, name: str, *, most: int = 5) -> list[str]:
    """Return ids of models whose id or name is nearest to `name`, nearest first; none if none is near."""
    wanted = name.lower()[:_LONGEST]
    by_name: dict[str, list[str]] = {}
    for model in catalogue:
        for text in {model.id.lower(), model.name.lower()}:
            by_name.setdefault(text, []).append(model.id)
    exact = by_name.pop(wanted, [])
    near = get_close_matches(wanted, by_name, n=most, cutoff=0.7)
    parts = [text for text in by_name if wanted in text] if not near and len(wanted) > 2 else []
    return list(dict.fromkeys([*exact, *_ids(by_name, near), *_ids(by_name, parts)]))[:most]


def _ids(by_name: dict[str, list[str]], names: list[str]) -> Iterator[str]:
    return (model for name in names for model in by_name[name])
