"""Applications that talk through a running proxy, and all that the proxy tells of it afterwards."""

import contextlib
import io
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from costproxy.app import Proxy
from costproxy.demo.upstream import SimulatedUpstream
from tests.support.provider import Provider
from tests.support.proxy import proxy_settings
from tests.support.raw import Header, RawReply, ask, post
from tests.support.scrape import Scrape, recorded
from tests.support.talk import Message, said, system, user

MODEL = "gpt-4o-mini"


class Caller:
    """An application that keeps a history, and sends all of it each time; a connection for each request."""

    def __init__(
        self, url: str, *headers: Header, model: str = MODEL, stream: bool = False, instructions: str | None = None
    ) -> None:
        self.url = url
        self.headers = headers
        self.model = model
        self.stream = stream
        self.history: list[Message] = [] if instructions is None else [system(instructions)]

    async def say(self, text: str, **fields: Any) -> RawReply:
        """Say something, and take the reply into the history."""
        return await self.add(user(text), **fields)

    async def add(self, *messages: Message, **fields: Any) -> RawReply:
        """Go on with these messages, and take the reply into the history."""
        self.history += messages
        reply = await self.send(self.history, **fields)
        if reply.status == 200:
            self.history.append(message_of(reply.body, streamed=self.stream))
        return reply

    async def send(self, messages: Sequence[Message], **fields: Any) -> RawReply:
        """Send exactly these messages."""
        body = {"model": self.model, "messages": messages, **({"stream": True} if self.stream else {}), **fields}
        return await ask(self.url, post(json.dumps(body).encode(), *self.headers))


def message_of(body: bytes, *, streamed: bool) -> Message:
    """Return the assistant's message of a reply; of a stream, its text."""
    if not streamed:
        message: Message = json.loads(body)["choices"][0]["message"]
        return message
    events = [json.loads(line[6:]) for line in body.splitlines() if line.startswith(b"data: {")]
    return said("".join(choice["delta"].get("content") or "" for each in events for choice in each["choices"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What there is to see after a play."""

    log: str  # all that was logged
    seen: Scrape
    upstream: SimulatedUpstream

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The lines of the log."""
        return [json.loads(line) for line in self.log.splitlines()]

    def events(self, event: str) -> list[dict[str, Any]]:
        """Return the lines about one kind of event."""
        return [line for line in self.lines if line["event"] == event]

    @property
    def exchanges(self) -> list[dict[str, Any]]:
        """The lines of the exchanges that were metered, as they ended."""
        return [line for line in self.events("exchange") if "conversation" in line]

    @property
    def conversations(self) -> list[str]:
        """Their conversations, by numbers in the order in which they first ended: 0 0 1 0."""
        ids = [line["conversation"] for line in self.exchanges]
        first = list(dict.fromkeys(ids))
        return [str(first.index(each)) for each in ids]

    def told(self, name: str) -> list[Any]:
        """Return one fact of each of these lines, None where it is missing."""
        return [line.get(name) for line in self.exchanges]


async def play(
    script: Callable[[str], Awaitable[object]],
    provider: Provider | None = None,
    *,
    file: Path | None = None,
    inspect: Callable[[Proxy], object] = lambda _: None,
    **flags: object,
) -> Played:
    """Run a script against the URL of a proxy before that provider; `flags` are settings by word.

    `inspect` is called when all is recorded, before the proxy stops.
    """
    flags = {"log_level": "debug", **flags}
    async with SimulatedUpstream(provider or Provider()) as upstream:
        log = io.StringIO()
        with contextlib.redirect_stdout(log):  # the log takes what stdout is when it is made
            proxy = Proxy(proxy_settings(upstream.url, file=file, **flags))
        async with proxy:
            await script(proxy.url)
            seen = await recorded(proxy, len(upstream.requests))
            inspect(proxy)
    assert upstream.errors == []
    assert upstream.faults == []
    assert seen.total("costproxy_record_failures_total") == 0
    return Played(log=log.getvalue(), seen=seen, upstream=upstream)
