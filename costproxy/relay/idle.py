"""Gives up on an upstream that has been silent for too long."""

import asyncio
from time import perf_counter

from costproxy.relay.client_reply import ClientReply


class IdleTimer:
    """Expires when a reply has not moved for `limit` seconds; one timer an exchange, re-armed when it fires."""

    __slots__ = ("_handle", "_limit", "_reply", "expired")

    def __init__(self, reply: ClientReply, limit: float) -> None:
        self._reply = reply
        self._limit = limit
        self.expired = False
        reply.active = perf_counter()
        self._handle = asyncio.get_running_loop().call_later(limit, self._look)

    def cancel(self) -> None:
        """Stop watching."""
        self._handle.cancel()

    def _look(self) -> None:
        left = self._reply.active + self._limit - perf_counter()
        if left > 0:
            self._handle = asyncio.get_running_loop().call_later(left, self._look)
            return
        self.expired = True
        self._reply.wake()
