"""Requests as they were sent to a model, read from files of recorded conversations, sessions and exchanges."""

import random
from collections.abc import Callable, Iterable, Iterator

from costproxy.offline.documents import read_documents
from costproxy.offline.lines import Line
from costproxy.offline.recorded import RecordError
from costproxy.offline.recorded_forms import source_of
from costproxy.offline.recorded_request import RecordedRequest, RecordedSource, Truth

__all__ = ["RecordedRequest", "RecordedSource", "Truth", "interleave", "read_sources"]

Odd = Callable[[str, str], None]  # takes the place of a line that cannot be read, and "expected …, found …"
Read = Callable[[int], None]  # takes how many more bytes of the files have been read


def read_sources(
    files: Iterable[str], *, model: str | None = None, odd: Odd | None = None, read: Read | None = None
) -> Iterator[RecordedSource]:
    """Yield what each JSON document of the files holds; plain or gzip, `-` for standard input.

    A document, mostly a line, is read when it is asked for, and so is each of its requests. `recorded_forms` tells the
    forms.

    Args:
        files: their names.
        model: stands in where a recording names none.
        odd: is told of lines that cannot be read, which are left out; without it the first of them is an error.
        read: is told after each line how many more bytes of a file have been read, packed ones if it is packed.

    Raises:
        RecordError: a line cannot be read, and there is no `odd`.
    """
    for line in (line for file in files for line in read_documents(file)):
        if read is not None:
            read(line.read)
        try:
            source = _source(line, model)
        except RecordError as error:
            if odd is None:
                raise RecordError(f"{line.place}: {error}") from None
            odd(line.place, str(error))
            continue
        yield source


def _source(line: Line, model: str | None) -> RecordedSource:
    if line.problem is not None:
        raise RecordError(line.problem)
    return source_of(line.text, place=line.place, model=model)


def interleave(sources: Iterable[RecordedSource], n: int, seed: int) -> Iterator[RecordedRequest]:
    """Yield the requests of all sources, `n` sources under way at a time, the next request of any of them.

    The order within a source stays, and the same seed gives the same order. A source is taken up when another is
    over; sources of unknown truth wait for nothing, so that they stay in the order in which they were recorded.
    """
    chance = random.Random(seed)  # noqa: S311 - an order that can be had again, no secret
    waiting = iter(sources)
    under_way: list[Iterator[RecordedRequest]] = []
    while True:
        while len(under_way) < n and (source := next(waiting, None)) is not None:
            if source.truth is Truth.UNKNOWN:
                yield from source.requests
            else:
                under_way.append(source.requests)
        if not under_way:
            return
        chosen = chance.randrange(len(under_way))
        request = next(under_way[chosen], None)
        if request is None:
            under_way.pop(chosen)
        else:
            yield request
