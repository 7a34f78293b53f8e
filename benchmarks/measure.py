"""One measurement: a workload through one contender, and the figures it gives."""

import math
from collections.abc import Mapping, Sequence

from benchmarks import load
from benchmarks.bench import Bench
from benchmarks.client import Client
from benchmarks.contenders import Contender
from benchmarks.workloads import Chat, Latency, Memory, Start, Streams, Workload

Figures = Mapping[str, float]  # by the row they belong to
_WARM_UP = 3  # requests of a connection before it is measured
_PERCENTILES = (50, 90, 99)


def measure(bench: Bench, workload: Workload, name: str) -> Figures:
    """Return the figures of a workload through the contender of that name.

    Raises:
        BenchError: it could not be measured, or not all of it was metered.
    """
    match workload:
        case Chat():
            return _chat(bench, workload, bench.standing(name))
        case Streams():
            return _streams(bench, workload, bench.standing(name))
        case Latency():
            return _latency(bench, workload, bench.standing(name))
        case Memory():
            return _memory(bench, workload, name)
        case Start():
            return _start(bench, workload, name)


def _chat(bench: Bench, workload: Chat, contender: Contender) -> Figures:
    own = [bench.writer.conversations(workload) for _ in range(workload.connections)]
    warm_up = _WARM_UP * workload.connections
    spent = bench.load(
        contender,
        clients=workload.connections,
        warm_up=lambda clients: load.in_a_closed_loop(clients, own, warm_up),
        work=lambda clients: load.in_a_closed_loop(clients, own, workload.requests),
        requests=warm_up + workload.requests,
    )
    figures = {f"{workload.name}.rate": workload.requests / spent.wall}
    if spent.cpu is not None:
        figures[workload.name] = spent.cpu / workload.requests * 1e6
    return figures


def _streams(bench: Bench, workload: Streams, contender: Contender) -> Figures:
    chunks, each = workload.chunks, workload.each
    short = bench.writer.streams(1, paced=False)
    long = bench.writer.streams(chunks, paced=workload.paced)
    spent = bench.load(
        contender,
        clients=workload.concurrent,
        warm_up=lambda clients: load.streaming(clients, short, chunks=1, each=1),
        work=lambda clients: load.streaming(clients, long, chunks=chunks, each=each),
        requests=workload.concurrent * (1 + each),
    )
    if workload.paced:
        figures = {f"{workload.name}.pace": workload.nominal / spent.wall * 100}
    else:
        figures = {f"{workload.name}.rate": workload.total / spent.wall}
    if spent.cpu is not None:
        figures[workload.name] = spent.cpu / workload.total * 1e6
    return figures


def _latency(bench: Bench, workload: Latency, contender: Contender) -> Figures:
    own = [bench.writer.conversations(workload.shape) for _ in range(workload.connections)]
    warm_up = _WARM_UP * workload.connections
    took: list[float] = []

    async def work(clients: list[Client]) -> None:
        took.extend(await load.at_fixed_times(clients, own, workload.requests, workload.rate))

    bench.load(
        contender,
        clients=workload.connections,
        warm_up=lambda clients: load.in_a_closed_loop(clients, own, warm_up),
        work=work,
        requests=warm_up + workload.requests,
    )
    return {f"{workload.name}.p{percent}": _percentile(took, percent) * 1e6 for percent in _PERCENTILES}


def _memory(bench: Bench, workload: Memory, name: str) -> Figures:
    shape = workload.shape
    requests = workload.conversations * shape.turns
    own = [bench.writer.conversations(shape) for _ in range(shape.connections)]
    with bench.fresh(name) as contender:
        assert contender.process is not None
        contender.process.settle()
        idle = contender.process.resident
        bench.load(
            contender,
            clients=shape.connections,
            warm_up=_nothing,
            work=lambda clients: load.in_a_closed_loop(clients, own, requests),
            requests=requests,
        )
        after = contender.process.resident
    return {f"{workload.name}.idle": idle / 1e6, f"{workload.name}.after": after / 1e6}


def _start(bench: Bench, workload: Start, name: str) -> Figures:
    with bench.fresh(name) as contender:
        assert contender.process is not None
        return {f"{workload.name}.ready": contender.process.ready_after * 1e3}


async def _nothing(_clients: list[Client]) -> None:
    """Warm nothing up: a fresh process is what is measured."""


def _percentile(values: Sequence[float], percent: int) -> float:
    """Return the smallest value that at least `percent` of them do not exceed."""
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]
