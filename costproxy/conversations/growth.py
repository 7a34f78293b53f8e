"""What a request added to its conversation, and what it merely sent again: tokens, dollars and kinds of content."""

from collections.abc import Mapping
from dataclasses import dataclass

from costproxy.conversations.spread import part_of, spread
from costproxy.conversations.step import Step
from costproxy.model import Cost, Part, Placement, TokenKind, Usage, UsageQuality, Verdict, Weights
from costproxy.model.money import OTHER
from costproxy.model.usage import PROMPT_KINDS

REPEATS = frozenset({Verdict.RETRY, Verdict.DUPLICATE, Verdict.REGENERATE})  # the last request once more
_READS = (TokenKind.CACHE_READ, TokenKind.AUDIO_CACHE_READ)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """A prompt that was billed or estimated, and by whose measure."""

    prompt: int  # tokens
    weight: int  # of the same prompt, see `Weights`
    step: int
    estimated: bool  # our count, not the provider's with or without our count of what came since
    upstream: str
    model: str | None

    def measured_like(self, other: "Bill") -> bool:
        """Tell whether the difference of both counts means anything: the same vocabulary, counted by the same."""
        mine = (self.estimated, self.upstream, self.model)
        return mine == (other.estimated, other.upstream, other.model)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """How much of a prompt leads it and was sent before, by weight."""

    extends: bool  # the previous request, whole
    common: int
    whole: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Resent:
    """Prompt tokens that had been sent before."""

    tokens: int
    apportioned: bool = False  # told from estimated sizes; False: from two bills


@dataclass(slots=True)
class Growth:
    """What was billed last in a conversation, which tells what is new in the next bill."""

    bill: Bill | None = None
    unbilled: Lead | None = None  # of a request since then that nothing was billed for, against `bill`

    def settle(self, bill: Bill, placement: Placement) -> Resent:
        """Enter a bill and return how many of its prompt tokens had been sent, and billed, before."""
        resent = self._resent(bill, placement)
        self.bill, self.unbilled = bill, None
        return resent

    def skip(self, placement: Placement) -> None:
        """Enter a request that nothing was billed for: what follows it is compared with what came before it."""
        self.unbilled = self._lead(placement)

    def expect(self, placement: Placement) -> int | None:
        """Return the prompt tokens that a request will be billed; None without a bill to go by.

        What came since the last bill is added by its weight, a unit of which is about a token: what providers add
        themselves, and what the weights miss, is in the bill already. A shorter prompt is a share of it.
        """
        bill, weight = self.bill, placement.weights.whole
        if bill is None or bill.weight <= 0 or weight <= 0:
            return None
        if weight >= bill.weight:
            return bill.prompt + weight - bill.weight
        return part_of(bill.prompt, weight, bill.weight)

    def _resent(self, bill: Bill, placement: Placement) -> Resent:
        last = self.bill
        if last is None:
            return Resent(tokens=0)  # nothing was billed before, whatever was sent
        repeated = placement.verdict in REPEATS and placement.step <= last.step
        if repeated or placement.verdict is Verdict.NEW:  # a duplicate may be answered before what it repeats
            return Resent(tokens=bill.prompt)
        lead = self._lead(placement)
        if lead.extends and (bill.measured_like(last) or lead.whole <= 0):
            return Resent(tokens=min(bill.prompt, last.prompt))
        return Resent(tokens=part_of(bill.prompt, lead.common, lead.whole), apportioned=True)

    def _lead(self, placement: Placement) -> Lead:
        weights, gap = placement.weights, self.unbilled
        if placement.verdict in REPEATS:
            return gap or Lead(extends=True, common=weights.common, whole=weights.whole)
        if placement.extends and gap is not None:
            return Lead(extends=gap.extends, common=gap.common, whole=weights.whole)
        return Lead(extends=placement.extends, common=weights.common, whole=weights.whole)


def bill_of(usage: Usage, step: Step) -> Bill:
    """Return the bill of a request's usage."""
    placement = step.placement
    return Bill(
        prompt=usage.prompt,
        weight=placement.weights.whole,
        step=placement.step,
        estimated=usage.quality is UsageQuality.ESTIMATED and not step.anchored,
        upstream=step.upstream,
        model=step.model,
    )


def composition(prompt: int, weights: Weights) -> Mapping[Part, int]:
    """Return the prompt tokens by what they are, adding up to `prompt`; empty where nothing tells."""
    return spread(prompt, weights.by_part)


def split_cost(cost: Cost | None, usage: Usage, resent: int) -> tuple[int | None, int | None]:
    """Return what the new prompt tokens cost and what the resent ones did, p$; both None where that is unknown.

    They add up to the cost of the prompt. What a cache served leads the prompt, so it is resent first; other tokens
    cost the same whether they are new or not.
    """
    if cost is None or cost.total is None or (cost.total and set(cost.parts) == {OTHER}):
        return None, None
    prompt, reads = usage.prompt, sum(getattr(usage, kind) for kind in _READS)
    whole_cost = sum(cost.parts.get(kind, 0) for kind in PROMPT_KINDS)
    read_cost = sum(cost.parts.get(kind, 0) for kind in _READS) if reads else 0
    read_again = min(reads, resent)
    others = prompt - reads
    resent_cost = part_of(read_cost, read_again, reads) + part_of(whole_cost - read_cost, resent - read_again, others)
    return whole_cost - resent_cost, resent_cost
