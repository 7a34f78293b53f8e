"""`costproxy prices`: which models are known, what would be used for one and why, and how old that is."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from costproxy.errors import ConfigError
from costproxy.offline.audit_text import printable, table
from costproxy.overrides import open_prices
from costproxy.pricing.catalogue import Catalogue, CatalogueInfo, Model
from costproxy.pricing.explain import explain
from costproxy.pricing.near import near_names
from costproxy.pricing.prices import Names, Prices
from costproxy.pricing.rows import PriceRow, row_at
from costproxy.settings import GENERIC, Settings

OLD = 60  # days after which prices are not to be trusted any more
_DAY = 86_400
_HEADER = ("model", "provider", "input", "cached", "output", "window", "since")
_NUMBERS = frozenset({2, 3, 4, 5})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the command line asks for."""

    model: str | None = None
    search: str | None = None
    dialect: str | None = None
    upstream: str | None = None
    check: bool = False
    as_json: bool = False


def prices(asked: Asked, settings: Settings) -> int:
    """Print what is asked for and return the exit code: 1 for an unknown model or old prices, else 0.

    Raises:
        ConfigError: the settings name a model that the catalogue does not have, or lack the upstream asked for.
    """
    known = open_prices(settings)
    now = datetime.now(UTC)
    if asked.check:
        return _check(known.catalogue.info, now, as_json=asked.as_json)
    if asked.model is None:
        return _list(known.catalogue, asked.search or "", now, as_json=asked.as_json)
    return _explain(known, asked, settings, now)


def _check(info: CatalogueInfo, now: datetime, *, as_json: bool) -> int:
    days = int(info.age(now) // _DAY)
    old = days > OLD
    facts = {
        "version": info.version,
        "date": info.date.isoformat(),
        "age_days": days,
        "models": info.models,
        "price_rows": info.rows,
        "sources": list(info.sources),
        "sha256": info.sha256,
        "old": old,
    }
    if as_json:
        print(json.dumps(facts))
        return int(old)
    print(f"price table {info.version}: {info.models:,} models, {info.rows:,} price rows")
    print(f"read from its sources on {info.date}, {days} days ago: {', '.join(info.sources)}")
    print(f"sha256 {info.sha256}")
    if old:
        print(f"warning: older than {OLD} days, so prices may have changed since; install a newer costproxy")
    return int(old)


def _list(catalogue: Catalogue, search: str, now: datetime, *, as_json: bool) -> int:
    words = search.lower().split()
    found = [model for model in catalogue if all(word in _searched(model) for word in words)]
    if as_json:
        for model in found:
            print(json.dumps(_facts(model, now)))
        return int(not found)
    if not found:
        print(f'no model has "{printable(search)}" in its name')
        return 1
    for line in table(_HEADER, [_listed(model, now) for model in found], right=_NUMBERS):
        print(line)
    info = catalogue.info
    print(f"\n{len(found):,} models, standard prices of today in $ per million tokens, from price table {info.version}")
    print("+ more for long prompts; cached as input where it is blank; costproxy prices MODEL shows all there is")
    return 0


def _searched(model: Model) -> str:
    return " ".join((model.id, *model.names)).lower()


def _listed(model: Model, now: datetime) -> tuple[str, ...]:
    row = row_at(model.rows(), now, tier=None)
    line = next((line for line in model.prices if row is not None and line.id == row.id), None)
    shown = line.prices if line else {}
    window = model.limits.context_window
    return (
        model.name,
        model.provider,
        *(_short(shown.get(kind, "")) for kind in ("input", "cache_read", "output")),
        f"{window:,}" if window else "",
        (line.since or "") if line else "unpriced",
    )


def _short(price: str) -> str:
    base, comma, _ = price.partition(",")
    return f"{base}+" if comma else base


def _explain(known: Prices, asked: Asked, settings: Settings, now: datetime) -> int:
    names, where = _where(known, asked, settings)
    found = _is_known(known, names)
    near = [] if found else near_names(known.catalogue, asked.model or "")
    if asked.as_json:
        print(json.dumps(_explained(known, names, now) | {"near": near}))
        return int(not found)
    print(f"asked for at {where}")
    for line in explain(known, names, at=now):
        print(printable(line))
    if near:
        print(f"near: {', '.join(near)}")
        print("another dialect may sell it: try --dialect, or the provider in front of the name")
    return int(not found)


def _where(known: Prices, asked: Asked, settings: Settings) -> tuple[Names, str]:
    """Return the names to look up and where that is: as told, else the first upstream whose dialect knows it."""
    choices = list(_choices(asked, settings))
    if not choices:
        known_names = ", ".join(each.name for each in settings.upstreams)
        raise ConfigError(f'--upstream: expected one of {known_names}, found "{asked.upstream}"')
    for names, where in choices:
        if _is_known(known, names):
            return names, where
    return choices[-1]


def _is_known(known: Prices, names: Names) -> bool:
    own = known.override(names)
    return known.find(names) is not None or (own is not None and own.prices is not None)


def _choices(asked: Asked, settings: Settings) -> Iterator[tuple[Names, str]]:
    upstreams = [each for each in settings.upstreams if asked.upstream in (None, each.name)]
    if asked.dialect is None:
        for each in upstreams:
            names = Names(dialect=each.dialect, requested=asked.model, upstream=each.name)
            yield names, f"the upstream {each.name}, dialect {each.dialect}"
    if asked.upstream is None:
        dialect = asked.dialect or GENERIC
        yield Names(dialect=dialect, requested=asked.model), f"an upstream of dialect {dialect}"


def _explained(known: Prices, names: Names, now: datetime) -> dict[str, Any]:
    found, own, limits = known.find(names), known.override(names), known.limits(names)
    return {
        "asked": names.requested,
        "dialect": names.dialect,
        "upstream": names.upstream,
        "model": found.model.id if found else None,
        "how": found.how if found else None,
        "priced": bool(found and found.priced) or bool(own and own.prices is not None),
        "context_window": limits.context_window,
        "max_input": limits.max_input,
        "max_output": limits.max_output,
        "settings": None
        if own is None
        else {"model": own.model, "prices": own.prices, "multiplier": str(own.multiplier), "same_as": own.same_as},
        "prices": list(_rows(found.model, now)) if found and found.priced else [],
        "source": found.model.source if found else None,
    }


def _facts(model: Model, now: datetime) -> Mapping[str, Any]:
    return {
        "model": model.id,
        "names": list(model.names),
        "context_window": model.limits.context_window,
        "max_input": model.limits.max_input,
        "max_output": model.limits.max_output,
        "prices": list(_rows(model, now)),
        "source": model.source,
    }


def _rows(model: Model, now: datetime) -> Iterator[dict[str, Any]]:
    rows = model.rows()
    in_force = set(_in_force(rows, now))
    for line in model.prices:
        yield {
            "row": line.id,
            "since": line.since,
            "tier": line.tier,
            "when": line.when,
            "prices": dict(line.prices),
            "in_force": line.id in in_force,
            "source": line.source,
            "added": line.added,
        }


def _in_force(rows: Iterable[PriceRow], now: datetime) -> Iterator[str]:
    rows = tuple(rows)
    for tier in {row.tier for row in rows}:
        row = row_at(rows, now, tier=tier)
        if row is not None:
            yield row.id
