"""The turns of a running proxy, as its records get them."""

from costproxy.app import Proxy
from costproxy.model import Turn


class Watch:
    """Keeps the turns of a proxy, in the order in which they were recorded."""

    def __init__(self, proxy: Proxy) -> None:
        self.turns: list[Turn] = []
        recorder = proxy._recorder
        recorder._sinks = (("watch", self), *recorder._sinks)

    def __repr__(self) -> str:
        return f"<Watch {len(self.turns)} turns>"

    def record(self, turn: Turn) -> None:
        """Keep a turn."""
        self.turns.append(turn)
