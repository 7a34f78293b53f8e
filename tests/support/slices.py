"""The same bytes in every slicing: what a network may make of a write."""

from collections.abc import Iterable, Iterator
from itertools import pairwise

from hypothesis import strategies as st


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    """Return `data` cut before these offsets; equal ones give empty slices."""
    return [data[start:end] for start, end in pairwise([0, *sorted(places), len(data)])]


def two_slices(data: bytes) -> Iterator[list[bytes]]:
    """Yield `data` cut in two at every offset."""
    return ([data[:place], data[place:]] for place in range(len(data) + 1))


def single_bytes(data: bytes) -> list[bytes]:
    """Return `data` byte by byte."""
    return [data[place : place + 1] for place in range(len(data))]


def slicings(data: bytes) -> st.SearchStrategy[list[bytes]]:
    """Return a strategy for `data` in up to 13 slices."""
    return st.lists(st.integers(0, len(data)), max_size=12).map(lambda places: cut(data, places))


def sliced(data: st.SearchStrategy[bytes]) -> st.SearchStrategy[tuple[bytes, list[bytes]]]:
    """Return a strategy for bytes, with a slicing of them."""
    return data.flatmap(lambda each: st.tuples(st.just(each), slicings(each)))
