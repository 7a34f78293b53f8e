"""One request and its reply, as it happened on the wire."""

from dataclasses import dataclass
from enum import StrEnum

from costproxy.model.chat import ChatReply, ChatRequest
from costproxy.model.conversation import Placement
from costproxy.model.rates import NO_WORD, RateWord


class Ending(StrEnum):
    """How the passing of bytes ended, told by where it ended, not by what was raised."""

    COMPLETE = "complete"  # the reply was passed on to its end
    CLIENT_LEFT = "client_left"
    UPSTREAM_UNREACHABLE = "upstream_unreachable"  # no connection, or no reply on it
    UPSTREAM_LOST = "upstream_lost"  # broke in the middle of its reply
    UPSTREAM_TIMEOUT = "upstream_timeout"  # connect or idle timeout
    REFUSED = "refused"  # costproxy itself said no
    SHUTDOWN = "shutdown"  # the grace period ran out
    PROXY_FAULT = "proxy_fault"  # a defect of ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Moments of an exchange in monotonic seconds; None means that it did not come to that."""

    started: float
    ended: float
    sent: float | None = None  # the request was handed to the upstream's socket
    replied: float | None = None  # the head of the reply was in
    overhead: float = 0.0  # seconds spent in costproxy itself, waiting for neither side

    @property
    def duration(self) -> float:
        """Seconds from the request's head to the last byte."""
        return max(0.0, self.ended - self.started)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """Everything known of one exchange once it is over."""

    id: str  # random; joins log lines and exemplars, never a metric label
    upstream: str
    dialect: str
    api: str
    app: str | None  # None means that the request named no application
    method: str
    status: int | None  # of the reply the client got; None means none was sent
    ending: Ending
    timing: Timing
    started_at: float  # seconds since the epoch, UTC
    bytes_in: int = 0  # body bytes from the client
    bytes_out: int = 0  # body bytes from the upstream
    injected: bool = False  # `include_usage` was asked for on the application's behalf
    unmetered: str | None = None  # why no facts could be read; None means metered
    refusal: str | None = None  # why costproxy answered in the upstream's place, as in `x-costproxy-error`
    request: ChatRequest | None = None
    reply: ChatReply | None = None
    rate: RateWord = NO_WORD  # what the reply's headers said about limits
    retry_count: int | None = None  # `x-stainless-retry-count`: attempts before this one; None: not said
    caller: bytes = b""  # digest of the API key, b"" without one; never the key
    placement: Placement | None = None  # None: its conversation could not be looked for
    request_text: bytes | None = None  # the decoded request, where the tokens have to be counted from it
