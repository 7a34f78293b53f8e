"""What a server itself says it has done: the other side of the bill."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as a server saw it."""

    path: str
    headers: Mapping[str, str]  # names in lower case, in order
    body: Any  # its JSON
    status: int  # of the reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A server's own count since it was last told to `forget`; None means that it does not keep it."""

    prompt: int  # tokens, cached ones included
    cached: int
    completion: int
    finish_reasons: Mapping[str, int] | None = None
    asked: Sequence[Asked] | None = None


class Server(Protocol):
    """A server that somebody else wrote."""

    url: str  # without a path
    passing: frozenset[str]  # keys of its replies that differ from one reply to the next

    async def forget(self) -> None:
        """Count from here."""

    async def account(self) -> Account:
        """Return what has happened since."""
