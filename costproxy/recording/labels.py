"""Label values from strangers: cleaned, and bounded in number."""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

NONE = "none"  # the request named none
OTHER = "other"
_LONGEST = 100
_Key = TypeVar("_Key", bound=Hashable)


def clean(value: str) -> str:
    """Return `value` as a label may hold it, `other` if it is too long to be a name.

    Control characters, lone surrogates and everything else that does not print become `?`.
    """
    if len(value) > _LONGEST:
        return OTHER
    return "".join(char if char.isprintable() else "?" for char in value).strip() or NONE


class _Guests(Generic[_Key]):
    """Who is counted by name: as many as there is room for.

    One counts as proven once an upstream has answered for it with success. Those that never were (a client
    can make them up) may take a quarter of the room at most, so that they cannot crowd out real ones.
    """

    def __init__(self, room: int) -> None:
        self._room = room
        self._proven: set[_Key] = set()
        self._unproven: set[_Key] = set()

    def __repr__(self) -> str:
        return f"{len(self._proven)} proven, {len(self._unproven)} not, room for {self._room}"

    def __contains__(self, key: _Key) -> bool:
        """Tell whether it was admitted and is proven, which is for good."""
        return key in self._proven

    def admit(self, key: _Key, *, proven: bool) -> bool:
        if key in self._proven:
            return True
        if key in self._unproven:
            if proven:
                self._unproven.discard(key)
                self._proven.add(key)
            return True
        if len(self._proven) + len(self._unproven) >= self._room:
            return False
        if not proven and len(self._unproven) >= max(1, self._room // 4):
            return False
        (self._proven if proven else self._unproven).add(key)
        return True


class LabelBook:
    """Keeps the number of distinct values of one label below a cap."""

    def __init__(self, cap: int, on_overflow: Callable[[], None]) -> None:
        self._guests: _Guests[str] = _Guests(cap)
        self._on_overflow = on_overflow

    def __repr__(self) -> str:
        return f"<LabelBook {self._guests!r}>"

    def name(self, value: str | None, *, proven: bool, tell: bool = True) -> str:
        """Return the label value for `value`: cleaned, or `other` where the cap is reached, which `tell` reports."""
        if value is None:
            return NONE
        if value in self._guests:
            return value
        cleaned = clean(value)
        if cleaned in (NONE, OTHER) or self._guests.admit(cleaned, proven=proven):
            return cleaned
        if tell:
            self._on_overflow()
        return OTHER


class PairBook:
    """Keeps the number of models by application below a cap: each alone is bounded, but they multiply."""

    def __init__(self, cap: int, on_overflow: Callable[[], None]) -> None:
        self._guests: _Guests[tuple[str, ...]] = _Guests(cap)
        self._on_overflow = on_overflow

    def __repr__(self) -> str:
        return f"<PairBook {self._guests!r}>"

    def app(self, app: str, *others: str, proven: bool, tell: bool = True) -> str:
        """Return the application's label value beside the `others`: itself, or `other` where the cap is reached."""
        if app == OTHER or self._guests.admit((app, *others), proven=proven):
            return app
        if tell:
            self._on_overflow()
        return OTHER
