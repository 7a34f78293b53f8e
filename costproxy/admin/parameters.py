"""The parameters of the API's requests: read strictly, described once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from costproxy.admin.source import LARGEST_PAGE, Query, SortKey, Span, State
from costproxy.errors import CostproxyError

_LONGEST = 256  # characters of a name


class Order(StrEnum):
    """Which end comes first."""

    DESCENDING = "desc"
    ASCENDING = "asc"


class ParameterError(CostproxyError):
    """A parameter that is not understood; the message says place, expected and found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of a query."""

    name: str
    doc: str
    default: str | int | None = None
    choices: tuple[str, ...] = ()
    largest: int | None = None  # of a whole number from 1; None: it is text

    def read(self, text: str) -> Any:
        """Return its value.

        Raises:
            ParameterError: it is none.
        """
        if self.choices:
            return text if text in self.choices else self._refuse(f"one of {', '.join(self.choices)}")
        if self.largest is not None:
            is_number = text.isascii() and text.isdigit() and len(text) <= 9 and 1 <= int(text) <= self.largest
            return int(text) if is_number else self._refuse(f"a whole number from 1 to {self.largest}")
        return text if len(text) <= _LONGEST else self._refuse(f"at most {_LONGEST} characters")

    def schema(self) -> dict[str, Any]:
        """Return its JSON schema."""
        kind: dict[str, Any] = {"type": "string", "maxLength": _LONGEST}
        if self.choices:
            kind = {"type": "string", "enum": list(self.choices)}
        if self.largest is not None:
            kind = {"type": "integer", "minimum": 1, "maximum": self.largest}
        return kind if self.default is None else {**kind, "default": self.default}

    def _refuse(self, expected: str) -> Any:
        # What was found is not repeated: an answer that quotes strangers is for nobody's good.
        raise ParameterError(f"query parameter {self.name}: expected {expected}, found something else")


OVERVIEW = (Parameter(name="range", doc="How far to look back.", default=Span.HOUR.value, choices=tuple(Span)),)
CONVERSATIONS = (
    Parameter(
        name="sort",
        doc="What to order by; unknown values come last.",
        default=SortKey.SEEN.value,
        choices=tuple(SortKey),
    ),
    Parameter(name="order", doc="Largest or smallest first.", default=Order.DESCENDING.value, choices=tuple(Order)),
    Parameter(name="state", doc="Which conversations.", default=State.ALL.value, choices=tuple(State)),
    Parameter(name="app", doc="Only those of this application."),
    Parameter(name="model", doc="Only those whose last reply came from this model."),
    Parameter(name="q", doc="Only those with this text in id, application, model or upstream, whatever the case."),
    Parameter(name="page", doc="Which page.", default=1, largest=1_000_000),
    Parameter(name="size", doc="Most items of a page.", default=50, largest=LARGEST_PAGE),
)


def read(known: tuple[Parameter, ...], given: Iterator[tuple[str, str]]) -> Mapping[str, Any]:
    """Return the values of all `known` parameters, None for one that was not given and has no default.

    Raises:
        ParameterError: one is not understood, given twice, or unknown.
    """
    by_name = {each.name: each for each in known}
    values: dict[str, Any] = {}
    for name, text in given:
        if name not in by_name:
            raise ParameterError(f"query: expected {', '.join(by_name) or 'no parameters'}, found another one")
        if name in values:
            raise ParameterError(f"query parameter {name}: expected it once, found it twice")
        values[name] = by_name[name].read(text)
    return MappingProxyType({each.name: values.get(each.name, each.default) for each in known})


def span_of(values: Mapping[str, Any]) -> Span:
    """Return the range that was asked for."""
    return Span(values["range"])


def query_of(values: Mapping[str, Any]) -> Query:
    """Return which conversations were asked for."""
    return Query(
        sort=SortKey(values["sort"]),
        descending=values["order"] == Order.DESCENDING,
        state=State(values["state"]),
        app=values["app"],
        model=values["model"],
        text=values["q"] or "",
        page=values["page"],
        size=values["size"],
    )
