"""What the simulated upstream does with a request: steps, carried out in order.

After the last step the connection is kept for the next request, unless the request asked for
`Connection: close`. Steps say exactly which bytes leave and when, so any misbehaviour is a plan.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Send:
    """Write these bytes at once, as they are."""

    data: bytes
    body: bool = False  # part of a reply's content, which HEAD leaves out and `cut` counts


@dataclass(frozen=True, slots=True)
class Drip:
    """Write the bytes in pieces of `size`, waiting `every` seconds after each."""

    data: bytes
    size: int = 1
    every: float = 0.001
    body: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """Do nothing for this many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Until:
    """Do nothing until the event is set, so that a test decides when to go on."""

    event: asyncio.Event


@dataclass(frozen=True, slots=True)
class Hold:
    """Do nothing until the peer leaves."""


@dataclass(frozen=True, slots=True)
class Close:
    """Close the connection in good order (FIN) after what was written before."""


@dataclass(frozen=True, slots=True)
class HalfClose:
    """Send FIN but go on reading, until the peer closes too."""


@dataclass(frozen=True, slots=True)
class Reset:
    """Break the connection (RST) after what was written before."""


@dataclass(frozen=True, slots=True)
class Echo:
    """Send back whatever arrives until the peer sends FIN, then close: the far end of a tunnel."""


Step: TypeAlias = Send | Drip | Wait | Until | Hold | Close | HalfClose | Reset | Echo
Plan: TypeAlias = tuple[Step, ...]


def content_size(plan: Plan) -> int:
    """Return how many bytes of content a plan sends, chunk framing included."""
    return sum(len(step.data) for step in plan if isinstance(step, Send | Drip) and step.body)


def cut(plan: Plan, after: int, then: Step) -> Plan:
    """Return the plan stopped after `after` bytes of content, chunk framing included, then `then`.

    The head stays whole. A plan with less content than that is followed to its end, then `then`.
    """
    return (*_cut_steps(plan, after), then)


def _cut_steps(plan: Plan, left: int) -> Iterator[Step]:
    for step in plan:
        if isinstance(step, Send | Drip) and step.body:
            if len(step.data) >= left:
                yield replace(step, data=step.data[:left])
                return
            left -= len(step.data)
        if not isinstance(step, Close):
            yield step
