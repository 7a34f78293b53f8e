"""What it costs to meter an exchange: `python -m benchmarks.metering`. See docs/benchmarks.md.

CPU of all that is done for one request and its reply beside passing them on, metrics and log: growing chats, one
process, no sockets.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from pathlib import Path
from statistics import median
from typing import Any

if __name__ == "__main__" and not __package__:  # started by its path, it finds its own folder only
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from benchmarks.conversation import Writer
from benchmarks.text import MODEL
from benchmarks.workloads import Chat, workloads
from costproxy.conversations.tracker import Tracker
from costproxy.meter import Meter
from costproxy.meter.build import build_meter
from costproxy.meter.conversations import Conversations
from costproxy.model import Asked, Ending, Exchange, Timing
from costproxy.pricing.catalogue import load
from costproxy.pricing.prices import Prices
from costproxy.wire.observer import Limits, Observer

_SECRET = b"a secret of the benchmark, which no one needs to guess"
_LIMITS = Limits()
_KEPT = 1024 * 1024  # bytes of a request, as the relay keeps them
PHASES = ("read", "place", "facts", "turn")


@dataclass(slots=True)
class Spent:
    """CPU of every request by phase, in µs."""

    phases: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in PHASES})

    def timed(self, phase: str, work: Callable[[], Any]) -> Any:
        """Return what `work` returns, and note what it took."""
        begin = time.thread_time_ns()
        result = work()
        self.phases[phase].append((time.thread_time_ns() - begin) / 1e3)
        return result


class Stage:
    """A meter as a running proxy has it, but for quotas."""

    def __init__(self) -> None:
        prices = Prices(load())
        tracker = Tracker(secret=_SECRET)
        conversations = Conversations(tracker, prices, warn_at=(70, 85, 95))
        self.meter: Meter = build_meter(prices, secret=_SECRET, conversations=conversations)
        self._number = 0

    def lead(self, requests: Sequence[bytes], spent: Spent) -> None:
        """Lead one conversation; its last request only tells the reply to the one before."""
        for request, following in pairwise(requests):
            head, _, body = request.partition(b"\r\n\r\n")
            self._exchange(_headers(head), body, _reply(body, following), spent)

    def _exchange(self, headers: dict[bytes, bytes], body: bytes, reply: bytes, spent: Spent) -> None:
        self._number += 1
        at, number = float(self._number), f"{self._number:016x}"

        def read() -> tuple[Observer, Asked]:
            observer = Observer(_LIMITS, kept_request=_KEPT)
            observer.request_headers(headers)
            observer.request_body(body)
            observer.ask_for_usage()
            return observer, _asked(observer, number, at)

        observer, asked = spent.timed("read", read)
        placement = spent.timed("place", lambda: self.meter.place(asked))

        def facts() -> Exchange:
            observer.head(200, "")
            observer.body(reply, at + 1)
            return _exchange(observer, asked, placement)

        exchange = spent.timed("facts", facts)

        def turn() -> None:
            self.meter.answered(exchange)
            assert not self.meter.needs_counting(exchange)
            self.meter.turn(exchange)
            self.meter.wants_to_learn(exchange)

        spent.timed("turn", turn)


def cost(shape: Chat, conversations: int) -> Spent:
    """Measure conversations of a shape."""
    stage, spent = Stage(), Spent()
    requests = Writer().conversations(shape)
    for number in range(conversations + 1):
        stage.lead(list(islice(requests, shape.turns)), spent if number else Spent())
    return spent


def _asked(observer: Observer, number: str, at: float) -> Asked:
    request, prompt = observer.read_request(), observer.take_prompt()
    assert request is not None
    assert prompt is not None
    return Asked(
        exchange=number,
        upstream="default",
        api="chat",
        app=None,
        caller=b"everybody",
        at=at,
        request=request,
        prompt=prompt,
        dialect="openai",
    )


def _exchange(observer: Observer, asked: Asked, placement: Any) -> Exchange:
    return Exchange(
        id=asked.exchange,
        upstream=asked.upstream,
        dialect=asked.dialect,
        api=asked.api,
        app=None,
        method="POST",
        status=200,
        ending=Ending.COMPLETE,
        timing=Timing(started=asked.at, ended=asked.at + 1, sent=asked.at, replied=asked.at + 1),
        started_at=asked.at,
        request=asked.request,
        reply=observer.facts(asked.dialect, asked.at + 1),
        caller=asked.caller,
        placement=placement,
        request_text=observer.request_text,
    )


def _reply(body: bytes, following: bytes) -> bytes:
    """Return the reply that the next request sends back."""
    sent = json.loads(body)["messages"]
    message = json.loads(following.partition(b"\r\n\r\n")[2])["messages"][len(sent)]
    tokens = len(body) // 4
    usage = {
        "prompt_tokens": tokens,
        "completion_tokens": 80,
        "total_tokens": tokens + 80,
        "prompt_tokens_details": {"cached_tokens": tokens // 2 // 128 * 128, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 16, "audio_tokens": 0},
    }
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if "tool_calls" in message else "stop"}
    return json.dumps(
        {"id": "chatcmpl-1", "object": "chat.completion", "model": MODEL, "choices": [choice], "usage": usage}
    ).encode()


def _headers(head: bytes) -> dict[bytes, bytes]:
    lines = (line.partition(b": ") for line in head.split(b"\r\n")[1:])
    return {name.lower(): value for name, _, value in lines}


def lines(found: Sequence[tuple[str, Spent]]) -> Iterator[str]:
    """Yield a table of medians, in µs."""
    yield f"{'CPU per exchange, µs':22}{''.join(f'{name:>9}' for name in PHASES)}{'all':>9}{'exchanges':>11}"
    for name, spent in found:
        each = spent.phases.values()
        figures = (*map(median, each), median(map(sum, zip(*each, strict=True))))
        count = len(spent.phases["turn"])
        yield f"{name:22}{''.join(f'{figure:>9,.0f}' for figure in figures)}{count:>11}"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and return 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.metering", description=__doc__, allow_abbrev=False)
    parser.add_argument("--rounds", type=int, default=12, help="conversations of each shape (%(default)s)")
    options = parser.parse_args(argv)
    shapes = [each for each in workloads(quick=True) if isinstance(each, Chat)]
    print("\n".join(lines([(shape.name, cost(shape, options.rounds)) for shape in shapes])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
