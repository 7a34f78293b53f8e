"""The shape of the ledger's file, version by version; a version that was released is never edited."""

import sqlite3
from collections.abc import Sequence

from costproxy.errors import CostproxyError

# One row per exchange. Times are seconds since the epoch, UTC; spans are seconds; amounts are whole p$ (10⁻¹² $);
# NULL is "unknown" or "does not apply", never 0.
_EXCHANGES = """
CREATE TABLE exchange (
    number INTEGER PRIMARY KEY,       -- in the order in which they were recorded
    id TEXT NOT NULL UNIQUE,          -- our own, as in the log
    reply_id TEXT,                    -- the provider's
    started REAL NOT NULL, ended REAL NOT NULL,
    upstream TEXT NOT NULL, dialect TEXT NOT NULL, api TEXT NOT NULL, app TEXT, method TEXT NOT NULL,
    asked TEXT, served TEXT, model TEXT, tier TEXT,
    stream INTEGER, messages INTEGER, tools INTEGER, max_output INTEGER,
    status INTEGER, outcome TEXT NOT NULL, ending TEXT NOT NULL, refusal TEXT, failure TEXT, error TEXT,
    limit_reason TEXT, finish TEXT, unmetered TEXT, usage_missing TEXT, injected INTEGER NOT NULL,
    raw_usage TEXT,                   -- the provider's own object, JSON; words in it that are no plain names left out
    usage_quality TEXT, anomalies TEXT,
    input INTEGER, cache_read INTEGER, cache_write INTEGER, cache_write_1h INTEGER,
    audio_input INTEGER, audio_cache_read INTEGER, image_input INTEGER,
    output INTEGER, reasoning INTEGER, audio_output INTEGER, image_output INTEGER,
    prompt INTEGER, completion INTEGER,
    cost INTEGER, cost_parts TEXT,    -- JSON: p$ by kind, sums to cost
    source TEXT, quality TEXT, reported INTEGER, reported_text TEXT, computed INTEGER, cost_reason TEXT,
    price_model TEXT, price_row TEXT, price_since TEXT, catalogue TEXT,
    conversation TEXT, verdict TEXT, identity TEXT, ambiguous INTEGER, parent TEXT, turn INTEGER, step INTEGER,
    known_messages INTEGER, new INTEGER, resent INTEGER, apportioned INTEGER, new_cost INTEGER, resent_cost INTEGER,
    composition TEXT,                 -- JSON: prompt tokens by part, sums to prompt
    context_used INTEGER, context_usable INTEGER, limit_source TEXT, turns_left INTEGER, next_cost INTEGER,
    mistakes INTEGER NOT NULL, cache_missed INTEGER, cache_missed_cost INTEGER,
    attempt INTEGER, retried_after TEXT, violation INTEGER, in_vain_tokens INTEGER, succeeded_after INTEGER,
    sent_after REAL, replied_after REAL, first_token_after REAL, last_token_after REAL, overhead REAL NOT NULL,
    bytes_in INTEGER NOT NULL, bytes_out INTEGER NOT NULL
);
CREATE INDEX exchange_started ON exchange (started);
CREATE INDEX exchange_conversation ON exchange (conversation, started) WHERE conversation IS NOT NULL;
"""

_CONVERSATIONS = """
CREATE TABLE conversation (
    id TEXT PRIMARY KEY, first REAL NOT NULL, last REAL NOT NULL,
    upstream TEXT NOT NULL, app TEXT, model TEXT, parent TEXT,
    requests INTEGER NOT NULL, turns INTEGER NOT NULL,
    prompt INTEGER NOT NULL, completion INTEGER NOT NULL, new INTEGER NOT NULL, resent INTEGER NOT NULL,
    exact INTEGER NOT NULL, adjusted INTEGER NOT NULL, estimated INTEGER NOT NULL, -- p$ by quality, never added up
    unknown INTEGER NOT NULL,         -- requests of unknown cost
    mistakes INTEGER NOT NULL, warned INTEGER NOT NULL, -- the highest threshold that was crossed, percent
    context_used INTEGER, context_usable INTEGER, turns_left INTEGER, next_cost INTEGER
) WITHOUT ROWID;
CREATE INDEX conversation_last ON conversation (last);
CREATE TABLE event (
    number INTEGER PRIMARY KEY, at REAL NOT NULL, exchange TEXT NOT NULL, conversation TEXT NOT NULL,
    upstream TEXT NOT NULL, app TEXT, model TEXT,
    type TEXT NOT NULL,               -- mistake or warning
    kind TEXT,                        -- of a mistake
    threshold INTEGER,                -- of a warning, percent
    message INTEGER, region TEXT, tokens INTEGER, cost INTEGER
);
CREATE INDEX event_at ON event (at);
CREATE INDEX event_conversation ON event (conversation);
CREATE TABLE thread (id TEXT PRIMARY KEY, seen REAL NOT NULL, state BLOB NOT NULL);
CREATE INDEX thread_seen ON thread (seen);
CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""

_MEASURES = """
    requests INTEGER NOT NULL, succeeded INTEGER NOT NULL, rate_limited INTEGER NOT NULL,
    prompt INTEGER NOT NULL, cached INTEGER NOT NULL, completion INTEGER NOT NULL,
    new INTEGER NOT NULL, resent INTEGER NOT NULL,
    cost INTEGER NOT NULL, new_cost INTEGER NOT NULL, resent_cost INTEGER NOT NULL, mistakes INTEGER NOT NULL,
"""

_KEYS = "hour, upstream, model, app, usage_quality, quality, source"
_SUMS = """
    COUNT(*), SUM(outcome = 'success'), SUM(outcome = 'rate_limited'),
    SUM(IFNULL(prompt, 0)), SUM(IFNULL(cache_read, 0) + IFNULL(audio_cache_read, 0)), SUM(IFNULL(completion, 0)),
    SUM(IFNULL(new, 0)), SUM(IFNULL(resent, 0)),
    SUM(IFNULL(cost, 0)), SUM(IFNULL(new_cost, 0)), SUM(IFNULL(resent_cost, 0)), SUM(mistakes)
"""
_KEYED = """
    CAST(started AS INTEGER) / 3600, upstream, IFNULL(model, ''), IFNULL(app, ''), IFNULL(usage_quality, ''),
    IFNULL(quality, ''), IFNULL(source, '')
"""

# Hours and days since the epoch, UTC; '' stands for what is not known. A year is read at once.
_ROLL_UPS = f"""
CREATE TABLE hourly (
    hour INTEGER NOT NULL, upstream TEXT NOT NULL, model TEXT NOT NULL, app TEXT NOT NULL,
    usage_quality TEXT NOT NULL, quality TEXT NOT NULL, source TEXT NOT NULL, {_MEASURES}
    PRIMARY KEY ({_KEYS})
) WITHOUT ROWID;
CREATE TABLE daily (
    day INTEGER NOT NULL, upstream TEXT NOT NULL, model TEXT NOT NULL, app TEXT NOT NULL,
    usage_quality TEXT NOT NULL, quality TEXT NOT NULL, source TEXT NOT NULL, {_MEASURES}
    PRIMARY KEY ({_KEYS.replace("hour", "day")})
) WITHOUT ROWID;
CREATE TABLE hourly_conversation (
    hour INTEGER NOT NULL, upstream TEXT NOT NULL, model TEXT NOT NULL, app TEXT NOT NULL,
    usage_quality TEXT NOT NULL, quality TEXT NOT NULL, source TEXT NOT NULL, conversation TEXT NOT NULL, {_MEASURES}
    PRIMARY KEY (hour, conversation, upstream, model, app, usage_quality, quality, source)
) WITHOUT ROWID;
INSERT INTO hourly SELECT {_KEYED}, {_SUMS} FROM exchange GROUP BY 1, 2, 3, 4, 5, 6, 7;
INSERT INTO daily SELECT CAST(started AS INTEGER) / 86400, {_KEYED.partition(",")[2]}, {_SUMS} FROM exchange
    GROUP BY 1, 2, 3, 4, 5, 6, 7;
INSERT INTO hourly_conversation
    SELECT {_KEYED}, conversation, {_SUMS} FROM exchange WHERE conversation IS NOT NULL
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8;
"""  # noqa: S608 - constants of this file

# What leads from each version to the next; the first one begins with an empty file.
MIGRATIONS: Sequence[str] = (_EXCHANGES + _CONVERSATIONS, _ROLL_UPS)
VERSION = len(MIGRATIONS)


class NewerLedgerError(CostproxyError):
    """The file was written by a newer costproxy; it is left alone."""


def version_of(connection: sqlite3.Connection) -> int:
    """Return the version of a file's schema; 0 is an empty file."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


def refuse_newer(connection: sqlite3.Connection) -> None:
    """Look at a file's version.

    Raises:
        NewerLedgerError: it is later than the present one.
    """
    found = version_of(connection)
    if found > VERSION:
        raise NewerLedgerError(f"ledger: expected a file of version {VERSION} at most, found version {found}")


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a file to the present version, each step in a transaction of its own.

    Raises:
        NewerLedgerError: it has a later one.
    """
    refuse_newer(connection)
    for version in range(version_of(connection) + 1, VERSION + 1):
        _step(connection, version)


def _step(connection: sqlite3.Connection, version: int) -> None:
    """Take one step, unless another process has just done so."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        if version_of(connection) < version:
            for statement in _statements(MIGRATIONS[version - 1]):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {version}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _statements(script: str) -> list[str]:
    """Cut a script into statements; none of ours has a semicolon inside of one."""
    plain = "\n".join(line.partition("--")[0] for line in script.splitlines())
    return [statement for statement in plain.split(";") if statement.strip()]
