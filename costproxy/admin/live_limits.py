"""Quotas and refusals, from what is in memory."""

from costproxy.admin.limit_views import Limits, QuotaView, Reason, RefusalView
from costproxy.quotas.book import Reading
from costproxy.quotas.rates import Rates
from costproxy.recording.recent import Recent
from costproxy.recording.refused import Refusals

MOST = 500


def limits(rates: Rates, recent: Recent, *, now: float, steady: float) -> Limits:
    """Return quotas and refusals; `steady` is the time by the clock of the quotas."""
    quotas = sorted(rates.readings(steady), key=lambda each: (each.ratio is None, each.ratio or 0.0))
    storming = set(rates.storming())
    return Limits(
        at=now,
        quotas=[_quota(each) for each in quotas[:MOST]],
        refusals=[
            _refusal(key, each, (key[1] or "none", key[0]) in storming)
            for key, each in reversed(recent.refused()[-MOST:])
        ],
    )


def _quota(reading: Reading) -> QuotaView:
    return QuotaView(
        upstream=reading.upstream,
        model=reading.model,
        owner=reading.owner,
        resource=reading.resource,
        window=reading.window,
        limit=reading.limit,
        remaining=reading.remaining,
        ratio=reading.ratio,
        resets_in=reading.resets_in,
        exhausted_in=reading.exhausted_in,
    )


def _refusal(key: tuple[str, str | None, str | None], refusals: Refusals, storming: bool) -> RefusalView:
    upstream, app, model = key
    by_count = sorted(refusals.refused.items(), key=lambda item: -item[1])
    return RefusalView(
        upstream=upstream,
        app=app,
        model=model,
        last=refusals.last,
        requests=refusals.requests,
        refused=[Reason(reason=reason, count=count) for reason, count in by_count],
        retries=refusals.retries,
        too_early=refusals.too_early,
        in_vain=refusals.in_vain,
        tokens_in_vain=refusals.tokens_in_vain,
        storming=storming,
    )
