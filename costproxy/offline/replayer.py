"""Recorded requests through the proxy's own rooms, in the order in which they are given."""

from dataclasses import replace

from costproxy.meter import Meter
from costproxy.model import Asked, ChatReply, Ending, Exchange, Timing, Turn
from costproxy.offline.recorded_request import RecordedRequest
from costproxy.offline.recorded_response import response_of
from costproxy.settings import Settings, dialect_of
from costproxy.wire.apis import api_of
from costproxy.wire.observer import Limits, Observer
from costproxy.wire.sessions import SessionNames

BETWEEN = 20.0  # seconds from one request of a conversation to the next: about what reading and writing take
_MOMENT = Timing(started=0.0, ended=0.0)  # how long it took was not recorded


class Replayer:
    """Places and meters recorded requests, one after the other, at moments of its own making.

    Nothing is under way twice, so no request is found to be the duplicate of another.
    """

    def __init__(self, settings: Settings, meter: Meter, *, start: float, gap: float = BETWEEN) -> None:
        """Take the parts; the first request is made at `start`, each further one `gap` seconds later.

        A request whose moment was recorded is made then, but not before the one before it.
        """
        self._settings = settings
        self._meter = meter
        self._start = start
        self._at: float | None = None  # of the request before
        self._gap = gap
        self._limits = Limits()
        own = settings.conversations
        self._names = SessionNames(headers=own.session_headers, fields=own.session_fields)

    def replay(self, recorded: RecordedRequest) -> Turn:
        """Return the turn that a request was; its `standing` is None if it has no conversation."""
        self._at = at = self._moment(recorded)
        exchange = self._exchange(recorded, at)
        self._meter.answered(exchange)
        turn = self._meter.turn(exchange)
        if self._meter.wants_to_learn(exchange):
            self._meter.learn(exchange)
        return turn

    def _moment(self, recorded: RecordedRequest) -> float:
        if self._at is None:
            return self._start if recorded.at is None else recorded.at
        return self._at + self._gap if recorded.at is None else max(self._at, recorded.at)

    def _exchange(self, recorded: RecordedRequest, at: float) -> Exchange:
        upstream = next((each for each in self._settings.upstreams if each.host == recorded.host), None)
        name = upstream.name if upstream else recorded.host
        dialect = upstream.dialect if upstream else dialect_of(recorded.host, recorded.port)
        api = api_of("POST", recorded.path)
        observer = Observer(self._limits, api=api.name, names=self._names, kept_request=self._limits.body)
        observer.request_headers(recorded.headers)
        observer.request_body(recorded.body)
        asked = self._asked(recorded, observer, upstream=name, dialect=dialect, at=at) if api.metered else None
        placement = None if asked is None else self._meter.place(asked)
        response = response_of(recorded)
        observer.head(recorded.status, "")
        observer.body(response, 0.0)
        reply = _reply(recorded, observer, dialect) if api.metered else None
        return Exchange(
            id=_id(recorded),
            upstream=name,
            dialect=dialect,
            api=api.name,
            app=None,
            method="POST",
            status=recorded.status,
            ending=Ending.COMPLETE,
            timing=_MOMENT,
            started_at=at,
            bytes_in=len(recorded.body),
            bytes_out=len(response),
            unmetered=observer.unmetered if api.metered else f"api_{api.name}",
            request=observer.request,
            reply=reply,
            placement=placement,
            request_text=observer.request_text,
        )

    def _asked(
        self, recorded: RecordedRequest, observer: Observer, *, upstream: str, dialect: str, at: float
    ) -> Asked | None:
        request = observer.read_request()
        if request is None or observer.prompt is None:
            return None
        return Asked(
            exchange=_id(recorded),
            upstream=upstream,
            dialect=dialect,
            api=recorded.api,
            app=None,
            caller=b"",
            at=at,
            request=request,
            prompt=observer.prompt,
        )


def _reply(recorded: RecordedRequest, observer: Observer, dialect: str) -> ChatReply:
    """Return the reply's facts; where no message was recorded there is none, not an empty one."""
    reply = observer.facts(dialect, 0.0)
    return replace(reply, messages=()) if recorded.response is None and recorded.message is None else reply


def _id(recorded: RecordedRequest) -> str:
    return f"{recorded.source}#{recorded.index}"
