"""The nouns that every room speaks."""

from costproxy.model.chat import ChatReply, ChatRequest, ReplyError, SeenText
from costproxy.model.conversation import (
    Asked,
    Change,
    ContextUse,
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
from costproxy.model.turn import Outcome, Turn
from costproxy.model.usage import TokenKind, Usage, UsageQuality

__all__ = [
    "NO_CLAIM",
    "Asked",
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
    "Region",
    "ReplyCall",
    "ReplyError",
    "ReplyMessage",
    "SeenText",
    "Standing",
    "Timing",
    "TokenKind",
    "Totals",
    "Turn",
    "Usage",
    "UsageQuality",
    "Verdict",
    "Weights",
    "not_billed",
]
