"""Turns that stand in a conversation, for tests of what is made of them."""

from dataclasses import replace
from typing import Any

from costproxy.model import (
    ChatReply,
    ContextUse,
    Cost,
    CostQuality,
    CostSource,
    IdentitySource,
    LimitSource,
    Outlook,
    Part,
    Placement,
    Standing,
    Totals,
    Turn,
    Usage,
    Verdict,
    Weights,
)
from tests.support.turns import turn

ID = "00112233aabbccdd"
USAGE = Usage(input=300, cache_read=700, output=50)
REPLY = ChatReply(model="m", usage=USAGE, finish_reasons=("stop",), complete=True)
COST = Cost(
    total=4_000,
    parts={"input": 1_500, "cache_read": 500, "output": 2_000},
    source=CostSource.CATALOGUE,
    quality=CostQuality.EXACT,
    computed=4_000,
)
CONTEXT = ContextUse(used=1000, usable=2000, source=LimitSource.CATALOGUE)


def placement(**facts: Any) -> Placement:
    """Return the second turn of a conversation, which extends the first, but for `facts`."""
    return Placement(
        **{
            "conversation": ID,
            "verdict": Verdict.CONTINUE,
            "source": IdentitySource.MESSAGES,
            "turn": 2,
            "step": 3,
            "messages": 7,
            "known_messages": 6,
            "extends": True,
            "weights": Weights(common=900, by_part={Part.USER: 1000}),
            **facts,
        }
    )


def standing(placed: Placement | None = None, **facts: Any) -> Standing:
    """Return where a prompt of 1000 tokens stands, 200 of them new, but for `facts`."""
    return Standing(
        **{
            "placement": placed or placement(),
            "new": 200,
            "resent": 800,
            "new_cost": 1_000,
            "resent_cost": 1_000,
            "composition": {Part.SYSTEM: 100, Part.USER: 300, Part.ASSISTANT: 600, Part.IMAGES: 0},
            "context": CONTEXT,
            "outlook": Outlook(turns_left=5, confident=True, next_turn_cost=5_000_000_000),
            "totals": Totals(requests=2, prompt=1750, new=1000, completion=100),
            **facts,
        }
    )


def standing_turn(stands: Standing | None = None, cost: Cost | None = COST, **facts: Any) -> Turn:
    """Return a turn of a conversation; `facts` are those of its exchange."""
    return replace(turn(**{"reply": REPLY, "app": "shop", **facts}), cost=cost, standing=stands or standing())
