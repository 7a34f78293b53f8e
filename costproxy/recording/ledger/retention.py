"""What is old, or too much, leaves the file: by whole hours, and a little at a time."""

from dataclasses import dataclass

from costproxy.recording.ledger.rollup import HOUR, HOURS, hour_of
from costproxy.recording.ledger.store import Store

HORIZON = "horizon"  # of exchanges: those of earlier hours are gone, or going
_AT_A_TIME = 2000  # rows of a transaction, so that none takes long
_PAGES = 2000  # given back to the disk in one go


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long things are kept, in seconds, and how much of the disk they may take."""

    exchanges: float
    totals: float  # the sums by hour
    most_bytes: int
    threads: float = 7200.0  # what conversations are recognised by, after their last use


def sweep(store: Store, retention: Retention, now: float) -> bool:
    """Delete some of what is to go; return whether there is more."""
    connection = store.connection
    hour = horizon_of(store)
    hour = max(hour, hour_of(max(0.0, now - retention.exchanges)))
    if used_bytes(store) > retention.most_bytes and not _is_behind(store, hour):
        hour = max(hour, min(_next_hour(store, hour), hour_of(now)))  # of the present hour nothing is deleted
    advanced = hour > horizon_of(store)
    if advanced:
        store.set_fact(HORIZON, str(hour))
    more = advanced + sum(_delete(store, sql, hour * HOUR) for sql in _OLD) > 0
    more |= _delete(store, _OLD_HOURLY_CONVERSATIONS, hour)
    day = hour_of(max(0.0, now - retention.totals)) // HOURS
    more |= _delete(store, _OLD_HOURLY, day * HOURS)
    store.connection.execute("DELETE FROM daily WHERE day < ?", (day,))
    store.forget_states(now - retention.threads)
    connection.executescript(f"PRAGMA incremental_vacuum({_PAGES})")  # execute() takes one step of it: one page
    return more


def horizon_of(store: Store) -> int:
    """Return the hour since the epoch before which there are no exchanges any more; 0: all are there."""
    return int(store.fact(HORIZON) or 0)


def used_bytes(store: Store) -> int:
    """Return the bytes in the file that are in use; free ones will be used before it grows."""
    one = store.connection.execute
    pages, free, size = (one(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size"))
    return int((pages - free) * size)


_OLD = (
    "DELETE FROM exchange WHERE number IN (SELECT number FROM exchange WHERE started < ? ORDER BY started LIMIT ?)",
    "DELETE FROM event WHERE number IN (SELECT number FROM event WHERE at < ? ORDER BY at LIMIT ?)",
    "DELETE FROM conversation WHERE id IN (SELECT id FROM conversation WHERE last < ? ORDER BY last LIMIT ?)",
)
_OLD_HOURLY_CONVERSATIONS = (
    "DELETE FROM hourly_conversation WHERE (hour, conversation, upstream, model, app, usage_quality, quality, source)"
    " IN (SELECT hour, conversation, upstream, model, app, usage_quality, quality, source FROM hourly_conversation"
    " WHERE hour < ? ORDER BY hour LIMIT ?)"
)
_OLD_HOURLY = (
    "DELETE FROM hourly WHERE (hour, upstream, model, app, usage_quality, quality, source)"
    " IN (SELECT hour, upstream, model, app, usage_quality, quality, source FROM hourly"
    " WHERE hour < ? ORDER BY hour LIMIT ?)"
)


def _delete(store: Store, sql: str, before: float) -> bool:
    """Delete a portion; return whether there may be more."""
    return store.connection.execute(sql, (before, _AT_A_TIME)).rowcount >= _AT_A_TIME


def _is_behind(store: Store, hour: int) -> bool:
    """Tell whether something is still to be deleted before that hour."""
    found = store.connection.execute("SELECT MIN(started) FROM exchange").fetchone()[0]
    return found is not None and found < hour * HOUR


def _next_hour(store: Store, hour: int) -> int:
    """Return the end of the oldest hour that has exchanges."""
    found = store.connection.execute("SELECT MIN(started) FROM exchange").fetchone()[0]
    return hour if found is None else max(hour, hour_of(found) + 1)
