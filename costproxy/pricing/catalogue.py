"""The catalogue in the package: models, limits and dated prices.

Shape of `catalogue.jsonl`: one header line, then the lines of each model: the model itself and its price rows, in
the order in which they were added. `scripts/generate_catalogue.py` writes it and never edits a price row.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from importlib import resources

import msgspec

from costproxy.model import Limits
from costproxy.pricing.rows import PriceRow, parse_row, parse_since

FILE = "catalogue.jsonl"


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """A release of the catalogue; its hash proves that no row of it was edited since."""

    date: str
    rows: int
    sha256: str  # of the price lines added up to that date, in the order of the file


class HeaderLine(msgspec.Struct, frozen=True, kw_only=True, tag_field="line", tag="catalogue"):
    """The first line."""

    version: str
    date: str  # when the sources were read
    sources: tuple[str, ...]
    releases: tuple[Release, ...]


class ModelLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="line", tag="model"):
    """A model as one provider sells it."""

    id: str  # "openai/gpt-4o"
    names: tuple[str, ...] = ()  # what else it is called there
    context: int | None = None
    max_input: int | None = None
    max_output: int | None = None
    open: bool = False  # its weights are public, so anybody may serve it under this name
    source: str = ""


class PriceLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="line", tag="price"):
    """A price row, see `costproxy.pricing.rows.parse_row`."""

    id: str  # the model's id, "#" and a running number
    prices: Mapping[str, str]
    since: str | None = None
    tier: str | None = None
    when: str | None = None
    source: str
    added: str  # date of the release that brought it


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model as one provider sells it."""

    id: str
    provider: str
    name: str
    names: tuple[str, ...]
    limits: Limits
    open_weights: bool
    source: str
    prices: tuple[PriceLine, ...]

    def rows(self) -> tuple[PriceRow, ...]:
        """Return the price rows, empty when no price is known."""
        return tuple(
            parse_row(row=line.id, prices=line.prices, since=line.since, tier=line.tier, when=line.when)
            for line in self.prices
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueInfo:
    """Which catalogue this is."""

    version: str
    date: date
    sha256: str  # of the whole file
    sources: tuple[str, ...]
    models: int
    rows: int

    def age(self, at: datetime) -> float:
        """Return the seconds from the start of the catalogue's day, UTC, to `at`."""
        return (at - parse_since(self.date.isoformat())).total_seconds()


class Catalogue:
    """Models by provider and name, whatever the case of their letters."""

    __slots__ = ("_lines", "_names", "_rows", "info", "releases")

    def __init__(self, text: bytes) -> None:
        """Read a catalogue.

        Raises:
            ValueError: the text is no catalogue.
        """
        header, lines, prices = read_lines(text)
        self._lines = lines
        self._rows = prices
        self._names = {key: line.id for line in lines.values() for key in _keys(line)}
        self._names |= {line.id.lower(): line.id for line in lines.values()}  # a model's own name beats an alias
        self.releases = header.releases
        self.info = CatalogueInfo(
            version=header.version,
            date=date.fromisoformat(header.date),
            sha256=hashlib.sha256(text).hexdigest(),
            sources=header.sources,
            models=len(lines),
            rows=sum(map(len, prices.values())),
        )

    def __repr__(self) -> str:
        return f"<Catalogue {self.info.version}: {self.info.models} models, {self.info.rows} price rows>"

    def __iter__(self) -> Iterator[Model]:
        return map(self._model, self._lines)

    def get(self, provider: str, name: str) -> Model | None:
        """Return the model that `provider` sells under exactly this name, or None."""
        found = self._names.get(f"{provider}/{name}".lower())
        return None if found is None else self._model(found)

    def _model(self, model_id: str) -> Model:
        line = self._lines[model_id]
        provider, _, name = line.id.partition("/")
        return Model(
            id=line.id,
            provider=provider,
            name=name,
            names=line.names,
            limits=Limits(context_window=line.context, max_input=line.max_input, max_output=line.max_output),
            open_weights=line.open,
            source=line.source,
            prices=tuple(self._rows.get(line.id, ())),
        )


def _keys(line: ModelLine) -> Iterator[str]:
    provider = line.id.partition("/")[0]
    return (f"{provider}/{name}".lower() for name in line.names)


def load() -> Catalogue:
    """Return the catalogue that ships with the package."""
    return Catalogue((resources.files("costproxy.pricing") / FILE).read_bytes())


def read_lines(text: bytes) -> tuple[HeaderLine, dict[str, ModelLine], dict[str, list[PriceLine]]]:
    """Return the header, the models by id and the price rows by model id.

    Raises:
        ValueError: the text is no catalogue; the message names the line.
    """
    decoder = msgspec.json.Decoder(HeaderLine | ModelLine | PriceLine)
    try:
        header, *lines = decoder.decode_lines(text)
    except (msgspec.MsgspecError, ValueError) as error:
        raise ValueError(f"{FILE}: {error}") from error
    if not isinstance(header, HeaderLine):
        raise ValueError(f"{FILE}: line 1: expected the catalogue's header, got {header}")  # noqa: TRY004 - of the file
    models: dict[str, ModelLine] = {}
    prices: dict[str, list[PriceLine]] = {}
    for line in lines:
        if isinstance(line, ModelLine):
            models[line.id] = line
        elif isinstance(line, PriceLine):
            prices.setdefault(line.id.rpartition("#")[0], []).append(line)
    return header, models, prices


def rows_hash(lines: list[PriceLine], until: str) -> tuple[int, str]:
    """Return how many of the price lines were added up to a date, and their hash."""
    kept = sorted((line for line in lines if line.added <= until), key=lambda line: row_place(line.id))
    text = b"".join(msgspec.json.encode(line) + b"\n" for line in kept)
    return len(kept), hashlib.sha256(text).hexdigest()


def row_place(row: str) -> tuple[str, int]:
    """Return what sorts price rows: their model, then their running number."""
    model, _, number = row.rpartition("#")
    return model, int(number)
