"""Recorded exchanges through the proxy's own meter."""

from dataclasses import dataclass

from costproxy.meter import Estimator, Meter
from costproxy.model import ChatReply, Ending, Exchange, Timing, Turn
from costproxy.offline.recorded import Recorded
from costproxy.pricing.prices import Prices
from costproxy.settings import Settings, dialect_of
from costproxy.settings.upstream import UpstreamSettings
from costproxy.wire.apis import Api, api_of
from costproxy.wire.observer import Limits, Observer

_MOMENT = Timing(started=0.0, ended=0.0)  # how long it took was not recorded


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """A recorded exchange and what the meter makes of it."""

    recorded: Recorded
    turn: Turn
    prompt_estimate: int | None  # tokens, from the request alone; None: no request, or not asked for


class Auditor:
    """Meters recorded exchanges; each by itself, so that their order changes nothing."""

    def __init__(self, settings: Settings, prices: Prices, estimator: Estimator, *, estimate_all: bool) -> None:
        """Take the parts; `estimate_all` asks for the estimate of every prompt, which takes most of the time."""
        self._settings = settings
        self._meter = Meter(prices, estimator)
        self._estimator = estimator
        self._estimate_all = estimate_all
        self._limits = Limits()

    def audit(self, recorded: Recorded, *, name: str) -> Audited:
        """Return what an exchange used and cost; `name` is its id."""
        exchange = self._exchange(recorded, name)
        estimate = None
        if self._estimate_all and exchange.request is not None:
            estimate = self._estimator.prompt(exchange)
        return Audited(recorded=recorded, turn=self._meter.turn(exchange), prompt_estimate=estimate)

    def _exchange(self, recorded: Recorded, name: str) -> Exchange:
        upstream = self._upstream(recorded)
        dialect = upstream.dialect if upstream else dialect_of(recorded.host, recorded.port)
        api = api_of("POST", recorded.path)
        observer = Observer(self._limits, api=api.name, kept_request=self._limits.body)
        reply = _observe(observer, recorded, dialect) if api.metered else None
        return Exchange(
            id=name,
            upstream=upstream.name if upstream else recorded.host,
            dialect=dialect,
            api=api.name,
            app=None,
            method="POST",
            status=recorded.status,
            ending=Ending.COMPLETE,
            timing=_MOMENT,
            started_at=recorded.at.timestamp(),
            bytes_in=len(recorded.request or b""),
            bytes_out=len(recorded.response),
            unmetered=observer.unmetered if api.metered else _not_read(api),
            request=observer.request,
            reply=reply,
            request_text=observer.request_text,
        )

    def _upstream(self, recorded: Recorded) -> UpstreamSettings | None:
        """Return the upstream of the settings that the exchange went to, if it is one of them."""
        same = (each for each in self._settings.upstreams if each.host == recorded.host)
        return next(same, None)


def _observe(observer: Observer, recorded: Recorded, dialect: str) -> ChatReply:
    if recorded.request is not None:
        observer.request_body(recorded.request)
    observer.head(recorded.status, "")
    observer.body(recorded.response, 0.0)
    return observer.facts(dialect, 0.0)


def _not_read(api: Api) -> str:
    return f"api_{api.name}"
