"""The account of one conversation: what it has come to, in memory that does not grow with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import isfinite
from types import MappingProxyType
from typing import Any, Self

import msgspec

from costproxy.conversations.burn import Burn
from costproxy.conversations.cache import PromptCache
from costproxy.conversations.context import context_use, crossed
from costproxy.conversations.forecast import Forecast, Left
from costproxy.conversations.growth import REPEATS, Bill, Growth, bill_of, composition, split_cost
from costproxy.conversations.spread import spread
from costproxy.conversations.step import Price, Step, no_price
from costproxy.model import (
    ContextUse,
    Mistake,
    MistakeKind,
    Outlook,
    Part,
    Placement,
    Standing,
    Totals,
    Usage,
    UsageQuality,
    Verdict,
)
from costproxy.model.usage import PROMPT_KINDS

__all__ = ["Account", "Event", "Price", "Step", "no_price"]

MOST_EVENTS = 16

# How providers say that a reply ended at the limit of its length, in small letters. Sources: the API references of
# OpenAI (chat and Responses), Anthropic, Google and Mistral.
_CUT = frozenset({"length", "max_tokens", "max_output_tokens", "model_length", "model_context_window_exceeded"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something worth telling of a conversation: a mistake, or a threshold that was crossed."""

    step: int
    at: float  # seconds since the epoch, UTC
    mistake: Mistake | None = None
    threshold: int | None = None  # percent


@dataclass(slots=True)
class _State:
    """All that an account keeps, in types that turn into plain values and back."""

    at: float
    totals: Totals = field(default_factory=Totals)
    growth: Growth = field(default_factory=Growth)
    forecast: Forecast = field(default_factory=Forecast)
    foretold: Bill | None = None  # the last bill that the forecast is told from
    burn: Burn = field(default_factory=Burn)
    cache: PromptCache = field(default_factory=PromptCache)
    usage: Usage | None = None  # the last
    context: ContextUse | None = None  # the last, None after one without a known limit
    left: Left = field(default_factory=Left)
    warned: int = 0
    missed: int = 0
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Billed:
    """What a bill tells of a request, as `Standing` has it."""

    new: int | None = None
    resent: int | None = None
    apportioned: bool = False
    new_cost: int | None = None
    resent_cost: int | None = None
    composition: Mapping[Part, int] = field(default_factory=lambda: MappingProxyType({}))
    context: ContextUse | None = None


_NOT_BILLED = _Billed()


class Account:
    """What a conversation has come to; one per conversation, settled once per request that is over.

    It has no lock of its own: whoever keeps it settles one request at a time.
    """

    __slots__ = ("_state",)

    def __init__(self, at: float, state: _State | None = None) -> None:
        """Open an account at `at`, in seconds since the epoch."""
        self._state = state or _State(at=at)

    @property
    def totals(self) -> Totals:
        """What all requests so far add up to."""
        return self._state.totals

    @property
    def ratio(self) -> float | None:
        """How full the window was with the last prompt; None: no limit is known."""
        return None if self._state.context is None else self._state.context.ratio

    @property
    def weight(self) -> int:
        """The estimated tokens of the last prompt that was billed; 0: none was."""
        return self._state.growth.bill.weight if self._state.growth.bill else 0

    @property
    def context(self) -> ContextUse | None:
        """The window with the last prompt in it; None: no limit is known."""
        return self._state.context

    @property
    def growth(self) -> float | None:
        """Tokens by which the prompt grows from one request to the next, of late; None: one is too few to tell."""
        return self._state.forecast.growth

    @property
    def left(self) -> Left:
        """What fits into the rest of the window."""
        return self._state.left

    @property
    def turns_left(self) -> int | None:
        """How many turns fit into the rest of the window; None: nothing tells."""
        return self._state.left.turns

    @property
    def warned(self) -> int:
        """The highest threshold that was crossed, percent; 0: none."""
        return self._state.warned

    @property
    def missed_tokens(self) -> int:
        """Prompt tokens that the provider's cache should have held and did not, through no change in the prompts."""
        return self._state.missed

    @property
    def events(self) -> tuple[Event, ...]:
        """The last mistakes and warnings, oldest first, at most 16."""
        return self._state.events

    def settle(self, step: Step) -> Standing:
        """Enter a request that is over and return where the conversation stands; odd values raise nothing."""
        state, placement = self._state, step.placement
        step = step if isfinite(step.at) else replace(step, at=state.at)
        state.at = max(state.at, step.at)
        found = state.cache.settle(step)
        mistakes = (*placement.mistakes, *_told_by_reply(step), *((found.broken,) if found.broken else ()))
        billed = self._billed(step, step.usage) if step.usage else self._unbilled(step)
        self._count(step, billed, len(mistakes))
        over = crossed(billed.context, step.thresholds, state.warned)
        state.warned = max((state.warned, *over))
        self._note(step, mistakes, over)
        state.missed += found.miss.tokens if found.miss else 0
        return Standing(
            placement=placement,
            new=billed.new,
            resent=billed.resent,
            apportioned=billed.apportioned,
            new_cost=billed.new_cost,
            resent_cost=billed.resent_cost,
            composition=billed.composition,
            context=billed.context,
            crossed=over,
            outlook=self.outlook(at=state.at, price=step.price),
            totals=state.totals,
            mistakes=mistakes,
            cache_miss=found.miss,
        )

    def outlook(self, *, at: float, price: Price = no_price) -> Outlook:
        """Return what is expected of the conversation as of a time."""
        state = self._state
        return Outlook(
            turns_left=state.left.turns,
            confident=state.left.confident,
            next_turn_cost=self._next_cost(price),
            burn_rate=state.burn.per_hour(at),
        )

    def expected_prompt(self, placement: Placement) -> int | None:
        """Return the prompt tokens that a request will be billed, told from the last bill; None without one."""
        return self._state.growth.expect(placement)

    def billed_before(self, placement: Placement) -> int | None:
        """Return what the messages that a request goes on from were billed at, in tokens, its last reply included.

        None unless the request is the last billed one and its reply, unchanged, and what came since.
        """
        bill, usage = self._state.growth.bill, self._state.usage
        if (
            bill is None
            or usage is None
            or usage.quality is UsageQuality.ESTIMATED
            or self._state.growth.unbilled is not None
        ):
            return None
        if placement.verdict is not Verdict.CONTINUE or not placement.extends or bill.step != placement.step - 1:
            return None
        return bill.prompt + usage.completion - usage.reasoning

    def state(self) -> dict[str, Any]:
        """Return all of it as plain values that JSON can carry."""
        plain: dict[str, Any] = msgspec.to_builtins(self._state)
        return plain

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Self:
        """Return the account whose `state` this was.

        Raises:
            ValueError: it is no such state.
        """
        restored = msgspec.convert(dict(state), _State)
        return cls(restored.at, restored)

    def _billed(self, step: Step, usage: Usage) -> _Billed:
        state, placement = self._state, step.placement
        bill = bill_of(usage, step)
        resent = state.growth.settle(bill, placement)
        new_cost, resent_cost = split_cost(step.cost, usage, resent.tokens)
        self._forecast(step, usage, bill)
        state.usage = usage
        held = bill.prompt if step.context is None else step.context
        state.context = context_use(held, step.limits, step.limit_source, step.requested_output)
        state.left = state.forecast.left(held, state.context.usable) if state.context else Left()
        return _Billed(
            new=bill.prompt - resent.tokens,
            resent=resent.tokens,
            apportioned=resent.apportioned,
            new_cost=new_cost,
            resent_cost=resent_cost,
            composition=composition(bill.prompt, placement.weights),
            context=state.context,
        )

    def _unbilled(self, step: Step) -> _Billed:
        state = self._state
        state.growth.skip(step.placement)
        if step.refused is None:
            return _NOT_BILLED
        fits = step.limits.usable(step.requested_output) or 0
        state.context = context_use(max(step.refused, fits), step.limits, step.limit_source, step.requested_output)
        state.left = Left(turns=0, confident=True) if state.context else Left()
        return _Billed(context=state.context)

    def _forecast(self, step: Step, usage: Usage, bill: Bill) -> None:
        """Enter the prompt into the forecast; an estimate among bills is none of its points."""
        state, placement = self._state, step.placement
        state.forecast.answered(usage.completion)
        if state.foretold is not None and not bill.measured_like(state.foretold):
            if bill.estimated:
                return
            state.forecast.forget()
        state.foretold = bill
        if placement.verdict not in REPEATS or placement.step not in state.forecast.steps:
            state.forecast.add(step=placement.step, prompt=bill.prompt if step.context is None else step.context)

    def _count(self, step: Step, billed: _Billed, mistakes: int) -> None:
        state, totals, usage = self._state, self._state.totals, step.usage
        cost = step.cost.total if step.cost is not None else None
        counted = usage is not None or step.accepted
        if cost is not None:
            state.burn.spend(cost, state.at)
        state.totals = Totals(
            requests=totals.requests + (usage is not None),
            prompt=totals.prompt + (billed.new or 0) + (billed.resent or 0),
            new=totals.new + (billed.new or 0),
            completion=totals.completion + (usage.completion if usage else 0),
            cost=totals.cost + (cost or 0),
            unknown_costs=totals.unknown_costs + (counted and cost is None),
            mistakes=totals.mistakes + mistakes,
        )

    def _note(self, step: Step, mistakes: tuple[Mistake, ...], over: tuple[int, ...]) -> None:
        if not mistakes and not over:
            return
        at, number = self._state.at, step.placement.step
        told = (Event(step=number, at=at, mistake=mistake) for mistake in mistakes)
        reached = (Event(step=number, at=at, threshold=percent) for percent in over)
        self._state.events = (*self._state.events, *told, *reached)[-MOST_EVENTS:]

    def _next_cost(self, price: Price) -> int | None:
        """Return what the next request will cost if caching goes on as in the last, p$; None: nothing tells."""
        usage, forecast = self._state.usage, self._state.forecast
        reply = forecast.next_reply()
        if usage is None or reply is None:
            return None
        prompt = forecast.next_prompt(usage.prompt) or usage.prompt + usage.completion - usage.reasoning
        kinds: dict[str, Any] = spread(prompt, {kind.value: getattr(usage, kind) for kind in PROMPT_KINDS})
        return price(Usage(output=reply, quality=UsageQuality.ESTIMATED, **kinds))


def _told_by_reply(step: Step) -> tuple[Mistake, ...]:
    cut = any(reason.lower() in _CUT for reason in step.finish_reasons)
    return (Mistake(kind=MistakeKind.CUT_BY_LENGTH),) if cut else ()
