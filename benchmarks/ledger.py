"""What the ledger costs: `python -m benchmarks.ledger`. See docs/benchmarks.md.

CPU per exchange for recording it and for writing it, bytes per exchange, and how long a large ledger takes to answer.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

if __name__ == "__main__" and not __package__:  # started by its path, it finds its own folder only
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from benchmarks import cores
from benchmarks.environment import environment
from costproxy.conversations.tracker import Tracker
from costproxy.meter import Meter
from costproxy.meter.build import build_meter
from costproxy.meter.conversations import Conversations
from costproxy.model import Asked, ChatReply, ChatRequest, Ending, Exchange, Prompt, ReplyMessage, Timing, Turn, Usage
from costproxy.overrides import open_prices
from costproxy.recording.ledger import Question, SqliteReader
from costproxy.recording.ledger.entry import Entry, Event, entry_of
from costproxy.recording.ledger.store import Store
from costproxy.settings import Settings

_SECRET = b"a secret of the benchmark, which no one needs to guess"
_BATCH = 100  # exchanges of a commit: 500 a second
_TURNS = 8  # of a conversation
_YEAR = 365 * 86_400.0
_START = 1_760_000_000.0
_MODELS = ("gpt-4o", "gpt-4o-mini", "gpt-4.1", "o3")
_APPS = ("shop", "help", "search", "agents", None)
_RAW = {
    "prompt_tokens": 2321,
    "completion_tokens": 187,
    "total_tokens": 2508,
    "prompt_tokens_details": {"cached_tokens": 2048, "audio_tokens": 0},
    "completion_tokens_details": {
        "reasoning_tokens": 0,
        "audio_tokens": 0,
        "accepted_prediction_tokens": 0,
        "rejected_prediction_tokens": 0,
    },
}
_EXCHANGE = Exchange(
    id="",
    upstream="default",
    dialect="openai",
    api="chat",
    app="shop",
    method="POST",
    status=200,
    ending=Ending.COMPLETE,
    timing=Timing(started=1.0, sent=1.001, replied=1.4, ended=3.0, overhead=0.0004),
    started_at=_START,
    bytes_in=9000,
    bytes_out=4000,
    request=ChatRequest(model="gpt-4o", messages=15),
    reply=ChatReply(
        model="gpt-4o-2024-08-06",
        finish_reasons=("stop",),
        usage=Usage(input=273, cache_read=2048, output=187),
        complete=True,
        raw_usage=_RAW,
        id="chatcmpl-BxYz0123456789abcdefghijk",
        messages=(ReplyMessage(text="An answer, more or less at length."),),
        first_token_at=1.4,
        last_token_at=3.0,
        streamed=True,
        service_tier="default",
    ),
)
_MISTAKE = Event(type="mistake", kind="reply_dropped", message=3)
_MISTAKES = 10  # one in so many exchanges


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and return 0."""
    options = _parser().parse_args(argv)
    tracker = Tracker(secret=_SECRET)
    turns = _conversation(tracker)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path = Path(folder) / "ledger.sqlite"
        figures = {**_recording(turns), **_states(tracker, turns), **_writing(path, turns, options.rows)}
        figures |= _asking(SqliteReader(path))
    where = environment(cores.choose())
    if options.json:
        print(json.dumps({"environment": where, "figures": figures}, indent=2))
    else:
        lines = [f"{name:12} {value}" for name, value in where.items()]
        print("\n".join((*lines, "", *(f"{name:58}{value:>12,.1f}" for name, value in figures.items()))))
    return 0


def _conversation(tracker: Tracker) -> list[Turn]:
    """Lead one conversation through the meter."""
    prices = open_prices(Settings())
    meter = build_meter(prices, secret=_SECRET, conversations=Conversations(tracker, prices, warn_at=(70, 85, 95)))
    return [_turn(meter, number) for number in range(1, _TURNS + 1)]


def _turn(meter: Meter, number: int) -> Turn:
    """Lead one request of a growing conversation through the meter."""
    text = "What one says in a chat, more or less at length. " * 4
    said = [f'{{"role":"{role}","content":"{n} {text}"}}' for n in range(number) for role in ("user", "assistant")]
    request = ChatRequest(model="gpt-4o", messages=2 * number - 1)
    asked = Asked(
        exchange=f"{number}",
        upstream="default",
        api="chat",
        app="shop",
        caller=b"c",
        at=_START + number,
        request=request,
        prompt=Prompt(messages=[each.encode() for each in said[:-1]]),
    )
    return meter.turn(replace(_EXCHANGE, id=f"{number}", started_at=asked.at, placement=meter.place(asked)))


def _recording(turns: Sequence[Turn]) -> dict[str, float]:
    rounds = 2000
    began = time.process_time_ns()
    for number in range(rounds):
        entry_of(turns[number % len(turns)])
    return {"record: CPU per exchange, µs": (time.process_time_ns() - began) / 1e3 / rounds}


def _states(tracker: Tracker, turns: Sequence[Turn]) -> dict[str, float]:
    assert turns[-1].standing is not None
    own, rounds = turns[-1].standing.placement.conversation, 500
    began = time.process_time_ns()
    for _ in range(rounds):
        tracker.export(own)
    spent = (time.process_time_ns() - began) / 1e3 / rounds
    return {
        "state of a conversation: CPU, once a commit, µs": spent,
        "state of a conversation: bytes": float(len(tracker.export(own) or b"")),
    }


def _writing(path: Path, turns: Sequence[Turn], rows: int) -> dict[str, float]:
    store = Store(path)
    entries = [entry_of(turn) for turn in turns]
    spent = 0
    for first in range(0, rows, _BATCH):
        batch = [_entry(entries, number, rows) for number in range(first, min(rows, first + _BATCH))]
        began = time.process_time_ns()
        store.write(batch, {})
        spent += time.process_time_ns() - began
    store.close()
    return {
        "exchanges": float(rows),
        f"write: CPU per exchange, {_BATCH} a commit, µs": spent / 1e3 / rows,
        "file: bytes per exchange": path.stat().st_size / rows,
    }


def _entry(entries: Sequence[Entry], number: int, rows: int) -> Entry:
    """Return one of a year's exchanges: conversations of some turns, four models, five applications."""
    conversation, turn = divmod(number, _TURNS)
    entry = entries[turn]
    changed: dict[str, Any] = {
        "id": f"{number:016x}",
        "started": _START + number * _YEAR / rows,
        "ended": _START + number * _YEAR / rows + 2,
        "conversation": f"{conversation * 2654435761 % 2**64:016x}",
        "model": _MODELS[conversation % 4],
        "app": _APPS[conversation % 5],
    }
    events = (_MISTAKE,) if number % _MISTAKES == 0 else ()
    return replace(entry, row={**entry.row, **changed}, events=events)


def _asking(reader: SqliteReader) -> dict[str, float]:
    middle = _START + _YEAR / 2
    odd = {"since": _START + 12_345.6, "until": _START + _YEAR - 12_345.6}
    some = reader.conversations(Question(), most=1)[0].id
    questions: dict[str, Callable[[], object]] = {
        "spend of a year by model": lambda: reader.spend(Question(by=("model",), **odd)),
        "spend of a year by day and app": lambda: reader.spend(Question(by=("day", "app"), **odd)),
        "spend of a year of one app, by quality": lambda: reader.spend(Question(app="shop", by=("quality",), **odd)),
        "20 top conversations of a year": lambda: reader.conversations(Question(**odd), most=20),
        "20 top conversations of a week": lambda: reader.conversations(
            Question(since=middle, until=middle + 604_800), most=20
        ),
        "mistakes of a year": lambda: reader.mistakes(Question(**odd)),
        "one conversation": lambda: list(reader.turns(some)),
        "first 10,000 of an export": lambda: _take(reader.export(Question()), 10_000),
    }
    return {f"ask: {name}, ms": _milliseconds(ask) for name, ask in questions.items()}


def _take(rows: Iterator[Any], count: int) -> int:
    return sum(1 for _, _ in zip(range(count), rows, strict=False))


def _milliseconds(ask: Callable[[], object]) -> float:
    """Return how long the second time takes: a page is looked at more than once."""
    ask()
    began = time.perf_counter()
    ask()
    return (time.perf_counter() - began) * 1e3


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ledger", description=__doc__, allow_abbrev=False)
    parser.add_argument("--rows", type=int, default=1_000_000, help="exchanges of the ledger (%(default)s)")
    parser.add_argument("--folder", help="where to put it for the time being (a temporary one)")
    parser.add_argument("--json", action="store_true", help="the figures for programs")
    return parser


if __name__ == "__main__":
    sys.exit(main())
