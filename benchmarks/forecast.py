"""How well the end of a context window is foretold: `python -m benchmarks.forecast [FOLDER]`.

At every request of a recorded conversation the window is taken to end where the prompt will be some requests later,
and each way of telling the slope says how many requests that is. `FOLDER` holds the recordings, *.jsonl.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from pathlib import Path
from statistics import mean, median
from types import MappingProxyType

if __name__ == "__main__" and not __package__:  # started by its path, it finds its own folder only
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from benchmarks.errors import BenchError
from benchmarks.identity import recorded
from benchmarks.identity.recorded import Conversation, Message
from costproxy.conversations.forecast import MOST_POINTS, SURE_POINTS, slope
from costproxy.tokens.encodings import O200K, Encodings

AHEAD = (3, 6)  # requests
LATE = 2  # requests
_FRAME, _CALL = 4, 8  # tokens around a message, and around a call of a tool
_SMOOTHING = 0.3

Prompts = Sequence[int]  # tokens, request by request


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """How far forecasts were off, in requests."""

    forecasts: int
    error: float  # mean absolute
    late: float  # share of forecasts more than two requests late
    bias: float  # mean; above 0 is too late


def _ols(since_drop: Prompts) -> float:
    points = since_drop[-MOST_POINTS:]
    rise, run = slope(list(range(len(points))), list(points))
    return rise / run


def _theil_sen(since_drop: Prompts) -> float:
    points = list(enumerate(since_drop[-MOST_POINTS:]))
    return median((y - z) / (x - w) for (w, z), (x, y) in combinations(points, 2))


def _smoothed(since_drop: Prompts) -> float:
    increments = _increments(since_drop)
    level = float(increments[0])
    for increment in increments[1:]:
        level = _SMOOTHING * increment + (1 - _SMOOTHING) * level
    return level


def _increments(prompts: Prompts) -> list[int]:
    return [after - before for before, after in pairwise(prompts)]


# Name -> the slope of the prompts since the last drop, and its figures in the reference table, which is of 200 runs
# of gpt-4o: mean absolute error 3 requests ahead, and 6.
SLOPES: Mapping[str, tuple[Callable[[Prompts], float], float, float]] = MappingProxyType(
    {
        "last increment": (lambda prompts: _increments(prompts)[-1], 3.05, 5.03),
        "median increment": (lambda prompts: median(_increments(prompts)), 2.30, 4.08),
        "Theil-Sen, last 8": (_theil_sen, 1.90, 3.18),
        "smoothed, 0.3": (_smoothed, 1.88, 3.17),
        "least squares, last 8": (_ols, 1.82, 3.00),
        "mean since the last drop": (lambda prompts: mean(_increments(prompts)), 1.76, 2.94),
    }
)
OURS = "least squares, last 8"


def accuracy(conversations: Iterable[Prompts], name: str, ahead: int) -> Accuracy | None:
    """Return how well a way of telling the slope foretells a crossing `ahead` requests away; None without a case.

    Where a prompt before that one is already as long, there is no such crossing and no case; a slope that is not
    above 0 gives no forecast.
    """
    find, *_ = SLOPES[name]
    errors = [miss for prompts in conversations for miss in _errors(prompts, find, ahead)]
    if not errors:
        return None
    return Accuracy(
        forecasts=len(errors),
        error=mean(map(abs, errors)),
        late=sum(error > LATE for error in errors) / len(errors),
        bias=mean(errors),
    )


def _errors(prompts: Prompts, find: Callable[[Prompts], float], ahead: int) -> Iterator[int]:
    for now in range(len(prompts) - ahead):
        since_drop = _since_drop(prompts[: now + 1])
        usable = prompts[now + ahead]
        if len(since_drop) < SURE_POINTS or max(prompts[now : now + ahead]) >= usable:
            continue
        growth = find(since_drop)
        if growth > 0:
            yield int((usable - prompts[now]) / growth) - ahead


def _since_drop(prompts: Prompts) -> Prompts:
    drops = [at for at, (before, after) in enumerate(pairwise(prompts), 1) if 10 * after < 9 * before]
    return prompts[drops[-1] if drops else 0 :]


class Counter:
    """Counts the prompts of recorded conversations: as billed where that is recorded, else by o200k_base."""

    def __init__(self) -> None:
        self._encoding = Encodings().get(O200K)
        self._known: dict[str, int] = {}

    def prompts(self, conversation: Conversation) -> Prompts:
        """Return the tokens of each request's prompt; bills and counts are never mixed in one conversation."""
        billed = [conversation.usage.get(reply, {}).get("prompt_tokens") for reply in conversation.replies]
        if billed and all(billed):
            return [tokens for tokens in billed if tokens is not None]
        sizes = [self._message(message) for message in conversation.messages]
        tools = self._text(json.dumps(conversation.tools)) if conversation.tools else 0
        return [tools + sum(sizes[:reply]) for reply in conversation.replies]

    def _message(self, message: Message) -> int:
        calls = message.get("tool_calls") or ()
        called = sum(_CALL + self._text(json.dumps(call.get("function"))) for call in calls)
        return _FRAME + called + sum(map(self._text, _texts(message.get("content"))))

    def _text(self, text: str) -> int:
        if text not in self._known:
            self._known[text] = len(self._encoding.encode_ordinary(text))
        return self._known[text]


def _texts(content: object) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        yield from (str(part.get("text") or "") for part in content if isinstance(part, dict))


def by_source(where: Path) -> dict[str, list[Prompts]]:
    """Return the prompts of all recorded conversations, by the file and, in tau-bench, the model they are from."""
    counter, found = Counter(), dict[str, list[Prompts]]()
    for conversation in recorded.conversations(where):
        source = conversation.name.partition(":")[0]
        name = f"{source}, {conversation.model}" if source == "tau-bench" else source
        found.setdefault(name, []).append(counter.prompts(conversation))
    return found


def lines(sources: Mapping[str, Sequence[Prompts]]) -> Iterator[str]:
    """Yield the table of each source that has enough forecasts, and that of all."""
    together = [prompts for conversations in sources.values() for prompts in conversations]
    for name, conversations in (*sources.items(), ("all", together)):
        if (case := accuracy(conversations, OURS, AHEAD[0])) is None or case.forecasts < 50:
            continue
        yield f"{name}: {len(conversations)} conversations"
        heads = "".join(f"{f'{ahead} ahead':>9}{'error':>8}{'late':>6}{'bias':>8}{'(table)':>9}" for ahead in AHEAD)
        yield f"  {'':26}{heads}"
        for label, (_, *table) in SLOPES.items():
            figures = (_figures(accuracy(conversations, label, ahead)) for ahead in AHEAD)
            yield f"  {label:26}" + "".join(f"{text}{known:9.2f}" for text, known in zip(figures, table, strict=True))
        yield ""


def _figures(found: Accuracy | None) -> str:
    if found is None:
        return f"{'-':>31}"
    return f"{found.forecasts:9}{found.error:8.2f}{found.late:6.0%}{found.bias:+8.2f}"


def main(argv: Sequence[str] | None = None) -> int:
    """Print the tables; 2 without recordings."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.forecast", description=__doc__, allow_abbrev=False)
    parser.add_argument("folder", nargs="?", type=Path, help="of recorded conversations, *.jsonl")
    try:
        where = recorded.folder(parser.parse_args(argv).folder)
    except BenchError as error:
        print(f"benchmark: {error}", file=sys.stderr)
        return 2
    print("\n".join(lines(by_source(where))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
