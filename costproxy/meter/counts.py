"""Token counts as price lists take them."""

from operator import attrgetter

from costproxy.model import TokenKind, Usage

_KINDS = tuple(TokenKind)
_counts = attrgetter(*(kind.value for kind in _KINDS))


def counts_of(usage: Usage) -> dict[str, int]:
    """Return the tokens of a usage by kind, without the zeros."""
    return {kind: count for kind, count in zip(_KINDS, _counts(usage), strict=True) if count}
