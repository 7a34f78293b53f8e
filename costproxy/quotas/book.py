"""The quotas that upstreams stated last, as far as they still say something."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace

from costproxy.model import Quota, RateWord, Resource, Window
from costproxy.quotas.attempt import Scope
from costproxy.quotas.exhaustion import Use, time_to_exhaustion

FRESH = 300.0  # seconds for which a reading that is not renewed is believed
# Seconds for which the rest is told though it has been reset meanwhile: most resets come within milliseconds, and
# no scrape would ever see those.
HOLD = 60.0

_Key = tuple[Scope, Resource, Window]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One quota as of now; None means unknown, never 0."""

    upstream: str
    model: str | None
    owner: str
    resource: Resource
    window: Window
    limit: int | None
    remaining: int | None  # as stated last
    ratio: float | None  # remaining over limit, 0 to 1
    resets_in: float | None  # seconds from now, at least 0
    exhausted_in: float | None  # seconds, at least 0; None: it will not be, or nothing tells


@dataclass(frozen=True, slots=True)
class _Stated:
    quota: Quota
    at: float


class QuotaBook:
    """The latest quotas by scope, resource and window; at most `most`, those stated last.

    Times are seconds of one clock. An owner is an application, or the alias of a key.
    """

    def __init__(self, *, most: int = 2000, hold: float = HOLD) -> None:
        self._most = max(1, most)
        self._hold = hold
        self._stated: OrderedDict[_Key, _Stated] = OrderedDict()
        self._uses: OrderedDict[Scope, dict[Resource, Use]] = OrderedDict()

    def __repr__(self) -> str:
        return f"<QuotaBook readings={len(self)}>"

    def __len__(self) -> int:
        return len(self._stated)

    def record(self, scope: Scope, word: RateWord, used: Mapping[Resource, int], at: float) -> None:
        """Enter what a reply whose head came at `at` states, and what its exchange used.

        A reply that is older than the reading there is changes nothing but the use.
        """
        for quota in word.quotas:
            self._state((scope, quota.resource, quota.window), _Stated(quota, at))
        if not self._uses and not word.quotas:
            return
        for resource, use in self._uses_of(scope, word).items():
            if resource in used:
                use.add(max(0, used[resource]), at)

    def current(self, now: float) -> list[Reading]:
        """Return what is known as of now, least recently renewed first; what is stale is dropped for good."""
        for key in [key for key, stated in self._stated.items() if now - stated.at >= FRESH]:
            del self._stated[key]
        scopes = {scope for scope, _, _ in self._stated}
        for scope in [scope for scope in self._uses if scope not in scopes]:
            del self._uses[scope]
        readings = (self._reading(key, stated, now) for key, stated in self._stated.items())
        return [each for each in readings if each is not None]

    def _state(self, key: _Key, stated: _Stated) -> None:
        known = self._stated.get(key)
        if known is not None and known.at > stated.at:
            return
        self._stated[key] = stated
        self._stated.move_to_end(key)
        if len(self._stated) > self._most:
            self._stated.popitem(last=False)

    def _uses_of(self, scope: Scope, word: RateWord) -> dict[Resource, Use]:
        """Return the uses of all that was ever limited here."""
        if not word.quotas:
            return self._uses.get(scope, {})
        uses = self._uses.setdefault(scope, {})
        self._uses.move_to_end(scope)
        if len(self._uses) > self._most:
            self._uses.popitem(last=False)
        for quota in word.quotas:
            uses.setdefault(quota.resource, Use())
        return uses

    def _reading(self, key: _Key, stated: _Stated, now: float) -> Reading | None:
        scope, resource, window = key
        age = max(0.0, now - stated.at)
        quota = self._as_of(stated.quota, age)
        if quota.limit is None and quota.remaining is None and quota.resets_in is None:
            return None
        use = self._uses.get(scope, {}).get(resource)
        return Reading(
            upstream=scope.upstream,
            model=scope.model,
            owner=scope.owner,
            resource=resource,
            window=window,
            limit=quota.limit,
            remaining=quota.remaining,
            ratio=quota.ratio,
            resets_in=quota.resets_in,
            exhausted_in=time_to_exhaustion(quota, use.per_second(now) if use is not None else None),
        )

    def _as_of(self, quota: Quota, age: float) -> Quota:
        """Count down; once it was reset, the rest that was stated says nothing, and only the limit is left."""
        if quota.resets_in is None:
            return quota
        if age < max(quota.resets_in, self._hold):
            return replace(quota, resets_in=max(0.0, quota.resets_in - age))
        return replace(quota, remaining=None, resets_in=None)
