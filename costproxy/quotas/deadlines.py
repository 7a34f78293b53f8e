"""The times before which nobody should have asked again."""

from bisect import bisect_right, insort
from collections import OrderedDict

from costproxy.quotas.attempt import Scope

_MOST_SPANS = 32  # of one scope, that do not overlap: a request may be judged only when its long reply is over

_Span = tuple[float, float]  # from when on it was known, and until when to wait


class Deadlines:
    """By scope, the spans of time in which the upstream had asked everybody to wait; the last used scopes."""

    def __init__(self, *, scopes: int = 2000) -> None:
        self._most = max(1, scopes)
        self._spans: OrderedDict[Scope, list[_Span]] = OrderedDict()

    def __repr__(self) -> str:
        return f"<Deadlines scopes={len(self)}>"

    def __len__(self) -> int:
        return len(self._spans)

    def add(self, scope: Scope, known: float, until: float) -> None:
        """Enter a wait that was asked for at `known`; one that is over at once is none."""
        if until <= known:
            return
        spans = self._spans.setdefault(scope, [])
        self._spans.move_to_end(scope)
        if len(self._spans) > self._most:
            self._spans.popitem(last=False)
        touched = [span for span in spans if span[0] <= until and span[1] >= known]
        apart = [span for span in spans if span not in touched]
        insort(apart, (min([known, *(span[0] for span in touched)]), max([until, *(span[1] for span in touched)])))
        spans[:] = apart[-_MOST_SPANS:]

    def cover(self, scope: Scope, at: float) -> bool:
        """Tell whether a request that began at `at` should have waited: the beginning counts in, the end does not."""
        spans = self._spans.get(scope)
        if not spans:
            return False
        place = bisect_right(spans, at, key=lambda span: span[0])
        return place > 0 and at < spans[place - 1][1]
