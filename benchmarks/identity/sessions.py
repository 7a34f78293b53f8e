"""Sessions recorded request by request: real clients, with all that they do.

What is recorded is which session a request is of. A session is one conversation mostly; some hold several, or the same
opening over and over, as tests do. So there are two truths: the session, and its *threads*, where a request that
brings no word of the model with it begins a new one.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.identity.ask import Sent, text_of
from benchmarks.identity.reading import sent_of
from costproxy.model import Prompt
from costproxy.offline.recorded_requests import RecordedRequest, read_sources

_SYSTEM = ("system", "developer")
_OWN = ("function_call", "reasoning", "custom_tool_call", "compaction", "item_reference")  # the model's own items
_TELLING = ("output", "arguments", "tool_calls", "content")


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRequest:
    """A request of a session, and which thread of it that goes on."""

    sent: Sent  # its conversation is the session
    thread: str
    opens: bool  # nothing in it was said by the model


def read(path: Path) -> Iterator[list[SessionRequest]]:
    """Yield the sessions of a file."""
    for source in read_sources([str(path)]):
        name = f"{path.stem}:{source.source.rpartition(':')[2]}"
        yield list(_threads(name, list(source.requests)))


def _threads(name: str, requests: Sequence[RecordedRequest]) -> Iterator[SessionRequest]:
    """Tell the threads of a session apart by who has said something, and by their first words."""
    begun: dict[str, str] = {}  # first words: the thread that was last begun with them
    last = ""
    for number, request in enumerate(requests):
        sent = replace(sent_of(request), conversation=name)
        told = [each for each in messages_of(sent.prompt) if each.get("role") not in _SYSTEM]
        opens = sent.prompt.claim.previous is None and not any(map(_is_own, told))
        words = told_of(told[0]) if told else ""
        if opens or not last:
            last = begun[words] = f"{name}#{number}"
        else:
            last = begun.get(words, last)
        yield SessionRequest(sent=sent, thread=last, opens=opens)


def messages_of(prompt: Prompt) -> list[Mapping[str, Any]]:
    """Return the messages of a request, those that are objects."""
    decoded = (msgspec.json.decode(bytes(message)) for message in prompt.messages)
    return [message for message in decoded if isinstance(message, dict)]


def told_of(message: Mapping[str, Any]) -> str:
    """Return what tells a message from another, however it is written."""
    rest = {
        name: message.get(name) for name in ("output", "arguments", "tool_calls", "content") if not text_of(message)
    }
    return f"{message.get('role') or message.get('type')} {text_of(message)} {json.dumps(rest, sort_keys=True)}"


def _is_own(message: Mapping[str, Any]) -> bool:
    return message.get("role") == "assistant" or message.get("type") in _OWN
