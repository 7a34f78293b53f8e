"""Label values from strangers: cleaned, and bounded in number."""

from collections.abc import Callable

NONE = "none"  # the request named none
OTHER = "other"
_LONGEST = 100


def clean(value: str) -> str:
    """Return `value` as a label may hold it, `other` if it is too long to be a name.

    Control characters, lone surrogates and everything else that does not print become `?`.
    """
    if len(value) > _LONGEST:
        return OTHER
    return "".join(char if char.isprintable() else "?" for char in value).strip() or NONE


class LabelBook:
    """Keeps the number of distinct values of one label below a cap.

    A value counts as proven once an upstream has answered for it with success. Values that never were (a
    client can make them up) may take a quarter of the room at most, so that they cannot crowd out real ones.
    """

    def __init__(self, cap: int, on_overflow: Callable[[], None]) -> None:
        self._cap = cap
        self._unproven_cap = max(1, cap // 4)
        self._proven: set[str] = set()
        self._unproven: set[str] = set()
        self._on_overflow = on_overflow

    def __repr__(self) -> str:
        return f"<LabelBook {len(self._proven)} proven, {len(self._unproven)} not, cap {self._cap}>"

    def name(self, value: str | None, *, proven: bool) -> str:
        """Return the label value for `value`: cleaned, or `other` where the cap is reached."""
        if value is None:
            return NONE
        if value in self._proven:
            return value
        cleaned = clean(value)
        if cleaned in (NONE, OTHER) or self._admit(cleaned, proven=proven):
            return cleaned
        self._on_overflow()
        return OTHER

    def _admit(self, value: str, *, proven: bool) -> bool:
        if value in self._proven:
            return True
        if value in self._unproven:
            if proven:
                self._unproven.discard(value)
                self._proven.add(value)
            return True
        if len(self._proven) + len(self._unproven) >= self._cap:
            return False
        if not proven and len(self._unproven) >= self._unproven_cap:
            return False
        (self._proven if proven else self._unproven).add(value)
        return True
