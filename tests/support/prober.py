"""Measures, in a process of its own, how late a proxy is: its health checks, and the events of a stream.

Sender and receiver of the events are both here, so that one clock measures and nobody else's load delays it.
It says `{"upstream": URL}`, is told `{"url", "admin_url", "seconds"}`, and says what it measured; times are in seconds.
"""

import asyncio
import json
import sys
from time import perf_counter
from typing import Any

from costproxy.demo.replies import EVENTS, head
from tests.support.raw import RawClient, dial, post, request

EVERY = 0.02  # seconds between events and between health checks


async def ticks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Be an upstream whose stream has an event at every tick, with the time in it, until the peer leaves."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(head(200, [EVENTS, ("Transfer-Encoding", "chunked")]))
    try:
        while not reader.at_eof():
            event = b"data: %r\n\n" % perf_counter()
            writer.write(b"%x\r\n%s\r\n" % (len(event), event))
            await writer.drain()
            await asyncio.sleep(EVERY)
    except ConnectionError:
        pass
    finally:
        writer.close()


async def stream_delays(client: RawClient, until: float) -> list[float]:
    """Return how long each event of the stream was on its way."""
    await client.send(post(b'{"stream":true}', target="/ticks/v1/chat/completions"))
    await client.final_head()
    delays = []
    while perf_counter() < until:
        events = (await client.chunk()).split(b"\n\n")
        now = perf_counter()
        delays += [now - float(event.removeprefix(b"data: ")) for event in events if event]
    return delays


async def health_delays(client: RawClient, until: float) -> list[float]:
    """Return how long each health check took."""
    delays = []
    while perf_counter() < until:
        asked = perf_counter()
        await client.ask(request("GET", "/healthz"))
        delays.append(perf_counter() - asked)
        await asyncio.sleep(EVERY)
    return delays


def summary(delays: list[float]) -> dict[str, float]:
    """Return their number, median, 99th percentile and maximum."""
    ranked = sorted(delays)
    return {
        "count": len(ranked),
        "p50": ranked[len(ranked) // 2],
        "p99": ranked[int(len(ranked) * 0.99)],
        "max": ranked[-1],
    }


async def main() -> None:
    """Measure once for each order that comes in."""
    server = await asyncio.start_server(ticks, "127.0.0.1", 0)
    say({"upstream": f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"})
    while line := await asyncio.to_thread(sys.stdin.readline):
        order = json.loads(line)
        async with dial(order["url"]) as streaming, dial(order["admin_url"]) as checking:
            until = perf_counter() + order["seconds"]
            stream, health = await asyncio.gather(stream_delays(streaming, until), health_delays(checking, until))
        say({"stream": summary(stream), "health": summary(health)})


def say(what: dict[str, Any]) -> None:
    """Write a line of JSON."""
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
