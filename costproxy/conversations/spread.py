"""Sharing a whole number out in whole numbers, so that the shares add up to it exactly."""

from collections.abc import Mapping
from typing import TypeVar

Key = TypeVar("Key")


def spread(total: int, weights: Mapping[Key, int]) -> dict[Key, int]:
    """Return `total` shared out in proportion to `weights`; what rounding leaves goes to the largest remainders.

    Keys without weight get nothing and are left out; without any weight at all, so is everything.
    """
    positive = {key: weight for key, weight in weights.items() if weight > 0}
    whole = sum(positive.values())
    if not whole:
        return {}
    shares = {key: total * weight // whole for key, weight in positive.items()}
    missing = total - sum(shares.values())
    if missing:
        remainders = sorted(positive, key=lambda key: -(total * positive[key] % whole))
        for key in remainders[:missing]:
            shares[key] += 1
    return shares


def part_of(total: int, part: int, whole: int) -> int:
    """Return `total * part / whole`, half-even, and never less than 0 or more than `total`; 0 of nothing."""
    if whole <= 0 or part <= 0:
        return 0
    if part >= whole:
        return total
    quotient, remainder = divmod(total * part, whole)
    up = 2 * remainder > whole or (2 * remainder == whole and quotient % 2)
    return quotient + 1 if up else quotient
