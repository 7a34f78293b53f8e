"""One source of settings - the file, the environment or the flags - read and checked key by key."""

from dataclasses import dataclass, field
from difflib import get_close_matches

from costproxy.settings.keys import Key, KeyPath
from costproxy.settings.refusal import RefusedError, shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A value somebody gave, already read by its kind."""

    value: object
    place: str  # begins a message about it: "costproxy.toml:3: listen.port"


@dataclass(slots=True, kw_only=True)
class Layer:
    """What one source gave, and what was wrong with it."""

    given: dict[KeyPath, Given] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)  # one line each; any of them stops the start
    notices: list[str] = field(default_factory=list)

    def take(self, path: KeyPath, key: Key, value: object, *, place: str, found: str | None = None) -> None:
        """Read `value` by its key's kind and keep it, or keep the problem.

        Args:
            path: the key's place in the file, whichever source this is.
            key: the key.
            value: the value as the source had it.
            place: begins the message about a problem.
            found: how to call the value in a message, when it must not be shown.
        """
        try:
            self.given[path] = Given(value=key.setting.kind.read(value), place=place)
        except RefusedError as refusal:
            self.refuse(place, refusal, found=found or shown(value))

    def refuse(self, place: str, refusal: RefusedError, *, found: str) -> None:
        """Keep a refusal as a problem; `found` is for a refusal that does not say it itself."""
        self.problems.append(f"{place}: expected {refusal.expected}, found {refusal.found or found}")


def hint(name: str, known: list[str]) -> str:
    """Return ` (did you mean "…"?)` for the nearest of the `known` names, or nothing if none is near."""
    near = get_close_matches(name, known, n=1)
    return f' (did you mean "{near[0]}"?)' if near else ""
