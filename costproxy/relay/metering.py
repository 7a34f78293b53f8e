"""The metering of one exchange: its tap, its place in a conversation, its record."""

import contextlib
from collections.abc import Callable, Sequence
from time import time

from costproxy.model import NO_WORD, Asked, ChatReply, ChatRequest, Exchange, Placement, RateWord
from costproxy.relay.desk import Ticket
from costproxy.relay.errand import Errand
from costproxy.relay.headers import RawHeader
from costproxy.relay.instruments import Instruments
from costproxy.relay.request_head import ClientHead
from costproxy.relay.tap import ReplyObserver, Tap
from costproxy.relay.upload import Body
from costproxy.wire.model_list import ModelListObserver
from costproxy.wire.observer import Observer
from costproxy.wire.rate_headers import rate_word

# Bytes. What is larger is read, and looked for among the conversations, in the desk's thread: a request of this size
# takes about a millisecond, and handing smaller ones over costs more than it saves.
PLACED_ON_LOOP = 256 * 1024
PARSED_ON_LOOP = 2 * 1024 * 1024  # likewise of replies, which are only parsed
# A longer request is not kept beyond its sending; if its usage is missing, its tokens are told by its length.
_KEPT_REQUEST = 1024 * 1024
_MOST_DIGITS = 5  # of a client's count of its attempts


class Metering:
    """Feeds the meter with one exchange; nothing that fails in here reaches the bytes."""

    __slots__ = (
        "_errand",
        "_head",
        "_heavy",
        "_instruments",
        "_list",
        "_tap",
        "_ticket",
        "injected",
        "started_at",
    )

    def __init__(self, instruments: Instruments, errand: Errand, head: ClientHead) -> None:
        """Take the request's head as the client sent it."""
        self._instruments = instruments
        self._errand = errand
        self._head = head
        self._heavy = False  # this one goes by the desk's thread
        self._ticket: Ticket | None = None
        self.started_at = time()
        self.injected = False  # usage is asked for on the application's behalf
        self._tap = Tap(self._observer()) if errand.api.metered else None
        self._list = Tap(ModelListObserver()) if errand.api.lists_models else None

    def __repr__(self) -> str:
        return f"<Metering {self._tap!r} {self._ticket!r}>"

    def _observer(self) -> Observer:
        instruments = self._instruments
        return Observer(
            instruments.limits, api=self._errand.api.name, names=instruments.names, kept_request=_KEPT_REQUEST
        )

    # -- the request -------------------------------------------------------------------------------------

    @property
    def limit(self) -> int | None:
        """Bytes up to which a body is wanted whole; None: not at all."""
        return self._instruments.limits.body if self._tap is not None else None

    def take(self, body: Body) -> bytes | None:
        """Take a copy of the body; return the one to send in its place, if usage is to be asked for."""
        tap, head = self._tap, self._head
        if tap is None:
            return None
        if not body.complete:
            tap.tell(lambda observer: observer.cannot("request_too_large"))
            return None
        encoding = head.value(b"content-encoding").decode("latin-1")
        tap.tell(lambda observer: observer.request_headers(head.values))
        tap.tell(lambda observer: observer.request_body(body.data, encoding))
        self._heavy = self.weight > PLACED_ON_LOOP
        if encoding or not self._errand.upstream.settings.include_usage:
            return None
        asking = tap.tell(lambda observer: observer.ask_for_usage())
        self.injected = asking is not None
        return asking

    def open(self) -> None:
        """Have the request read and its conversation found; to be called once its bytes are on their way."""
        with contextlib.suppress(Exception):  # a defect of the desk must not touch the request
            if self._tap is None:
                self._announce(None)
            else:
                self._ticket = self._instruments.desk.open(self._asked, heavy=self._heavy)

    def _asked(self) -> Asked | None:
        """Read the request, if need be; in the desk's thread if it is heavy."""
        tap, errand = self._tap, self._errand
        request = tap.tell(lambda observer: observer.read_request()) if tap is not None else None
        prompt = tap.tell(lambda observer: observer.take_prompt()) if tap is not None else None
        self._announce(request)
        if request is None or prompt is None:
            return None
        return Asked(
            exchange=errand.id,
            upstream=errand.upstream.name,
            api=errand.api.name,
            app=errand.app,
            caller=self.caller,
            at=self.started_at,
            request=request,
            prompt=prompt,
            dialect=errand.upstream.settings.dialect,
        )

    def _announce(self, request: ChatRequest | None) -> None:
        errand = self._errand
        with contextlib.suppress(Exception):  # likewise
            self._instruments.desk.announce(
                upstream=errand.upstream.name,
                api=errand.api.name,
                app=errand.app,
                model=request.model if request is not None else None,
            )

    # -- the reply ---------------------------------------------------------------------------------------

    @property
    def reply_tap(self) -> Tap[ReplyObserver] | None:
        """What is to have a copy of the reply; None if nothing is."""
        return self._tap or self._list

    def headers(self) -> tuple[RawHeader, ...]:
        """Return what to add to the reply's head, as far as it is known by now."""
        with contextlib.suppress(Exception):
            return self._ticket.headers if self._ticket is not None else ()
        return ()

    # -- the record --------------------------------------------------------------------------------------

    @property
    def weight(self) -> int:
        """Bytes that have still to be parsed."""
        return (self._tap.tell(lambda observer: observer.weight) or 0) if self._tap is not None else 0

    @property
    def unmetered(self) -> str | None:
        """Why the exchange could not be read, None if it could; `fault` is a defect of ours."""
        tap = self._tap
        if tap is None:
            return "api" if self._errand.api.billed else None
        reason = tap.tell(lambda observer: observer.unmetered)
        return "fault" if tap.broken else reason

    @property
    def request(self) -> ChatRequest | None:
        """What was asked for; None if it could not be read."""
        return self._tap.tell(lambda observer: observer.request) if self._tap is not None else None

    @property
    def request_text(self) -> bytes | None:
        """The decoded request; None if it was not kept."""
        return self._tap.tell(lambda observer: observer.request_text) if self._tap is not None else None

    @property
    def placement(self) -> Placement | None:
        """Where the request stands in its conversation, as far as it is known by now."""
        with contextlib.suppress(Exception):
            return self._ticket.placement if self._ticket is not None else None
        return None

    @property
    def retry_count(self) -> int | None:
        """How many attempts the client says came before this one; None: it does not say."""
        said = self._head.value(b"x-stainless-retry-count")
        return int(said) if said.isdigit() and len(said) < _MOST_DIGITS else None

    @property
    def caller(self) -> bytes:
        """The digest of the API key."""
        return self._instruments.caller_of(self._head.api_key)

    def rate(self, headers: Sequence[RawHeader], *, status: int | None, at: float) -> RateWord:
        """Return what a reply's headers say about limits; `at` is when they came, seconds since the epoch."""
        if status is None:
            return NO_WORD
        try:
            values = ClientHead(headers).values
            return rate_word(values, status=status, dialect=self._errand.upstream.settings.dialect, now=at)
        except Exception:  # noqa: BLE001  # a defect of ours must not cost the record
            return NO_WORD

    def reply(self, at: float) -> ChatReply | None:
        """Return what the reply said until `at` (monotonic seconds), parsing what has not been parsed yet."""
        dialect = self._errand.upstream.settings.dialect
        return self._tap.tell(lambda observer: observer.facts(dialect, at)) if self._tap is not None else None

    def learn(self) -> None:
        """Let the desk learn what a whole reply states, if it is a list of models; in its thread, for they are rare."""
        models = self._list
        if models is None:
            return
        with contextlib.suppress(Exception):
            self._instruments.desk.learn(
                self._errand.upstream.name,
                lambda: models.tell(lambda observer: observer.windows()) or {},
                heavy=True,
            )

    def finish(self, make: Callable[[], Exchange]) -> None:
        """Hand the exchange in that `make` returns."""
        heavy = self._heavy or self.weight > PARSED_ON_LOOP
        with contextlib.suppress(Exception):
            self._instruments.desk.finish(make, exchange=self._errand.id, heavy=heavy)
