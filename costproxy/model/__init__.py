"""The nouns that every room speaks."""

from costproxy.model.chat import ChatReply, ChatRequest, ReplyError
from costproxy.model.exchange import Ending, Exchange, Timing
from costproxy.model.turn import Outcome, Turn
from costproxy.model.usage import TokenKind, Usage, UsageQuality

__all__ = [
    "ChatReply",
    "ChatRequest",
    "Ending",
    "Exchange",
    "Outcome",
    "ReplyError",
    "Timing",
    "TokenKind",
    "Turn",
    "Usage",
    "UsageQuality",
]
