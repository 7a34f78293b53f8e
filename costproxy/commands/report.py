"""`costproxy report`: what was spent, by whatever is asked for."""

import sys
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime

from costproxy.commands.sheet import Column, Sheet, show
from costproxy.recording.ledger import Conversation, LedgerReader, MistakeSum, Question, Spend, SqliteReader

_NONE = "none"
_SPEND = (
    Column(name="tokens_quality", heading="tokens"),
    Column(name="quality", heading="cost"),
    Column(name="source", heading="source"),
    Column(name="requests", heading="requests", kind="count"),
    Column(name="succeeded", heading="succeeded", kind="count"),
    Column(name="rate_limited", heading="429", kind="count"),
    Column(name="prompt", heading="prompt", kind="count"),
    Column(name="cached", heading="cached", kind="count"),
    Column(name="completion", heading="completion", kind="count"),
    Column(name="resent_share", heading="sent again", kind="share"),
    Column(name="cost", heading="cost, $", kind="dollars"),
    Column(name="resent_cost", heading="sent again, $", kind="dollars"),
)
_CONVERSATIONS = (
    Column(name="conversation", heading="conversation"),
    Column(name="app", heading="app"),
    Column(name="model", heading="model"),
    Column(name="turns", heading="turns", kind="count"),
    Column(name="requests", heading="requests", kind="count"),
    Column(name="prompt", heading="prompt", kind="count"),
    Column(name="amplification", heading="per new token", kind="seconds"),
    Column(name="exact", heading="exact, $", kind="dollars"),
    Column(name="adjusted", heading="adjusted, $", kind="dollars"),
    Column(name="estimated", heading="estimated, $", kind="dollars"),
    Column(name="unknown", heading="unknown", kind="count"),
    Column(name="context_ratio", heading="context", kind="share"),
    Column(name="turns_left", heading="left", kind="count"),
    Column(name="mistakes", heading="mistakes", kind="count"),
)
_MISTAKES = (
    Column(name="kind", heading="mistake"),
    Column(name="count", heading="times", kind="count"),
    Column(name="conversations", heading="conversations", kind="count"),
    Column(name="tokens", heading="tokens", kind="count"),
    Column(name="cost", heading="known cost, $", kind="dollars"),
)


def report(ledger: SqliteReader, question: Question, *, top: int, form: str) -> int:
    """Print sums, the most expensive conversations, and mistakes; return the exit code.

    Raises:
        NoLedgerError: there is no ledger, or none that can be read.
    """
    since, until, whole = ledger.covered(question)
    facts = {"since": _moment(since), "until": _moment(until), "exchanges_since": _moment(whole or 0.0)}
    sheets = [_spend(ledger, question), _conversations(ledger, question, top), _mistakes(ledger, question)]
    show(sheets, form, sys.stdout, facts)
    widened = (question.since or since) > since or (question.until or until) < until
    if widened:
        print(
            f"widened to whole hours, {facts['since']} to {facts['until']}: older exchanges are gone", file=sys.stderr
        )
    return 0


def _spend(ledger: LedgerReader, question: Question) -> Sheet:
    rows = sorted_by_cost(ledger.spend(question), question)
    groups = tuple(Column(name=name, heading=name) for name in question.by)
    cells = [(*(name or _NONE for name in each.group), *_cells(each)) for each in rows]
    title = f"spend by {', '.join(question.by)}" if question.by else "spend"
    return Sheet(name="spend", title=title, columns=(*groups, *_SPEND), rows=cells, empty="no exchange in that time")


def sorted_by_cost(rows: Sequence[Spend], question: Question) -> list[Spend]:
    """Return groups with the largest known cost first; those of time in their order."""
    if question.by and question.by[0] in {"day", "hour"}:
        return list(rows)
    costs: dict[tuple[str, ...], int] = defaultdict(int)
    for each in rows:
        costs[each.group] += each.cost
    return sorted(rows, key=lambda each: (-costs[each.group], each.group, -each.cost, -each.requests))


def _cells(each: Spend) -> tuple[str | int | float | None, ...]:
    known = each.quality not in {"", "unknown"}
    told = each.new + each.resent
    return (
        each.usage_quality or _NONE,
        each.quality or _NONE,
        each.source or _NONE,
        each.requests,
        each.succeeded,
        each.rate_limited,
        each.prompt,
        each.cached,
        each.completion,
        each.resent / told if told else None,
        each.cost if known else None,
        each.resent_cost if known else None,
    )


def _conversations(ledger: LedgerReader, question: Question, top: int) -> Sheet:
    found = ledger.conversations(question, most=top) if top else []
    return Sheet(
        name="conversations",
        title="conversations that spent most in that time; figures since their beginning",
        columns=_CONVERSATIONS,
        rows=[_conversation(each) for each in found],
        empty="none",
    )


def _conversation(each: Conversation) -> tuple[str | int | float | None, ...]:
    return (
        each.id,
        each.app or _NONE,
        each.model or _NONE,
        each.turns,
        each.requests,
        each.prompt,
        each.prompt / each.new if each.new else None,
        each.exact,
        each.adjusted,
        each.estimated,
        each.unknown,
        each.context_ratio,
        each.turns_left,
        each.mistakes,
    )


def _mistakes(ledger: LedgerReader, question: Question) -> Sheet:
    rows = [_mistake(each) for each in ledger.mistakes(question)]
    title = "mistakes (`costproxy conversation ID` shows where)"
    return Sheet(name="mistakes", title=title, columns=_MISTAKES, rows=rows, empty="none")


def _mistake(each: MistakeSum) -> tuple[str | int, ...]:
    return each.kind, each.count, each.conversations, each.tokens, each.cost


def _moment(at: float) -> str | None:
    """Return a moment as text; None for the beginning and the end of time."""
    if not 0 < at < 10**10:
        return None
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
