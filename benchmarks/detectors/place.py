"""Where a mistake can be made in a recorded conversation, and what the requests are like from then on."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.identity.ask import Sent, Thread
from benchmarks.identity.recorded import Conversation
from costproxy.model import MistakeKind, Region

SYSTEM = ("system", "developer")

Texts = list[bytes]
Spoil = Callable[[Texts], Texts]  # the messages of one request, as sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Injected:
    """A conversation with one mistake in it."""

    kind: MistakeKind
    sent: Sequence[Sent]
    request: int  # the first with the mistake
    index: int | None = None  # of the message in that request; None: it is of no message
    region: Region | None = None  # of CACHE_BROKEN
    implied: frozenset[MistakeKind] = frozenset({MistakeKind.CACHE_BROKEN})  # what may be true of it as well


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a mistake can be made: in the request before the message at `reply`, about the reply at `before`."""

    thread: Thread
    number: int
    before: int
    reply: int
    chance: random.Random


def places(conversation: Conversation, chance: random.Random, least: int = 1) -> Iterator[Place]:
    """Yield where a mistake can be made, in any order."""
    thread = Thread(conversation)
    numbers = list(range(least, len(thread.replies)))
    chance.shuffle(numbers)
    for number in numbers:
        before, reply = thread.replies[number - 1 : number + 1]
        yield Place(thread=thread, number=number, before=before, reply=reply, chance=chance)


def spoilt(place: Place, spoil: Spoil, **asked: Any) -> list[Sent]:
    """Return the requests, from that place on with the mistake."""
    thread = place.thread
    right = [thread.ask(reply).sent for reply in thread.replies[: place.number]]
    wrong = (thread.ask(reply, spoil(list(thread.texts[:reply])), **asked) for reply in thread.replies[place.number :])
    return [*right, *(ask.sent for ask in wrong)]


def without(texts: Texts, index: int) -> Texts:
    return texts[:index] + texts[index + 1 :]


def changed(texts: Texts, index: int, text: bytes) -> Texts:
    return [*texts[:index], text, *texts[index + 1 :]]


def first_spoken(thread: Thread) -> int:
    return next((index for index in range(len(thread.texts)) if thread.role(index) not in SYSTEM), 0)
