"""How a value is refused, and what of it may be shown."""

import re

from costproxy.errors import ConfigError

LONGEST_SHOWN = 60  # characters; a longer text is described by its length
LARGEST_SHOWN = 128  # bits; Python refuses to print integers of more than some thousand digits

_SECRET = re.compile(
    r"(?i:\bbearer\s)"
    r"|(?<![A-Za-z0-9])(?:sk|sess|rk|xai|gsk|pplx|hf|nvapi|csk|fw|tgp|ghp|github_pat|r8)[-_][A-Za-z0-9_-]{6,}"
    r"|AIza[A-Za-z0-9_-]{8,}|eyJ[A-Za-z0-9_-]{8,}"
    r"|(?=[A-Za-z]*[0-9])[A-Za-z0-9]{20,}"
)


class RefusedError(ConfigError):
    """A value that its setting cannot take; whoever knows the place adds it to the message."""

    def __init__(self, expected: str, *, found: str | None = None, below: tuple[str, ...] = ()) -> None:
        """Remember the two halves of the message.

        Args:
            expected: what would have been accepted.
            found: what was there, safe to print; `None` lets the caller show the value itself.
            below: keys inside the value that lead to the offending part, outermost first.
        """
        super().__init__(f"expected {expected}" + (f", found {found}" if found else ""))
        self.expected = expected
        self.found = found
        self.below = below


def looks_secret(text: str) -> bool:
    """Tell whether `text` contains something that could be an API key or token (guessed generously)."""
    return _SECRET.search(text) is not None


def shown(value: object) -> str:
    """Return `value` as a message may print it: short, on one line, and never a possible secret."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "nothing"
    if isinstance(value, int) and value.bit_length() > LARGEST_SHOWN:
        return "a very large number"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list | tuple):
        return "a list"
    return str(value) if isinstance(value, int | float) else _shown_text(str(value))


def dotted(path: tuple[str, ...]) -> str:
    """Return a key's place as TOML writes it (`apps.keys."a b"`), with possible secrets left out."""
    return ".".join(_shown_key(part) for part in path)


def redacted(message: str) -> str:
    """Return a foreign message with possible secrets left out."""
    return _SECRET.sub("(hidden)", message)


def _shown_text(text: str) -> str:
    if text == "":
        return "an empty text"
    if len(text) > LONGEST_SHOWN or looks_secret(text):
        return f"a text of {len(text)} characters (not shown)"
    return '"' + text.encode("unicode_escape").decode("ascii") + '"'


def _shown_key(part: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9_-]{1,40}", part) and not looks_secret(part):
        return part
    return "(hidden)" if looks_secret(part) or len(part) > LONGEST_SHOWN else _shown_text(part)
