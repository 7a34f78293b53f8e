"""The operator's map from API keys to application names, which never holds a key."""

import hashlib
import re

from costproxy.settings.kinds import Kind
from costproxy.settings.refusal import RefusedError, looks_secret

AppKeys = tuple[tuple[str, str], ...]  # (first 16 to 64 hex digits of a key's SHA-256, application name)

EXPECTED = '"sha256:" and 16 to 64 hexadecimal digits of a key\'s SHA-256, and after "=" the application\'s name'

_DIGEST = re.compile(r"sha256:([0-9a-f]{16,64})")
_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,64}")


def name_of(keys: AppKeys, key: bytes) -> str | None:
    """Return the application that `keys` names for an API key, `None` when it names none.

    Args:
        keys: the operator's map.
        key: the key itself as sent, without `Bearer `; it is hashed and forgotten.
    """
    digest = hashlib.sha256(key).hexdigest()
    return next((name for prefix, name in keys if digest.startswith(prefix)), None)


def _read(value: object) -> AppKeys:
    if not isinstance(value, dict):
        raise RefusedError("a table of key digests and names")
    pairs: list[tuple[str, str]] = []
    for entry, name in value.items():
        digest = _digest(entry)
        if any(digest.startswith(other) or other.startswith(digest) for other, _ in pairs):
            raise RefusedError("each key once", found="a digest that another one begins with", below=(entry,))
        pairs.append((digest, _name(entry, name)))
    return tuple(pairs)


def _digest(entry: str) -> str:
    match = _DIGEST.fullmatch(entry.lower())
    if match:
        return match[1]
    key = not entry.lower().startswith("sha256:") and looks_secret(entry)
    found = "what looks like a key itself (replace that key if others can read this file)" if key else "another form"
    raise RefusedError(EXPECTED, found=found, below=(entry,))


def _name(entry: str, name: object) -> str:
    expected = "an application's name of 1 to 64 printable characters"
    if not isinstance(name, str) or not _NAME.fullmatch(name.strip()):
        raise RefusedError(expected, found=f"a value of type {type(name).__name__}", below=(entry,))
    if looks_secret(name):
        raise RefusedError(expected, found="what looks like a key", below=(entry,))
    return name.strip()


APP_KEYS = Kind(expected=EXPECTED, metavar="TABLE", read=_read)
