"""The set-up of a run: the upstream, the contenders, and the books that say whether all was counted."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

import uvloop

from benchmarks import contenders, cores
from benchmarks.client import Client, connected
from benchmarks.contenders import Contender, Metered
from benchmarks.conversation import Writer
from benchmarks.cores import Cores
from benchmarks.errors import BenchError
from benchmarks.process import Process, fetch, free_port
from benchmarks.upstream import COUNTS, Counts

_PATIENCE = 10.0  # seconds within which what was sent must have been metered
_LONGEST = 300.0  # seconds for one load

Load = Callable[[list[Client]], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What a load took."""

    cpu: float | None  # seconds of the proxy's processes; None without a proxy
    wall: float  # seconds


@dataclass(slots=True)
class Book:
    """What went through one contender in the whole run, by those who count it."""

    sent: int = 0
    seen_by_upstream: int = 0
    metered: int | None = None  # None: the contender does not meter
    tokens_told: int = 0
    tokens_metered: int | None = None

    @property
    def balances(self) -> bool:
        """Whether all agree."""
        metered = self.metered in (None, self.sent) and self.tokens_metered in (None, self.tokens_told)
        return self.sent == self.seen_by_upstream and metered


class Bench:
    """A running set-up; a context manager that ends every process it has started."""

    def __init__(self) -> None:
        self._ending = ExitStack()
        self._contenders: dict[str, Contender] = {}
        self.writer = Writer()
        self.cores: Cores = cores.choose()
        self.books = {name: Book() for name in contenders.NAMES}

    def __enter__(self) -> Self:
        with self._ending:
            self._folder = Path(self._ending.enter_context(TemporaryDirectory(prefix="benchmark-")))
            self._runner = self._ending.enter_context(asyncio.Runner(loop_factory=uvloop.new_event_loop))
            cores.bind(self.cores.load)
            self._upstream = free_port()
            self._upstream_url = f"http://127.0.0.1:{self._upstream}"
            module = ("benchmarks.upstream", str(self._upstream))
            process = Process(module, ready=self._upstream_url, core=self.cores.upstream, folder=self._folder)
            self._ending.callback(process.stop)
            for name in contenders.NAMES:
                self._contenders[name] = self._ending.enter_context(self.fresh(name))
            self._ending = self._ending.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.close()

    def standing(self, name: str) -> Contender:
        """Return the contender that has been running since the beginning."""
        return self._contenders[name]

    @contextmanager
    def fresh(self, name: str) -> Iterator[Contender]:
        """Start a contender, and end it afterwards."""
        contender = contenders.STARTERS[name](self._upstream, self.cores.proxy, self._folder)
        try:
            yield contender
        finally:
            if contender.process is not None:
                contender.process.stop()

    def load(self, contender: Contender, *, clients: int, warm_up: Load, work: Load, requests: int) -> Spent:
        """Put a load on a contender and return what it took, without the warm-up on the same connections.

        `requests` is how many both send together. Background work that they cause is waited for and counted.

        Raises:
            BenchError: the load failed, or not everything was seen and metered.
        """
        counted, metered = self._counts(), contender.metered()
        try:
            spent = self._runner.run(self._measure(contender, clients, warm_up, work))
        except OSError as error:  # TimeoutError is one
            raise BenchError(f"expected the load to pass within {_LONGEST:g} s, found {error!r}") from error
        self._enter(contender, requests, counted, metered)
        return spent

    async def _measure(self, contender: Contender, count: int, warm_up: Load, work: Load) -> Spent:
        process = contender.process
        async with asyncio.timeout(_LONGEST), connected(contender.port, count) as clients:
            await warm_up(clients)
            if process is not None:
                process.settle()
            cpu = process.cpu if process is not None else 0.0
            started = time.perf_counter()
            await work(clients)
            wall = time.perf_counter() - started
            if process is None:
                return Spent(cpu=None, wall=wall)
            process.settle()
            return Spent(cpu=process.cpu - cpu, wall=wall)

    def _counts(self) -> Counts:
        return Counts(**json.loads(fetch(self._upstream_url + COUNTS)))

    def _enter(self, contender: Contender, sent: int, before: Counts, metered_before: Metered | None) -> None:
        """Enter a load into the contender's book."""
        book, counts = self.books[contender.name], self._counts()
        seen, told = counts.requests - before.requests, counts.tokens - before.tokens
        book.sent += sent
        book.seen_by_upstream += seen
        book.tokens_told += told
        if metered_before is not None:
            wanted = Metered(requests=metered_before.requests + sent, tokens=metered_before.tokens + told)
            metered = _metered(contender, wanted)
            book.metered = (book.metered or 0) + metered.requests - metered_before.requests
            book.tokens_metered = (book.tokens_metered or 0) + metered.tokens - metered_before.tokens
        if not book.balances:
            raise BenchError(f"expected that all count the same, found {book}")


def _metered(contender: Contender, wanted: Metered) -> Metered:
    """Return what the meter says once it says what is wanted, or when patience has ended."""
    deadline = time.monotonic() + _PATIENCE
    while (metered := contender.metered()) != wanted and time.monotonic() < deadline:
        time.sleep(0.02)
    assert metered is not None
    return metered
