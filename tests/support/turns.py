"""Finished exchanges and turns, for tests of what is made of them."""

from typing import Any

from costproxy.meter import Meter
from costproxy.model import ChatReply, Ending, Exchange, Timing, Turn, Usage

USAGE = Usage(input=9, output=2)
COMPLETE = ChatReply(model="gpt-4o", finish_reasons=("stop",), usage=USAGE, complete=True, streamed=True)


def exchange(**facts: Any) -> Exchange:
    """Return a chat that went well on upstream `default`, of 9 prompt and 2 completion tokens, but for `facts`."""
    return Exchange(
        **{
            "id": "0123456789abcdef",
            "upstream": "default",
            "dialect": "openai",
            "api": "chat",
            "app": None,
            "method": "POST",
            "status": 200,
            "ending": Ending.COMPLETE,
            "timing": Timing(started=0.0, ended=1.0),
            "started_at": 0.0,
            "reply": COMPLETE,
            **facts,
        }
    )


def turn(**facts: Any) -> Turn:
    """Return what the meter makes of such an exchange."""
    return Meter().turn(exchange(**facts))
