"""What it costs to know conversations: `python -m benchmarks.conversations`. See docs/benchmarks.md.

CPU per request for cutting the prompt, identity and growth, on growing chats; memory per conversation that is known.
"""

import argparse
import gc
import json
import resource
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from itertools import islice, pairwise
from pathlib import Path
from statistics import median
from typing import Any

if __name__ == "__main__" and not __package__:  # started by its path, it finds its own folder only
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import msgspec

from benchmarks import cores
from benchmarks.conversation import Writer
from benchmarks.environment import environment
from benchmarks.text import MODEL
from benchmarks.workloads import Chat
from costproxy.conversations.step import Step
from costproxy.conversations.tracker import Placed, Tracker
from costproxy.model import Asked, ChatRequest, Limits, Prompt, ReplyMessage, Usage
from costproxy.offline.recorded_replies import chat_reply
from costproxy.wire.observer import Limits as WireLimits
from costproxy.wire.observer import Observer

SHAPES = (
    Chat(name="30 KB, 40 messages", messages=40, size=30_000, turns=9, connections=1, requests=0),
    Chat(name="400 KB, 200 messages", messages=200, size=400_000, turns=9, connections=1, requests=0),
    Chat(
        name="2 MB, 500 messages, calls", messages=500, size=2_000_000, turns=9, connections=1, requests=0, tools=True
    ),
)
_SMALL = Chat(name="20 messages", messages=19, size=9_000, turns=2, connections=1, requests=0)
_THREADS = 20_000
_SECRET = b"a secret of the benchmark, which no one needs to guess"
_WIRE = WireLimits()


@dataclass(slots=True)
class Spent:
    """CPU of every request, in µs."""

    cut: list[float] = field(default_factory=list)
    cold: list[float] = field(default_factory=list)
    warm: list[float] = field(default_factory=list)
    entered: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """CPU of one request, in µs: the median of many."""

    shape: str
    cut: float  # reading the request: its facts and its prompt, cut into messages
    cold: float  # placing it where nothing of it was seen before
    warm: float  # placing it where the requests before were
    entered: float  # its reply and its bill
    requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Memory of conversations that are known."""

    threads: int
    bytes_each: float  # as Python's own allocator counts it
    resident_each: float  # as the kernel counts it, bytes


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and return 0."""
    options = _parser().parse_args(argv)
    costs = [cost(shape, options.rounds) for shape in SHAPES]
    known = memory(options.threads)
    where = environment(cores.choose())
    if options.json:
        print(
            json.dumps(
                {"environment": where, "cpu": [asdict(each) for each in costs], "memory": asdict(known)}, indent=2
            )
        )
    else:
        print("\n".join((*(f"{name:12} {value}" for name, value in where.items()), "", *_lines(costs, known))))
    return 0


def cost(shape: Chat, rounds: int) -> Cost:
    """Measure conversations of a shape."""
    spent = Spent()
    bodies = map(_body, Writer().conversations(shape))
    for _ in range(rounds):
        _converse(list(islice(bodies, shape.turns)), spent)
    return Cost(
        shape=shape.name,
        cut=median(spent.cut),
        cold=median(spent.cold),
        warm=median(spent.warm),
        entered=median(spent.entered),
        requests=len(spent.warm),
    )


def _converse(bodies: Sequence[bytes], spent: Spent) -> None:
    """Lead one conversation; the last request only tells the reply to the one before."""
    tracker = Tracker(secret=_SECRET)
    prompts = []
    for body in bodies:
        took, read = _timed(partial(_read, body))
        spent.cut.append(took)
        prompts.append(read)
    for number, ((request, prompt), (_, following)) in enumerate(pairwise(prompts)):
        took, placed = _timed(partial(tracker.place, _asked(request, prompt, float(number))))
        (spent.warm if number else spent.cold).append(took)
        reply = chat_reply(msgspec.json.decode(following.messages[len(prompt.messages)]))
        usage = Usage(input=len(prompt.messages) * 100, output=100)
        took, _ = _timed(partial(_enter, tracker, placed, reply, usage, float(number)))
        spent.entered.append(took)


def memory(threads: int) -> Memory:
    """Lead so many conversations of 20 messages, which differ in their first one.

    The kernel's count is taken from the first half, Python's own from the second: counting takes memory itself.
    """
    tracker = Tracker(secret=_SECRET, threads=threads)
    prompts = [_read(body)[1] for body in islice(map(_body, Writer().conversations(_SMALL)), _SMALL.turns)]
    first, half = 100, threads // 2
    _lead(tracker, prompts, range(first))
    gc.collect()
    resident = _resident()
    _lead(tracker, prompts, range(first, half))
    gc.collect()
    resident = _resident() - resident
    tracemalloc.start()
    _lead(tracker, prompts, range(half, threads))
    gc.collect()
    counted = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return Memory(threads=len(tracker), bytes_each=counted / (threads - half), resident_each=resident / (half - first))


def _lead(tracker: Tracker, prompts: Sequence[Prompt], numbers: range) -> None:
    for number in numbers:
        at, reply = number * 0.01, ReplyMessage(text=f"The answer is {number}.")
        begin = f'{{"role":"user","content":"What is the answer to {number}?"}}'.encode()
        for prompt in prompts:
            request = ChatRequest(model=MODEL, messages=len(prompt.messages))
            placed = tracker.place(_asked(request, replace(prompt, messages=[begin, *prompt.messages[1:]]), at))
            _enter(tracker, placed, reply, Usage(input=900, output=9), at)


def _enter(tracker: Tracker, placed: Placed, reply: ReplyMessage, usage: Usage, at: float) -> None:
    tracker.answered(placed, [reply], reply_id=None, accepted=True, at=at)
    placed.thread.account.settle(
        Step(
            placement=placed.placement,
            at=at,
            upstream="default",
            model=MODEL,
            usage=usage,
            limits=Limits(context_window=128_000),
            thresholds=(70, 85, 95),
            finish_reasons=("stop",),
        )
    )


def _asked(request: ChatRequest, prompt: Prompt, at: float) -> Asked:
    return Asked(
        exchange="0123456789abcdef",
        upstream="default",
        api="chat",
        app=None,
        caller=b"everybody",
        at=at,
        request=request,
        prompt=prompt,
    )


def _read(body: bytes) -> tuple[ChatRequest, Prompt]:
    observer = Observer(_WIRE)
    observer.request_body(body)
    request = observer.read_request()
    assert request is not None
    assert observer.prompt is not None
    return request, observer.prompt


def _body(request: bytes) -> bytes:
    return request.partition(b"\r\n\r\n")[2]


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the CPU that it took, in µs, and what it returned."""
    begin = time.thread_time_ns()
    result = work()
    return (time.thread_time_ns() - begin) / 1e3, result


def _resident() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return pages * resource.getpagesize()


def _lines(costs: Sequence[Cost], known: Memory) -> Iterator[str]:
    yield f"{'CPU per request, µs':28}{'cut':>9}{'cold':>9}{'warm':>9}{'entered':>9}{'requests':>10}"
    for each in costs:
        figures = (each.cut, each.cold, each.warm, each.entered)
        yield f"{each.shape:28}{''.join(f'{figure:>9,.0f}' for figure in figures)}{each.requests:>10}"
    yield ""
    yield f"{known.threads:,} conversations: {known.bytes_each:,.0f} bytes each, {known.resident_each:,.0f} resident"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.conversations", description=__doc__, allow_abbrev=False)
    parser.add_argument("--rounds", type=int, default=8, help="conversations of each shape (%(default)s)")
    parser.add_argument("--threads", type=int, default=_THREADS, help="conversations to remember (%(default)s)")
    parser.add_argument("--json", action="store_true", help="the figures for programs")
    return parser


if __name__ == "__main__":
    sys.exit(main())
