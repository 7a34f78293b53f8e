"""What is measured: how much of what kind of traffic."""

from dataclasses import dataclass

PERIOD = 0.010  # seconds between the chunks of a paced stream


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """Growing conversations in a closed loop: a connection sends its next request when it has its answer."""

    name: str
    messages: int  # of the average request
    size: int  # bytes of the average request's messages
    turns: int  # of a conversation; each adds two messages
    connections: int
    requests: int
    tools: bool = False

    @property
    def first(self) -> int:
        """How many messages a conversation's first request has."""
        return max(1, self.messages - (self.turns - 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Streams:
    """Streamed answers, so many at once; in the pace of a model, or as fast as they go."""

    name: str
    concurrent: int
    chunks: int  # of one stream
    each: int = 1  # streams that a connection asks for, one after the other
    paced: bool = False

    @property
    def total(self) -> int:
        """How many chunks come in all."""
        return self.concurrent * self.each * self.chunks

    @property
    def nominal(self) -> float:
        """Seconds that the paced streams should take."""
        return self.each * self.chunks * PERIOD


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Requests at fixed times, whether or not earlier ones have been answered."""

    name: str
    shape: Chat
    rate: float  # requests per second
    connections: int
    requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Resident memory of a fresh process, before and after conversations."""

    name: str
    shape: Chat
    conversations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Time from starting the process to the first 200."""

    name: str


Workload = Chat | Streams | Latency | Memory | Start


def workloads(*, quick: bool) -> tuple[Workload, ...]:
    """Return all workloads; `quick` ones have the same names and shapes, but give numbers of little worth."""
    small = Chat(name="chat-1k", messages=3, size=1_000, turns=3, connections=8, requests=60 if quick else 3_000)
    return (
        small,
        Chat(name="chat-30k", messages=40, size=30_000, turns=9, connections=8, requests=30 if quick else 2_000),
        Chat(name="chat-400k", messages=200, size=400_000, turns=9, connections=4, requests=12 if quick else 500),
        Chat(
            name="chat-2m",
            messages=500,
            size=2_000_000,
            turns=9,
            connections=2,
            requests=6 if quick else 90,
            tools=True,
        ),
        Streams(name="stream-1", concurrent=1, chunks=20 if quick else 300, paced=True),
        Streams(name="stream-100", concurrent=100, chunks=20 if quick else 200, paced=True),
        Streams(name="stream-500", concurrent=500, chunks=10 if quick else 100, paced=True),
        Streams(name="burst-1", concurrent=1, chunks=200, each=5 if quick else 60),
        Streams(name="burst-100", concurrent=100, chunks=200, each=1 if quick else 3),
        Streams(name="burst-500", concurrent=500, chunks=20 if quick else 200),
        Latency(name="latency", shape=small, rate=50.0, connections=4, requests=25 if quick else 250),
        Memory(name="memory", shape=small, conversations=50 if quick else 10_000),
        Start(name="start"),
    )
