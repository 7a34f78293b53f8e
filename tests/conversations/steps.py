"""Placements and steps for the tests of what a conversation comes to."""

from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import Any

from costproxy.conversations.account import Account, Step
from costproxy.conversations.rates import Rates
from costproxy.model import (
    Cost,
    CostQuality,
    CostSource,
    IdentitySource,
    Limits,
    LimitSource,
    Part,
    Placement,
    Standing,
    Usage,
    Verdict,
    Weights,
)

RATES = Rates.per_million(input="5", output="15", read="0.5", write="6.25")


def weights(whole: int, common: int = 0) -> Weights:
    return Weights(common=common, by_part=MappingProxyType({Part.USER: whole}))


def placement(number: int = 1, **changes: Any) -> Placement:
    facts: dict[str, Any] = {
        "conversation": "0123456789abcdef",
        "verdict": Verdict.NEW if number == 1 else Verdict.CONTINUE,
        "source": IdentitySource.MESSAGES,
        "turn": number,
        "step": number,
        "messages": 2 * number - 1,
        "known_messages": max(0, 2 * number - 2),
        "extends": number > 1,
        "weights": Weights(common=0),
    }
    return Placement(**facts | changes)


def step(number: int = 1, usage: Usage | None = None, *, at: float = 0.0, **changes: Any) -> Step:
    facts: dict[str, Any] = {
        "placement": placement(number),
        "at": at,
        "upstream": "openai",
        "model": "gpt-4o",
        "usage": usage,
        "cost": computed(usage) if usage else None,
        "price": RATES,
    }
    return Step(**facts | changes)


def computed(usage: Usage, price: Callable[[Usage], int] = RATES) -> Cost:
    alone: dict[str, Any] = {kind.value: count for kind, count in usage.by_kind() if count}
    parts = {kind: price(Usage(**{kind: count})) for kind, count in alone.items()}
    return Cost(
        total=sum(parts.values()), parts=parts, source=CostSource.CATALOGUE, quality=CostQuality.EXACT, computed=None
    )


def settled(
    prompts: Sequence[int], *, window: int | None = None, account: Account | None = None, **changes: Any
) -> list[Standing]:
    """Settle prompts that each extend the one before; `window` counts prompt tokens that fit."""
    account = account or Account(0.0)
    known = LimitSource.SETTINGS if window else None
    limits = Limits(max_input=window)
    return [
        account.settle(
            step(
                number, Usage(input=prompt, output=200), limits=limits, limit_source=known, at=float(number), **changes
            )
        )
        for number, prompt in enumerate(prompts, 1)
    ]
