"""The rows of the table: what each figure is called, and what it is measured in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.workloads import Chat, Latency, Memory, Start, Streams, Workload

PER_REQUEST = "CPU per request, µs: growing chats"
PER_CHUNK = "CPU per streamed chunk, µs"
LATENCY = "Latency, µs: through a proxy, what it adds to direct"
MEMORY = "Resident memory, MB"
START = "Start, ms"
CHAT_RATE = "Requests per second, each connection waiting for its answers"
BURST_RATE = "Chunks per second, as fast as they go"
PACE = "Pace kept by streams with a chunk every 10 ms, %"
# In the order in which they are shown.
GROUPS = (PER_REQUEST, PER_CHUNK, LATENCY, MEMORY, START, CHAT_RATE, BURST_RATE, PACE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure of each contender."""

    name: str
    group: str
    label: str
    digits: int = 0  # after the point
    added: bool = False  # shown as the difference to direct
    lower_is_better: bool = True


def rows_of(workloads: Sequence[Workload]) -> list[Row]:
    """Return the rows that these workloads fill, in the order in which they are shown."""
    rows = [row for workload in workloads for row in _rows(workload)]
    return sorted(rows, key=lambda row: GROUPS.index(row.group))


def _rows(workload: Workload) -> Iterator[Row]:
    name = workload.name
    match workload:
        case Chat():
            calls = ", tool calls" if workload.tools else ""
            label = f"{workload.messages} messages, {_size(workload.size)}{calls}"
            yield Row(name=name, group=PER_REQUEST, label=label)
            yield Row(name=f"{name}.rate", group=CHAT_RATE, label=label, lower_is_better=False)
        case Streams():
            many = f"{workload.concurrent} stream{'s' if workload.concurrent > 1 else ''}"
            label = f"{many}, {'10 ms apart' if workload.paced else 'all at once'}"
            yield Row(name=name, group=PER_CHUNK, label=label, digits=1)
            if workload.paced:
                yield Row(name=f"{name}.pace", group=PACE, label=many, lower_is_better=False)
            else:
                yield Row(name=f"{name}.rate", group=BURST_RATE, label=many, lower_is_better=False)
        case Latency():
            for percentile in ("p50", "p90", "p99"):
                label = f"{percentile} at {workload.rate:g} requests/s, 1 KB"
                yield Row(name=f"{name}.{percentile}", group=LATENCY, label=label, added=True)
        case Memory():
            yield Row(name=f"{name}.idle", group=MEMORY, label="idle", digits=1)
            label = f"after {workload.conversations:,} conversations"
            yield Row(name=f"{name}.after", group=MEMORY, label=label, digits=1)
        case Start():
            yield Row(name=f"{name}.ready", group=START, label="until the first 200")


def _size(size: int) -> str:
    return f"{size / 1e6:g} MB" if size >= 1e6 else f"{size / 1e3:g} KB"
