"""Tokens of exchanges whose provider did not say."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from costproxy.errors import WireError
from costproxy.model import Exchange, Usage, UsageQuality
from costproxy.tokens.calibration import CalibrationKey, Calibrators
from costproxy.tokens.estimate import Anchor, best, of_body
from costproxy.tokens.prompt_count import Count
from costproxy.tokens.prompt_counter import PromptCounter
from costproxy.tokens.reply import SeenReply
from costproxy.wire import jsontext

# Each bill of a key is learnt from until it has had so many, then one in so many: counting costs more than metering.
_LEARNT_FIRST = 20
_LEARNT_THEN = 50
_CHARS_PER_TOKEN = 4
_MOST_KEYS = 1000


class Estimator:
    """Counts prompts and replies in the calling thread, and learns from bills how far off it is."""

    def __init__(self, counter: PromptCounter, calibrators: Calibrators) -> None:
        self._counter = counter
        self._calibrators = calibrators
        self._bills: dict[CalibrationKey, int] = {}
        self._needed = False

    def __repr__(self) -> str:
        return f"<Estimator {self._counter!r} {self._calibrators!r}>"

    def prompt(self, exchange: Exchange, *, billed_before: int | None = None) -> int | None:
        """Return the prompt tokens that a request is estimated at, None if that cannot be told.

        `billed_before` is what its known messages were billed at, where its conversation tells.
        """
        request = _decoded(exchange)
        if request is None:
            size = len(exchange.request_text or b"") or exchange.bytes_in
            return of_body(size).tokens if size else None
        count = self._counter.count_waiting(request, _model(exchange))
        anchor = self._anchor(exchange, request, billed_before)
        return best(count, anchor=anchor, calibrator=self._calibrators.get(_key(exchange))).tokens

    def _anchor(self, exchange: Exchange, request: Mapping[str, Any], billed: int | None) -> Anchor | None:
        messages, known = request.get("messages"), exchange.placement.known_messages if exchange.placement else 0
        if billed is None or not isinstance(messages, list):
            return None
        before = self._counter.count_waiting({**request, "messages": messages[:known]}, _model(exchange))
        return Anchor(billed=billed, count=before)

    def usage(self, exchange: Exchange, *, billed_before: int | None = None) -> Usage | None:
        """Return estimated usage for an exchange without any, None if nothing can be told."""
        self._needed = True
        begun = exchange.reply.begun if exchange.reply else None
        if begun is not None:
            return replace(begun, output=self._output(exchange), quality=UsageQuality.ESTIMATED, anomalies=())
        prompt = self.prompt(exchange, billed_before=billed_before)
        if prompt is None:
            return None
        return Usage(input=prompt, output=self._output(exchange), quality=UsageQuality.ESTIMATED)

    def wants(self, exchange: Exchange) -> bool:
        """Tell whether the bill of an exchange is one to learn from, and its turn has come.

        Where no usage was ever missing nothing is learnt: most deployments need no estimates, and so no vocabulary.
        """
        usage = exchange.reply.usage if exchange.reply else None
        if not self._needed or usage is None or usage.quality is not UsageQuality.EXACT:
            return False
        if exchange.request_text is None:
            return False
        key = _key(exchange)
        if len(self._bills) >= _MOST_KEYS:
            self._bills.clear()
        bills = self._bills[key] = self._bills.get(key, 0) + 1
        return bills <= _LEARNT_FIRST or bills % _LEARNT_THEN == 0

    def learn(self, exchange: Exchange) -> None:
        """Learn from the bill of an exchange."""
        count = self._count(exchange)
        usage = exchange.reply.usage if exchange.reply else None
        if count is not None and usage is not None:
            self._calibrators.learn(_key(exchange), count, billed=usage.prompt)

    def _count(self, exchange: Exchange) -> Count | None:
        request = _decoded(exchange)
        if request is None:
            return None
        return self._counter.count_waiting(request, _model(exchange))

    def _output(self, exchange: Exchange) -> int:
        seen = exchange.reply.seen if exchange.reply else None
        if seen is None:
            return 0
        whole = SeenReply(texts=seen.texts, calls=(seen.calls,) if seen.calls else ())
        return self._counter.count_reply_waiting(whole, _model(exchange)).tokens + seen.beyond // _CHARS_PER_TOKEN


def _model(exchange: Exchange) -> str:
    served = exchange.reply.model if exchange.reply else None
    asked = exchange.request.model if exchange.request else None
    return served or asked or ""


def _key(exchange: Exchange) -> CalibrationKey:
    tools = exchange.request.tools if exchange.request else None
    return CalibrationKey(provider=exchange.dialect, model=_model(exchange), has_tools=bool(tools))


def _decoded(exchange: Exchange) -> Mapping[str, Any] | None:
    """Return the request, None if it was not kept or cannot be read."""
    try:
        return jsontext.decode_object(exchange.request_text or b"")
    except WireError:
        return None
