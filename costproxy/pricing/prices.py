"""The room's front door: which model a name is, how long it may get, and what a request cost."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction

from costproxy.model import Limits
from costproxy.model.money import Cost, CostQuality, CostSource, PriceReference
from costproxy.pricing.catalogue import Catalogue, Model
from costproxy.pricing.names import How, readings
from costproxy.pricing.override import EVERY_MODEL, Override
from costproxy.pricing.price import Tariff, tariff_of
from costproxy.pricing.providers import MAKERS, PREFIXES, SELLERS
from costproxy.pricing.reported import Reported
from costproxy.pricing.rows import PriceRow, parse_row
from costproxy.pricing.terms import Terms

_MOST_KEPT = 4096  # look-ups whose result is kept
_LONGEST_NAME = 256  # characters; no model's is longer, and patterns are not tried on more


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What is known of which model it was, and where it was asked for."""

    dialect: str
    served: str | None = None  # as the reply says
    requested: str | None = None  # as the request says
    upstream: str | None = None  # the upstream's name in the settings

    def in_order(self) -> tuple[str, ...]:
        """Return the names to look up: what served before what was asked for."""
        return tuple(dict.fromkeys(name for name in (self.served, self.requested) if name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A name that the catalogue knows."""

    model: Model
    how: How
    name: str  # the name that led there, served or requested
    priced: bool = True  # False: only the limits are known


class Prices:
    """The operator's word over the catalogue."""

    __slots__ = ("_default", "_found", "_overrides", "_own_rows", "_read", "catalogue")

    def __init__(self, catalogue: Catalogue, overrides: Sequence[Override] = ()) -> None:
        """Take the operator's overrides, the first that covers a name winning.

        Raises:
            ValueError: a price of an override is no price.
        """
        self.catalogue = catalogue
        self._overrides = tuple(own for own in overrides if own.model != EVERY_MODEL)
        self._default = tuple(own for own in overrides if own.model == EVERY_MODEL)
        self._found: dict[Names, Found | None] = {}
        self._read: dict[str, tuple[PriceRow, ...]] = {}  # at most one entry per model of the catalogue
        self._own_rows = {id(own): _own_row(own) for own in overrides if own.prices is not None}

    def find(self, names: Names) -> Found | None:
        """Return the model, or None. The served name comes first; the requested one only if that leads nowhere."""
        if names not in self._found:
            if len(self._found) >= _MOST_KEPT:  # names come from strangers
                self._found.clear()
            self._found[names] = self._search(names)
        return self._found[names]

    def _search(self, names: Names) -> Found | None:
        own = self.override(names)
        if own is not None and own.same_as is not None:
            provider, _, name = own.same_as.partition("/")
            model = self.catalogue.get(provider, name)
            return None if model is None else Found(model=model, how=How.OPERATOR, name=own.model)
        short = (name for name in names.in_order() if len(name) <= _LONGEST_NAME)
        return next((found for name in short for found in self._find_one(name, names.dialect)), None)

    def _find_one(self, name: str, dialect: str) -> Iterator[Found]:
        closed_only = dialect not in SELLERS and name.partition("/")[0].lower() not in PREFIXES
        for reading in readings(name):  # the most literal reading of all sellers first
            for provider in sellers(dialect, name):
                model = self.catalogue.get(provider, reading.name)
                if model is None or (closed_only and model.open_weights):
                    continue
                how = reading.how
                if how is How.EXACT and reading.name.lower() != model.name.lower():
                    how = How.ALIAS
                yield Found(model=model, how=how, name=name, priced=reading.priced)

    def override(self, names: Names) -> Override | None:
        """Return what the operator says about the model, None if nothing."""
        if not self._overrides and not self._default:
            return None
        here = (own for own in self._default if own.upstream in (None, names.upstream))
        named = (own for name in names.in_order() for own in self._overrides if own.covers(name, names.upstream))
        return next(named, None) or next(here, None)

    def limits(self, names: Names) -> Limits:
        """Return the limits in tokens, the operator's before the catalogue's; None fields where nobody knows."""
        found, own = self.find(names), self.override(names)
        known = found.model.limits if found else Limits()
        return own.limits.over(known) if own else known

    def cost(
        self,
        usage_by_kind: Mapping[str, int] | None,
        names: Names,
        *,
        at: datetime,
        service_tier: str | None = None,
        units: Mapping[str, int] | None = None,
        reported: Reported | None = None,
        quality: CostQuality = CostQuality.EXACT,
    ) -> Cost:
        """Return what a request cost: as the biller reported it, else computed, else unknown.

        `usage_by_kind` is None when the tokens are not known; `quality` is that of the tokens; `at` is when the
        request started. Both amounts are kept, they are never added.
        """
        terms = self.terms(names, at=at, service_tier=service_tier)
        return terms.cost(usage_by_kind, units=units, reported=reported, quality=quality)

    def terms(self, names: Names, *, at: datetime, service_tier: str | None = None) -> Terms:
        """Return by what a request is priced that started `at`: looked up once, it holds for any usage of its."""
        own, found = self.override(names), self.find(names)
        operator = own is not None and (own.prices is not None or own.multiplier != 1)
        source = CostSource.OPERATOR if operator else CostSource.CATALOGUE
        rows, reason = self._rows(own, found)
        if reason is not None:
            return Terms(tariff=Tariff(reason=reason), source=source)
        listed = own is None or own.prices is None
        tariff = tariff_of(
            rows,
            at=at,
            service_tier=service_tier if listed else None,
            provider=found.model.provider if found else "",
            multiplier=own.multiplier if own else Fraction(1),
        )
        return Terms(tariff=tariff, source=source, reference=self._reference(tariff.row, found if listed else None))

    def _rows(self, own: Override | None, found: Found | None) -> tuple[tuple[PriceRow, ...], str | None]:
        """Return the price rows to use, and why there are none."""
        if own is not None and own.prices is not None:
            return (self._own_rows[id(own)],), None
        if found is None:
            return (), "unknown model"
        if not found.priced:
            return (), f"no price for {found.name}, only for {found.model.id}"
        model = found.model.id
        if model not in self._read:
            self._read[model] = found.model.rows()
        rows = self._read[model]
        return rows, None if rows else f"no price known for {found.model.id}"

    def _reference(self, row: PriceRow | None, found: Found | None) -> PriceReference | None:
        if row is None:
            return None
        if found is None:
            return PriceReference(model=row.id, row=row.id)
        return PriceReference(
            model=found.model.id, row=row.id, since=row.since_text, catalogue=self.catalogue.info.version
        )


def sellers(dialect: str, name: str) -> tuple[str, ...]:
    """Return the providers to look in: those of the dialect, else the one in front of the name, else makers."""
    if dialect in SELLERS:
        return SELLERS[dialect]
    first = name.partition("/")[0].lower()
    return (PREFIXES[first],) if "/" in name and first in PREFIXES else MAKERS


def _own_row(own: Override) -> PriceRow:
    return replace(
        parse_row(row=f"settings:{own.model}", prices=own.prices or {}, since=None, tier=None, when=None),
        since_text=None,
    )
