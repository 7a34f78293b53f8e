"""How long a prompt may get: from the settings, from what upstreams say in passing, and from the catalogue."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from costproxy.model import Limits, LimitSource
from costproxy.pricing.prices import Names, Prices

_MOST_KEPT = 4096  # look-ups whose result is kept
_MOST_LEARNT = 10_000  # models; names come from strangers
# Those compare the prompt alone with the limit that their errors name. Source: the recorded texts of their errors.
_PROMPT_ALONE = frozenset({"anthropic", "gemini", "xai"})
_Key = tuple[str, str]  # upstream, model


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownLimits:
    """Limits and who said them; without a source none is known for the prompt."""

    limits: Limits = field(default_factory=Limits)
    source: LimitSource | None = None


class ContextLimits:
    """Limits by upstream and model; the first source that knows one decides, in the order of `LimitSource`.

    The limits of the prompt, alone and with the reply, come from one source and are not mixed: a server that was
    started with a small window does not have the catalogue's. The limit of the reply falls through to the next.
    """

    def __init__(self, prices: Prices) -> None:
        self._prices = prices
        self._listed: OrderedDict[_Key, Limits] = OrderedDict()
        self._named: OrderedDict[_Key, Limits] = OrderedDict()
        self._lessons = 0  # how often something was learnt
        self._known: dict[Names, tuple[int, KnownLimits]] = {}  # what was found, and after how many lessons

    def __repr__(self) -> str:
        return f"<ContextLimits listed={len(self._listed)} named={len(self._named)}>"

    def of(self, names: Names) -> KnownLimits:
        """Return what is known of a model at an upstream."""
        lessons, kept = self._lessons, self._known.get(names)
        if kept is not None and kept[0] == lessons:
            return kept[1]
        if len(self._known) >= _MOST_KEPT:  # names come from strangers
            self._known.clear()
        known = self._decided(names)
        self._known[names] = lessons, known
        return known

    def _decided(self, names: Names) -> KnownLimits:
        own = self._prices.override(names)
        found = self._prices.find(names)
        keys = [(names.upstream or "", name.lower()) for name in names.in_order()]
        layers = (
            (LimitSource.SETTINGS, own.limits if own else None),
            (LimitSource.ERROR, _first(self._named, keys)),
            (LimitSource.MODEL_LIST, _first(self._listed, keys)),
            (LimitSource.CATALOGUE, found.model.limits if found else None),
        )
        decided = KnownLimits()
        for source, limits in layers:
            if limits is None:
                continue
            if decided.source is None and (limits.context_window is not None or limits.max_input is not None):
                decided = KnownLimits(limits=limits.over(decided.limits), source=source)
            elif decided.limits.max_output is None:
                decided = replace(decided, limits=replace(decided.limits, max_output=limits.max_output))
        return decided

    def learn_list(self, upstream: str, windows: Mapping[str, Limits]) -> None:
        """Take what an upstream's list of models says."""
        for model, limits in windows.items():
            _keep(self._listed, (upstream, model.lower()), limits)
        self._lessons += 1

    def learn_error(self, upstream: str, model: str, limit: int, *, dialect: str) -> None:
        """Take the limit that an upstream named when it rejected a prompt as too long."""
        if limit > 0:
            limits = Limits(max_input=limit) if dialect in _PROMPT_ALONE else Limits(context_window=limit)
            _keep(self._named, (upstream, model.lower()), limits)
            self._lessons += 1


def _first(known: Mapping[_Key, Limits], keys: list[_Key]) -> Limits | None:
    return next((known[key] for key in keys if key in known), None)


def _keep(known: OrderedDict[_Key, Limits], key: _Key, limits: Limits) -> None:
    known[key] = limits
    known.move_to_end(key)
    while len(known) > _MOST_LEARNT:
        known.popitem(last=False)
