"""Numbers from strangers."""

import math
from typing import Any

_MOST_TOKENS = 10**12


def token_count(value: Any) -> int | None:
    """Return a count that can be believed, else None.

    Whole, finite, non-negative numbers up to 10¹² are believed, floats among them; booleans and strings
    are not.
    """
    if type(value) is int:  # as nearly always
        return value if 0 <= value <= _MOST_TOKENS else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float):
        if not math.isfinite(value) or value != int(value):
            return None
        value = int(value)
    return value if 0 <= value <= _MOST_TOKENS else None
