"""The log: one canonical line per exchange, made of an allow-list of facts."""

import logging
import sys
import time
from collections.abc import Callable
from typing import Any, TextIO

import structlog

from costproxy.model import Cost, Outcome, StormEvent, Turn
from costproxy.recording.labels import NONE, clean
from costproxy.recording.log_conversations import Firsts, context_warnings, conversation_facts, dollars, mistakes_of
from costproxy.recording.log_rates import Seldom, rejection_facts, rejection_warnings, storm_event
from costproxy.recording.log_writer import LogWriter

_LEVELS = {
    Outcome.UPSTREAM_ERROR: logging.WARNING,
    Outcome.UPSTREAM_TIMEOUT: logging.WARNING,
    Outcome.UPSTREAM_TRUNCATED: logging.WARNING,
    Outcome.RATE_LIMITED: logging.WARNING,
    Outcome.CONTEXT_EXCEEDED: logging.WARNING,
    Outcome.PROXY_ERROR: logging.ERROR,
}

_HOUR = 3600.0
_MOST_MODELS = 1000


class Log:
    """The process's structured log. What is written are our own words, numbers and cleaned names."""

    def __init__(
        self,
        *,
        level: str,
        form: str,
        on_drop: Callable[[], None],
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        stream = stream if stream is not None else sys.stdout
        console = form == "console" or (form == "auto" and stream.isatty())
        renderer: Any = structlog.dev.ConsoleRenderer() if console else structlog.processors.JSONRenderer()
        self._clock = clock
        self._said_unpriced: dict[str, float] = {}  # model -> when, monotonic seconds
        self._first_mistakes = Firsts()
        self._rejections = Seldom()
        self._writer = LogWriter(stream, on_drop)
        self._logger = structlog.wrap_logger(
            self._writer,
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                renderer,
            ],
            wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        )

    def event(self, event: str, **facts: object) -> None:
        """Write an event of the process itself."""
        self._logger.info(event, **facts)

    def calmed(self, owner: str, upstream: str) -> None:
        """Write that a retry storm has passed in silence."""
        event, facts = storm_event(StormEvent.ENDED, owner=owner, upstream=upstream)
        self._logger.warning(event, **facts)

    def warning(self, event: str, **facts: object) -> None:
        """Write an event of the process itself that somebody should look at."""
        self._logger.warning(event, **facts)

    def record(self, turn: Turn) -> None:
        """Write the canonical line of a turn, and what it is a warning of."""
        self._logger.log(_LEVELS.get(turn.outcome, logging.INFO), "exchange", **line_of(turn))
        if turn.cost is not None and turn.cost.total is None and turn.usage is not None:
            self._say_unpriced(turn, turn.cost)
        for event, facts in rejection_warnings(turn, self._rejections, self._clock):
            self._logger.warning(event, **_known(facts))
        if turn.standing is not None:
            for facts in context_warnings(turn):
                self._logger.warning("context_warning", **_known(facts))
            for facts in mistakes_of(turn, self._first_mistakes):
                self._logger.warning("mistake", **_known(facts))

    def _say_unpriced(self, turn: Turn, cost: Cost) -> None:
        """Say once an hour that a model has no price."""
        model, now = clean(turn.model or NONE), self._clock()
        said = self._said_unpriced.get(model)
        if said is not None and now - said < _HOUR:
            return
        if len(self._said_unpriced) >= _MOST_MODELS:
            self._said_unpriced.clear()
        self._said_unpriced[model] = now
        facts = {"upstream": turn.exchange.upstream, "model": model, "reason": clean(cost.reason or "")}
        self._logger.warning("unpriced", **facts)

    def close(self) -> None:
        """Write what still waits."""
        self._writer.close()


def line_of(turn: Turn) -> dict[str, object]:
    """Return the facts of a turn that are logged; what is not known is left out."""
    exchange, timing = turn.exchange, turn.exchange.timing
    facts: dict[str, object] = {
        "exchange": exchange.id,
        "upstream": exchange.upstream,
        "api": exchange.api,
        "app": exchange.app and clean(exchange.app),
        "method": clean(exchange.method),
        "status": exchange.status,
        "outcome": turn.outcome.value,
        "ending": exchange.ending.value,
        "refusal": exchange.refusal,
        "model": turn.model and clean(turn.model),
        "duration_ms": _ms(timing.duration),
        "upstream_wait_ms": _ms(_between(timing.sent, timing.replied)),
        "overhead_ms": _ms(timing.overhead),
        "request_bytes": exchange.bytes_in,
        "response_bytes": exchange.bytes_out,
        "unmetered": exchange.unmetered,
        "limit_reason": turn.limit_reason,
        "usage_missing": turn.usage_missing,
        "usage_asked_for": exchange.injected or None,
        **_request_facts(turn),
        **_reply_facts(turn),
        **_cost_facts(turn.cost),
        **rejection_facts(turn),
        **conversation_facts(turn),
    }
    return _known(facts)


def _known(facts: dict[str, object]) -> dict[str, object]:
    return {name: fact for name, fact in facts.items() if fact is not None}


def _request_facts(turn: Turn) -> dict[str, object]:
    request = turn.exchange.request
    if request is None:
        return {}
    return {"stream": request.stream, "messages": request.messages, "tools": request.tools}


def _reply_facts(turn: Turn) -> dict[str, object]:
    reply = turn.exchange.reply
    if reply is None:
        return {}
    facts: dict[str, object] = {
        "finish_reason": ",".join(clean(reason) for reason in reply.finish_reasons) or None,
        "error": reply.error.kind if reply.error else None,
        "first_token_ms": _ms(_between(turn.exchange.timing.started, reply.first_token_at)),
    }
    usage = turn.usage
    if usage is not None:
        facts |= {"prompt_tokens": usage.prompt, "completion_tokens": usage.completion}
        facts |= {f"{kind}_tokens": count for kind, count in usage.by_kind() if count}
        facts |= {"usage_quality": usage.quality.value, "anomalies": ",".join(usage.anomalies) or None}
    return facts


def _cost_facts(cost: Cost | None) -> dict[str, object]:
    if cost is None:
        return {}
    facts: dict[str, object] = {"cost_source": cost.source.value, "cost_quality": cost.quality.value}
    if cost.total is not None:
        facts["cost_usd"] = dollars(cost.total)
    if cost.price is not None:
        facts["price_row"] = cost.price.row
    return facts


def _between(start: float | None, end: float | None) -> float | None:
    return max(0.0, end - start) if start is not None and end is not None else None


def _ms(seconds: float | None) -> float | None:
    return round(seconds * 1000, 3) if seconds is not None else None
