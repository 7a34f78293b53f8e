"""The question of what was spent, as SQL: whole hours from the sums, what sticks out of them from the exchanges."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from costproxy.recording.ledger.question import GROUPS, Question
from costproxy.recording.ledger.rollup import HOUR, HOURS, KEYS, MEASURES, hour_of

_AMOUNTS = frozenset({"cost", "new_cost", "resent_cost"})
_SPLIT = 10**6  # amounts are summed in two halves, since a sum of p$ may be more than 64 bits hold
_END = 4_000_000  # an hour that is far away: in the year 2426
QUALITIES = ("usage_quality", "quality", "source")

_EXCHANGES = """
SELECT CAST(started AS INTEGER) / 3600 AS hour, upstream, IFNULL(model, '') AS model, IFNULL(app, '') AS app,
  IFNULL(usage_quality, '') AS usage_quality, IFNULL(quality, '') AS quality, IFNULL(source, '') AS source,
  conversation, 1 AS requests, outcome = 'success' AS succeeded, outcome = 'rate_limited' AS rate_limited,
  IFNULL(prompt, 0) AS prompt, IFNULL(cache_read, 0) + IFNULL(audio_cache_read, 0) AS cached,
  IFNULL(completion, 0) AS completion, IFNULL(new, 0) AS new, IFNULL(resent, 0) AS resent,
  IFNULL(cost, 0) AS cost, IFNULL(new_cost, 0) AS new_cost, IFNULL(resent_cost, 0) AS resent_cost, mistakes
FROM exchange"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Where a range of time is read: whole hours, and pieces of hours on both sides of them."""

    first: int  # hour
    last: int  # hour, not included
    pieces: tuple[tuple[float, float], ...] = ()  # seconds


def span_of(question: Question, horizon: int) -> Span:
    """Return where a question's range is read; hours before the `horizon` are not to be had in pieces."""
    since = 0.0 if question.since is None else max(0.0, question.since)
    until = float(_END * HOUR) if question.until is None else max(since, question.until)
    if hour_of(since) < horizon:
        since = float(hour_of(since) * HOUR)
    if hour_of(until) < horizon:
        until = float(ceil(until / HOUR) * HOUR)
    first, last = ceil(since / HOUR), hour_of(until)
    if first > last:
        return Span(first=0, last=0, pieces=((since, until),))
    pieces = ((since, float(first * HOUR)), (float(last * HOUR), until))
    return Span(first=first, last=last, pieces=tuple(piece for piece in pieces if piece[0] < piece[1]))


def spend_query(question: Question, horizon: int) -> tuple[str, Mapping[str, Any]]:
    """Return a query of groups, qualities and measures, amounts in two columns each."""
    source, values = _source(question, horizon)
    groups = [f"{GROUPS[name]} AS by_{name}" for name in question.by]
    sums = [each for name in MEASURES for each in _sum(name)]
    count = len(question.by) + len(QUALITIES)
    order = ", ".join(str(number) for number in range(1, count + 1))
    sql = f"SELECT {', '.join([*groups, *QUALITIES, *sums])} FROM ({source}) GROUP BY {order}"  # noqa: S608 - as below
    return sql, values


def top_query(question: Question, horizon: int) -> tuple[str, Mapping[str, Any]]:
    """Return a query of conversations, those of the largest known cost first; `:most` of them."""
    source, values = _source(question, horizon, conversations=True)
    sql = f"""SELECT conversation, SUM(cost / {_SPLIT}) AS spent FROM ({source}) WHERE conversation IS NOT NULL
    GROUP BY conversation ORDER BY spent DESC, SUM(prompt) DESC, conversation LIMIT :most"""  # noqa: S608 - as below
    return sql, values


def measures_from(columns: Sequence[int]) -> dict[str, int]:
    """Return measures from the columns of a query."""
    given = iter(columns)
    return {name: next(given) * _SPLIT + next(given) if name in _AMOUNTS else next(given) for name in MEASURES}


def _in_days(span: Span) -> tuple[tuple[int, int] | None, list[tuple[int, int]]]:
    """Return the whole days of a span, None without one, and the hours before and after them."""
    first, last = ceil(span.first / HOURS), span.last // HOURS
    if first >= last:
        return None, [(span.first, span.last)]
    return (first, last), [(span.first, first * HOURS), (last * HOURS, span.last)]


def _sum(name: str) -> list[str]:
    if name in _AMOUNTS:
        return [f"SUM({name} / {_SPLIT})", f"SUM({name} % {_SPLIT})"]
    return [f"SUM({name})"]


def _source(question: Question, horizon: int, *, conversations: bool = False) -> tuple[str, Mapping[str, Any]]:
    """Return the rows to be summed; all names are our own, and what was asked for is bound."""
    told = conversations or question.needs_conversations
    columns = ", ".join((*KEYS, *(("conversation",) if told else ()), *MEASURES))
    table = "hourly_conversation" if told else "hourly"
    span = span_of(question, horizon)
    values: dict[str, Any] = dict(question.filters)
    matching = "".join(f" AND {name} = :{name}" for name in question.filters)
    placed = " AND conversation IS NOT NULL" if told else ""
    days, hours = (None, [(span.first, span.last)]) if told or "hour" in question.by else _in_days(span)
    parts = []
    for number, (first, last) in enumerate(hours):
        values |= {f"first{number}": first, f"last{number}": last}
        within = f"hour >= :first{number} AND hour < :last{number}"
        parts.append(f"SELECT {columns} FROM {table} WHERE {within}{matching}")  # noqa: S608
    if days is not None:
        values |= {"first_day": days[0], "last_day": days[1]}
        daily = f"SELECT day * {HOURS} AS {columns} FROM daily WHERE day >= :first_day AND day < :last_day{matching}"  # noqa: S608
        parts.append(daily)
    for number, (since, until) in enumerate(span.pieces):
        values |= {f"since{number}": since, f"until{number}": until}
        within = f"{_EXCHANGES} WHERE started >= :since{number} AND started < :until{number}"
        parts.append(f"SELECT {columns} FROM ({within}) WHERE 1{placed}{matching}")  # noqa: S608
    return " UNION ALL ".join(parts), values
