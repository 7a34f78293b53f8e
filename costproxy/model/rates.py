"""Rate limits as an upstream states them, and what a client makes of being refused."""

from dataclasses import dataclass
from enum import StrEnum


class Resource(StrEnum):
    """What a quota counts; safe as a label's value."""

    REQUESTS = "requests"
    TOKENS = "tokens"  # prompt and completion together, or nobody says which
    INPUT_TOKENS = "input_tokens"
    OUTPUT_TOKENS = "output_tokens"
    IMAGES = "images"
    AUDIO_SECONDS = "audio_seconds"
    OTHER = "other"


class Window(StrEnum):
    """The time a quota is for; safe as a label's value."""

    SECONDS_10 = "10s"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"
    UNKNOWN = "unknown"  # the header does not say


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """One quota as a reply's headers state it; None means that they do not say, or nothing believable."""

    resource: Resource
    window: Window = Window.UNKNOWN
    limit: int | None = None  # at least 0
    remaining: int | None = None  # at least 0; 0 is a fact
    resets_in: float | None = None  # seconds from the reply on, at least 0

    @property
    def ratio(self) -> float | None:
        """Remaining over limit, 0 to 1; None if either is not known, or the limit is 0."""
        if self.limit is None or self.remaining is None or self.limit == 0:
            return None
        return min(1.0, self.remaining / self.limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class RateWord:
    """What the headers of one reply say about limits and trying again."""

    quotas: tuple[Quota, ...] = ()
    retry_after: float | None = None  # seconds to wait; only of replies that refuse (429, 503, 529 …)
    should_retry: bool | None = None  # `x-should-retry`


NO_WORD = RateWord()


class Failure(StrEnum):
    """Why an exchange did not succeed, one for each; safe as a label's value."""

    RATE_REQUESTS = "rate_requests"
    RATE_TOKENS = "rate_tokens"
    RATE_CONCURRENCY = "rate_concurrency"
    RATE_UPSTREAM = "rate_upstream"  # a router's own upstream refused
    RATE_OTHER = "rate_other"  # a limit that is not named
    QUOTA = "quota"  # money or a hard quota is used up: trying again never helps
    OVERSIZED = "oversized"  # the one request is larger than its limit allows at all: likewise
    OVERLOADED = "overloaded"
    CONTEXT_EXCEEDED = "context_exceeded"
    CONTENT_FILTER = "content_filter"
    AUTHENTICATION = "authentication"
    NOT_FOUND = "not_found"  # the model, or the path
    BAD_REQUEST = "bad_request"
    TIMEOUT = "timeout"
    SERVER = "server"  # the upstream's own fault
    CONNECTION = "connection"  # no connection, or it broke
    CLIENT_GONE = "client_gone"
    PROXY = "proxy"  # ours
    OTHER = "other"


class StormEvent(StrEnum):
    """What became of a retry storm; told once each."""

    BEGAN = "began"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class RateStanding:
    """One exchange among the attempts of its request, and its client among those that were told to wait."""

    attempt: int = 1  # from 1, by when attempts began; those that only the client knows of are counted in
    retried_after: Failure | None = None  # how the last attempt before it failed; None: none had, when this one began
    violation: bool = False  # it began before the time that a refusal had named
    in_vain_tokens: int | None = 0  # prompt tokens, estimated, sent only to be refused; None: refused, nobody counted
    retry_in_vain: bool = False  # it failed after an attempt whose refusal no retrying can help
    succeeded_after: int | None = None  # attempts, this one included; None: it failed, or another had succeeded before
    storm: StormEvent | None = None  # of its owner at its upstream


NO_STANDING = RateStanding()
