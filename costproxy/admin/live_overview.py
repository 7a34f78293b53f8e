"""The overview, from what is in memory."""

from collections.abc import Sequence

from costproxy.admin.source import SPANS, Span
from costproxy.admin.units import dollars
from costproxy.admin.views import Amount, Near, Overview, Points, Prompt, Sharing, Thresholds
from costproxy.conversations.thread import Thread
from costproxy.conversations.tracker import Tracker
from costproxy.recording.metrics_live import ACTIVE_WITHIN, NEAR_LIMIT
from costproxy.recording.recent import Recent
from costproxy.recording.tally import Spend, Tally

MOST_SHARES = 50
_PACE = 300.0  # seconds from which the pace of spending is told
_LEAST_PACE = 60.0
_HOUR = 3600


def overview(
    recent: Recent,
    tracker: Tracker | None,
    *,
    now: float,
    span: Span,
    started: float,
    thresholds: tuple[int, ...],
) -> Overview:
    """Return the state of things; times in seconds since the epoch."""
    back, step = SPANS[span]
    start = int((now - back) // step + 1) * step
    tallies = recent.between(start, now, step)
    total = Tally()
    for each in tallies:
        total.merge(each)
    return Overview(
        at=now,
        since=started,
        range=span,
        step=step,
        per_hour=_pace(recent, now, started),
        today=amount(recent.today(now).spend),
        spend=amount(total.spend),
        requests=total.requests,
        failed=total.failed,
        rate_limited=total.rate_limited,
        warnings=total.warnings,
        mistakes=total.mistakes,
        prompt=_prompt(total),
        points=_points(tallies, start, step),
        shares=_shares(total),
        conversations=near(tracker.live(), now, thresholds) if tracker is not None else Near(enabled=False),
    )


def amount(spend: Spend) -> Amount:
    """Return a sum of costs in dollars."""
    return Amount(
        total=dollars(spend.total),
        reported=dollars(spend.reported),
        computed=dollars(spend.computed),
        estimated=dollars(spend.estimated),
        unknown=spend.unknown,
    )


def near(threads: Sequence[Thread], now: float, thresholds: tuple[int, ...]) -> Near:
    """Count conversations by how near they are to their limit."""
    over = dict.fromkeys(thresholds, 0)
    active = close = unknown = 0
    for each in threads:
        is_active = now - each.seen <= ACTIVE_WITHIN
        active += is_active
        ratio, left = each.account.ratio, each.account.turns_left
        unknown += ratio is None
        close += is_active and left is not None and left <= NEAR_LIMIT
        for percent in over:
            over[percent] += ratio is not None and ratio * 100 >= percent
    return Near(
        tracked=len(threads),
        active=active,
        near_limit=close,
        unknown_limit=unknown,
        over=[Thresholds(percent=percent, conversations=count) for percent, count in sorted(over.items())],
    )


def _pace(recent: Recent, now: float, started: float) -> Amount:
    """Return what an hour costs at the pace of late."""
    since = min(_PACE, max(_LEAST_PACE, now - started))
    total = Tally()
    for each in recent.between(int((now - since) // 10) * 10, now, 10):
        total.merge(each)
    spend = total.spend
    return Amount(
        total=dollars(int(spend.total * _HOUR / since)),
        reported=dollars(int(spend.reported * _HOUR / since)),
        computed=dollars(int(spend.computed * _HOUR / since)),
        estimated=dollars(int(spend.estimated * _HOUR / since)),
        unknown=spend.unknown,
    )


def _prompt(total: Tally) -> Prompt:
    return Prompt(
        new=total.new,
        resent=total.resent,
        new_cost=dollars(total.new_cost),
        resent_cost=dollars(total.resent_cost),
        apportioned=total.apportioned,
        cache_read=total.cache_read,
        completion=total.completion,
        estimated=total.estimated,
    )


def _points(tallies: list[Tally], start: int, step: int) -> Points:
    return Points(
        at=[float(start + index * step) for index in range(len(tallies))],
        reported=[dollars(each.spend.reported) for each in tallies],
        computed=[dollars(each.spend.computed) for each in tallies],
        estimated=[dollars(each.spend.estimated) for each in tallies],
        unknown=[each.spend.unknown for each in tallies],
        new=[each.new for each in tallies],
        resent=[each.resent for each in tallies],
        completion=[each.completion for each in tallies],
        requests=[each.requests for each in tallies],
        failed=[each.failed for each in tallies],
        rate_limited=[each.rate_limited for each in tallies],
    )


def _shares(total: Tally) -> list[Sharing]:
    dearest = sorted(total.shares.items(), key=lambda item: (-item[1].spend.total, -item[1].requests))
    return [
        Sharing(
            app=app,
            model=model,
            requests=share.requests,
            prompt=share.prompt,
            resent=share.resent,
            spend=amount(share.spend),
        )
        for (app, model), share in dearest[:MOST_SHARES]
    ]
