"""The tokens of what was seen of a reply, for streams that were cut off before their usage."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from costproxy.tokens.framing import framing_of
from costproxy.tokens.part import Part
from costproxy.tokens.tool_calls import calls_in_reply


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenReply:
    """The text of a reply's deltas, put together, as much of it as came in."""

    texts: Sequence[str] = ()  # content, refusals and visible reasoning, of all choices
    calls: Sequence[Sequence[tuple[str, str]]] = ()  # for each choice its tool calls: name, argument text so far
    uncounted: int = 0  # pictures and sound that came as data


def reply_parts(seen: SeenReply, model: str) -> Iterator[Part]:
    """Yield the parts of what was seen of a reply; reasoning that was not shown is not among them."""
    framing = framing_of(model)
    yield Part(texts=tuple(text for text in seen.texts if text), uncounted=seen.uncounted)
    for calls in seen.calls:
        yield calls_in_reply(calls, framing)
