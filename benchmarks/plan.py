"""Which measurement comes when, and how long what is left will take."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TextIO

from benchmarks.contenders import DIRECT, NAMES
from benchmarks.workloads import Chat, Latency, Memory, Start, Streams, Workload

_SETTING_UP = 0.7  # seconds of connecting, warming up and settling around each measurement


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One measurement."""

    round: int  # from 1
    workload: Workload
    contender: str


def steps(workloads: Sequence[Workload], rounds: int) -> list[Step]:
    """Return the measurements in order: the contenders take turns, so that what disturbs one disturbs all."""
    return [
        Step(round=number, workload=workload, contender=contender)
        for number in range(1, rounds + 1)
        for workload in workloads
        for contender in NAMES
        if _is_due(workload, contender, number)
    ]


def _is_due(workload: Workload, contender: str, number: int) -> bool:
    if isinstance(workload, Memory):
        return contender != DIRECT and number == 1  # long, and hardly different from one time to the next
    return contender != DIRECT or not isinstance(workload, Start)


def guess(step: Step) -> float:
    """Return about how many seconds a step takes, before anything of the kind has been measured."""
    workload = step.workload
    match workload:
        case Chat():
            return _SETTING_UP + workload.requests * (150e-6 + workload.size * 3e-9)
        case Streams():
            pace = workload.nominal if workload.paced else 0.0
            return _SETTING_UP + max(pace, workload.total * 30e-6 if workload.paced else workload.total * 5e-6)
        case Latency():
            return _SETTING_UP + workload.requests / workload.rate
        case Memory():
            return _SETTING_UP + workload.conversations * workload.shape.turns * 200e-6
        case Start():
            return 0.7


class Progress:
    """Tells somebody who waits what is being measured, and how much is left."""

    def __init__(self, plan: Sequence[Step], stream: TextIO) -> None:
        self._plan = plan
        self._stream = stream
        self._live = stream.isatty()
        self._took: dict[tuple[str, str], float] = {}  # seconds, the last time, by workload and contender
        self._started = time.monotonic()

    def begin(self, number: int) -> None:
        """Say that the step of that index begins."""
        step = self._plan[number]
        self._started = time.monotonic()
        what = f"round {step.round}, {step.workload.name}, {step.contender}"
        line = f"{number + 1:3} of {len(self._plan)}  {what:40} {_duration(self._left(number))} left"
        if self._live:
            self._stream.write(f"\r\033[K{line}")
        elif number % len(NAMES) == 0:
            self._stream.write(f"{line}\n")
        self._stream.flush()

    def done(self, number: int) -> None:
        """Note that it has ended."""
        self._took[_key(self._plan[number])] = time.monotonic() - self._started

    def end(self) -> None:
        """Take the line away again."""
        if self._live:
            self._stream.write("\r\033[K")
            self._stream.flush()

    def _left(self, number: int) -> float:
        return sum(self._took.get(_key(step), guess(step)) for step in self._plan[number:])


def _key(step: Step) -> tuple[str, str]:
    return step.workload.name, step.contender


def _duration(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
