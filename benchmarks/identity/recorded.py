"""Recorded conversations: whole ones, from which requests can be made as applications send them."""

import json
import os
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from benchmarks.errors import BenchError

VARIABLE = "COSTPROXY_DATA"
_USUAL_PLACE = Path(__file__).resolve().parents[3] / "shared" / "data"
_FOLDER = "conversations"
_SESSIONS = "sessions-"
_MODEL = "gpt-4o"  # where the recording names none

Message = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """One recorded conversation in the form of the chat API."""

    name: str  # file and number of its line: no other has it
    messages: tuple[Message, ...]
    tools: Sequence[Mapping[str, Any]] | None = None
    model: str = _MODEL
    usage: Mapping[int, Mapping[str, Any]] = field(default_factory=lambda: MappingProxyType({}))  # by index of reply
    begins: int = 1  # replies lie here or later: what is before was sent as an example

    @property
    def replies(self) -> list[int]:
        """Indexes of the assistant's messages that answer a request: the messages before each of them."""
        return [index for index, message in self._from_begin() if message["role"] == "assistant" and self._asks(index)]

    def _from_begin(self) -> list[tuple[int, Message]]:
        return list(enumerate(self.messages))[self.begins :]

    def _asks(self, end: int) -> bool:
        """Whether there is something to answer in the first `end` messages; a greeting answers nothing."""
        return any(message["role"] in ("user", "tool", "function") for message in self.messages[:end])


def folder(given: Path | None) -> Path:
    """Return the folder of the recorded conversations.

    Raises:
        BenchError: it is not there.
    """
    found = given or Path(os.environ.get(VARIABLE) or _USUAL_PLACE)
    found = found / _FOLDER if (found / _FOLDER).is_dir() else found
    if not found.is_dir():
        raise BenchError(f"expected a folder of recorded conversations (an argument, or {VARIABLE}), found no {found}")
    return found


def conversations(where: Path) -> list[Conversation]:
    """Return all whole conversations of a folder that have a request, file by file."""
    paths = [path for path in sorted(where.glob("*.jsonl")) if not path.name.startswith(_SESSIONS)]
    found = [_conversation(path, number, line) for path in paths for number, line in _lines(path)]
    return [conversation for conversation in found if conversation.replies]


def sessions(where: Path) -> list[Path]:
    """Return the files of sessions that were recorded request by request."""
    return sorted(where.glob(f"{_SESSIONS}*.jsonl"))


def sample(of: Sequence[Conversation], count: int, *, seed: int, least: int = 2) -> list[Conversation]:
    """Choose so many conversations of at least `least` requests, all of them if there are not more."""
    long = [conversation for conversation in of if len(conversation.replies) >= least]
    return random.Random(seed).sample(long, min(count, len(long)))


def _lines(path: Path) -> list[tuple[int, str]]:
    with path.open(encoding="utf-8") as lines:
        return [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]


def _conversation(path: Path, number: int, line: str) -> Conversation:
    facts = json.loads(line)
    return Conversation(
        name=f"{path.stem}:{number}",
        messages=tuple(facts["messages"]),
        tools=facts.get("tools") or None,
        model=facts.get("model") or _MODEL,
        usage=MappingProxyType({each["index"]: each for each in facts.get("usage") or ()}),
        begins=1 + facts.get("demo_messages", 0),
    )
