"""The demo provider's customers: whose key it is decides the limits, and the bad luck, of a request."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What one API key may do. Rates are per minute of the demo's time, which `speed` shortens."""

    requests_per_minute: int = 3_000
    tokens_per_minute: int = 2_000_000
    burst: int | None = None  # requests a rested account may make at once; None: as many as per minute
    silent_every: int | None = None  # each so-manieth rejection lacks Retry-After; None: none does
    broke: bool = False  # every request is refused for want of money
    cut_share: float = 0.0  # the share of replies that break off half way


# Keys that customers of the demo use; every other key, and none, gets an ordinary account.
ACCOUNTS: Mapping[str, Account] = MappingProxyType(
    {
        "sk-demo-nightly-batch": Account(requests_per_minute=30, burst=3),
        "sk-demo-impatient-import": Account(requests_per_minute=30, burst=3, silent_every=3),
        "sk-demo-lapsed-trial": Account(broke=True),
        "sk-demo-shaky-link": Account(cut_share=0.3),
    }
)


class Bucket:
    """A quota that fills up steadily; time, in seconds, is an argument."""

    def __init__(self, *, per_second: float, size: float, now: float) -> None:
        """Start full."""
        self.size = size
        self._per_second = per_second
        self._level = size
        self._at = now

    def take(self, amount: float, now: float) -> bool:
        """Take `amount` if it is there; say whether it was."""
        self._fill(now)
        if amount > self._level:
            return False
        self._level -= amount
        return True

    def seconds_until(self, amount: float, now: float) -> float:
        """Return how long it takes until `amount` is there."""
        self._fill(now)
        return max(0.0, (amount - self._level) / self._per_second)

    def seconds_until_full(self, now: float) -> float:
        """Return how long it takes until nothing is missing."""
        return self.seconds_until(self.size, now)

    def left(self, now: float) -> int:
        """Return how much is there, rounded down."""
        self._fill(now)
        return math.floor(self._level)

    def _fill(self, now: float) -> None:
        self._level = min(self.size, self._level + (now - self._at) * self._per_second)
        self._at = now

    def __repr__(self) -> str:
        return f"<Bucket {self._level:.1f} of {self.size:g}>"


class Ledger:
    """What one account has used up lately."""

    def __init__(self, account: Account, *, speed: float, now: float) -> None:
        """Open the books of an account; at `speed` 2 its quotas come back twice as fast."""
        self.account = account
        self.requests = Bucket(
            per_second=account.requests_per_minute * speed / 60,
            size=account.burst or account.requests_per_minute,
            now=now,
        )
        self.tokens = Bucket(per_second=account.tokens_per_minute * speed / 60, size=account.tokens_per_minute, now=now)
        self._rejections = 0

    def admit(self, tokens: int, now: float) -> str | None:
        """Take one request of that many tokens; return which quota forbids it, None if none does."""
        if tokens > self.tokens.left(now):
            return "tokens"
        if not self.requests.take(1, now):
            return "requests"
        self.tokens.take(tokens, now)
        return None

    def seconds_until_admitted(self, tokens: int, now: float) -> float:
        """Return how long a rejected request of that many tokens should wait."""
        return max(self.requests.seconds_until(1, now), self.tokens.seconds_until(tokens, now))

    def announces_wait(self) -> bool:
        """Count a rejection; say whether it carries Retry-After."""
        self._rejections += 1
        silent = self.account.silent_every
        return silent is None or self._rejections % silent != 0

    def headers(self, now: float) -> list[tuple[str, str]]:
        """Return the `x-ratelimit-*` headers of a reply sent now."""
        named = (("requests", self.requests), ("tokens", self.tokens))
        return [
            *((f"x-ratelimit-limit-{name}", f"{bucket.size:.0f}") for name, bucket in named),
            *((f"x-ratelimit-remaining-{name}", str(bucket.left(now))) for name, bucket in named),
            *((f"x-ratelimit-reset-{name}", go_duration(bucket.seconds_until_full(now))) for name, bucket in named),
        ]


def go_duration(seconds: float) -> str:
    """Return a duration as OpenAI's headers spell it: `0s`, `12ms`, `1.182s`, `6m0s`, `1h0m3s`."""
    milliseconds = round(seconds * 1000)
    if milliseconds < 1000:
        return f"{milliseconds}ms" if milliseconds else "0s"
    minutes, rest = divmod(milliseconds, 60_000)
    tail = f"{rest / 1000:.3f}".rstrip("0").rstrip(".") + "s"
    hours, minutes_left = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes_left}m{tail}"
    return f"{minutes}m{tail}" if minutes else tail
