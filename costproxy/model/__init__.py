"""The nouns that every room speaks."""

from costproxy.model.chat import ChatReply, ChatRequest, ReplyError, SeenText
from costproxy.model.exchange import Ending, Exchange, Timing
from costproxy.model.money import Cost, CostQuality, CostSource, not_billed
from costproxy.model.turn import Outcome, Turn
from costproxy.model.usage import TokenKind, Usage, UsageQuality

__all__ = [
    "ChatReply",
    "ChatRequest",
    "Cost",
    "CostQuality",
    "CostSource",
    "Ending",
    "Exchange",
    "Outcome",
    "ReplyError",
    "SeenText",
    "Timing",
    "TokenKind",
    "Turn",
    "Usage",
    "UsageQuality",
    "not_billed",
]
