"""Conversations, from what is in memory."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from costproxy.admin.conversation_views import (
    ConversationDetail,
    ConversationPage,
    ConversationRow,
    EventView,
    TurnMistake,
    Window,
)
from costproxy.admin.live_overview import amount
from costproxy.admin.live_turns import turn_view
from costproxy.admin.source import Query, SortKey, State
from costproxy.admin.units import dollars, dollars_if_known
from costproxy.admin.views import Amount
from costproxy.conversations.account import Account, Event
from costproxy.conversations.thread import Thread
from costproxy.model import ContextUse
from costproxy.recording.metrics_live import ACTIVE_WITHIN, NEAR_LIMIT
from costproxy.recording.recent import Recent

_MOST_NAMES = 200
_Key = Callable[[Thread, float], Any]

_KEYS: Mapping[SortKey, _Key] = MappingProxyType(
    {
        SortKey.SEEN: lambda thread, _: thread.seen,
        SortKey.BEGAN: lambda thread, _: thread.born,
        SortKey.REQUESTS: lambda thread, _: thread.account.totals.requests,
        SortKey.COST: lambda thread, _: thread.account.totals.cost,
        SortKey.BURN: lambda thread, now: thread.account.outlook(at=now).burn_rate,
        SortKey.PROMPT: lambda thread, _: thread.account.totals.prompt,
        SortKey.RESENT: lambda thread, _: thread.account.totals.prompt - thread.account.totals.new,
        SortKey.AMPLIFICATION: lambda thread, _: thread.account.totals.amplification,
        SortKey.CONTEXT: lambda thread, _: thread.account.ratio,
        SortKey.GROWTH: lambda thread, _: thread.account.growth,
        SortKey.TURNS_LEFT: lambda thread, _: thread.account.turns_left,
        SortKey.MISTAKES: lambda thread, _: thread.account.totals.mistakes,
        SortKey.APP: lambda thread, _: thread.app,
        SortKey.MODEL: lambda thread, _: thread.model,
    }
)


def _is_near(thread: Thread) -> bool:
    left = thread.account.turns_left
    return left is not None and left <= NEAR_LIMIT


_STATES: Mapping[State, Callable[[Thread, float], bool]] = MappingProxyType(
    {
        State.ALL: lambda _, __: True,
        State.ACTIVE: lambda thread, now: now - thread.seen <= ACTIVE_WITHIN,
        State.NEAR_LIMIT: lambda thread, _: _is_near(thread),
        State.WARNED: lambda thread, _: thread.account.warned > 0,
        State.MISTAKEN: lambda thread, _: thread.account.totals.mistakes > 0,
    }
)


def listed(threads: Sequence[Thread], recent: Recent, *, now: float, query: Query) -> ConversationPage:
    """Return a page of threads."""
    found = [each for each in threads if _fits(each, query, now)]
    found = _ordered(found, query, now)
    start = (query.page - 1) * query.size
    return ConversationPage(
        items=[_row(each, recent, now) for each in found[start : start + query.size]],
        page=query.page,
        size=query.size,
        total=len(found),
        all=len(threads),
        apps=_names({each.app for each in threads}),
        models=_names({each.model for each in threads}),
    )


def detail(thread: Thread, recent: Recent, *, now: float) -> ConversationDetail:
    """Return one thread, turn by turn."""
    history = recent.history(thread.id)
    turns = history.turns if history is not None else ()
    return ConversationDetail(
        at=now,
        conversation=_row(thread, recent, now),
        turns=[turn_view(each) for each in turns],
        left_out=history.count - len(turns) if history is not None else thread.account.totals.requests,
        events=[_event(each) for each in thread.account.events],
        next_cost=dollars_if_known(turns[-1].next_cost) if turns else None,
    )


def _fits(thread: Thread, query: Query, now: float) -> bool:
    if query.app is not None and thread.app != query.app:
        return False
    if query.model is not None and thread.model != query.model:
        return False
    words = (thread.id, thread.app or "", thread.model or "", thread.upstream)
    if query.text and not any(query.text.lower() in word.lower() for word in words):
        return False
    return _STATES[query.state](thread, now)


def _ordered(threads: list[Thread], query: Query, now: float) -> list[Thread]:
    """Order by the key and then by id, so that pages fit together; what has no value comes last."""
    key = _KEYS[query.sort]
    keyed = [(key(each, now), each) for each in sorted(threads, key=lambda thread: thread.id)]
    known = sorted((pair for pair in keyed if pair[0] is not None), key=lambda pair: pair[0], reverse=query.descending)
    return [thread for _, thread in (*known, *(pair for pair in keyed if pair[0] is None))]


def _names(names: set[str | None]) -> list[str]:
    return sorted(name for name in names if name is not None)[:_MOST_NAMES]


def _row(thread: Thread, recent: Recent, now: float) -> ConversationRow:
    account, totals = thread.account, thread.account.totals
    growth = account.growth
    return ConversationRow(
        id=thread.id,
        app=thread.app,
        model=thread.model,
        upstream=thread.upstream,
        began=thread.born,
        seen=thread.seen,
        active=now - thread.seen <= ACTIVE_WITHIN,
        requests=totals.requests,
        prompt=totals.prompt,
        new=totals.new,
        resent=totals.prompt - totals.new,
        completion=totals.completion,
        amplification=totals.amplification,
        cost=_cost(thread.id, account, recent),
        context=window(account.context),
        growth=None if growth is None else round(growth),
        turns_left=account.turns_left,
        confident=account.left.confident,
        warned=account.warned,
        mistakes=totals.mistakes,
        burn=dollars_if_known(account.outlook(at=now).burn_rate),
    )


def _cost(id: str, account: Account, recent: Recent) -> Amount:  # noqa: A002 — what it is
    """Return what a conversation cost; its parts only where all its turns were seen."""
    totals, spend = account.totals, recent.spend(id)
    if spend is not None and (spend.total, spend.unknown) == (totals.cost, totals.unknown_costs):
        return amount(spend)
    return Amount(
        total=dollars(totals.cost), reported=None, computed=None, estimated=None, unknown=totals.unknown_costs
    )


def window(context: ContextUse | None) -> Window | None:
    """Return how full a window is; None: nobody knows how large it is."""
    if context is None:
        return None
    return Window(used=context.used, usable=context.usable, ratio=context.ratio, source=context.source)


def _event(event: Event) -> EventView:
    mistake = event.mistake
    return EventView(
        at=event.at,
        step=event.step,
        threshold=event.threshold,
        mistake=None
        if mistake is None
        else TurnMistake(
            kind=mistake.kind,
            message=mistake.index,
            region=mistake.region,
            tokens=mistake.tokens,
            cost=dollars_if_known(mistake.cost),
        ),
    )
