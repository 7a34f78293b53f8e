"""The nouns that every room speaks."""

from costproxy.model.chat import ChatReply, ChatRequest, ReplyError, SeenText
from costproxy.model.conversation import (
    Asked,
    CacheMiss,
    Change,
    ContextUse,
    Foresight,
    LimitSource,
    Mistake,
    MistakeKind,
    Outlook,
    Part,
    Placement,
    Region,
    Standing,
    Totals,
    Verdict,
    Weights,
)
from costproxy.model.exchange import Ending, Exchange, Timing
from costproxy.model.limits import Limits
from costproxy.model.money import Cost, CostQuality, CostSource, not_billed
from costproxy.model.prompt import NO_CLAIM, Claim, IdentitySource, JsonText, Prompt, ReplyCall, ReplyMessage
from costproxy.model.rates import NO_WORD, Failure, Quota, RateStanding, RateWord, Resource, StormEvent, Window
from costproxy.model.turn import Outcome, Turn
from costproxy.model.usage import TokenKind, Usage, UsageQuality

__all__ = [
    "NO_CLAIM",
    "NO_WORD",
    "Asked",
    "CacheMiss",
    "Change",
    "ChatReply",
    "ChatRequest",
    "Claim",
    "ContextUse",
    "Cost",
    "CostQuality",
    "CostSource",
    "Ending",
    "Exchange",
    "Failure",
    "Foresight",
    "IdentitySource",
    "JsonText",
    "LimitSource",
    "Limits",
    "Mistake",
    "MistakeKind",
    "Outcome",
    "Outlook",
    "Part",
    "Placement",
    "Prompt",
    "Quota",
    "RateStanding",
    "RateWord",
    "Region",
    "ReplyCall",
    "ReplyError",
    "ReplyMessage",
    "Resource",
    "SeenText",
    "Standing",
    "StormEvent",
    "Timing",
    "TokenKind",
    "Totals",
    "Turn",
    "Usage",
    "UsageQuality",
    "Verdict",
    "Weights",
    "Window",
    "not_billed",
]
