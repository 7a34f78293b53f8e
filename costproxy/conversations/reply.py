"""A reply as later requests are recognised by it."""

from collections.abc import Sequence
from dataclasses import dataclass

from costproxy.conversations.digests import Digests
from costproxy.conversations.facts import TELLING
from costproxy.conversations.placed import Placed
from costproxy.conversations.reader import Reader
from costproxy.model import ReplyMessage

_MOST_CHOICES = 16  # that are entered
_MOST_CALLS = 64  # likewise, of all choices


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a reply is found by; no field holds a text."""

    keys: tuple[int, ...] = ()  # for each choice: the chain after it, the last link and it; then the tool calls
    echo: int = 0  # what tells it by itself; 0: it is too short, or one of several
    replies: int = 0  # in a history that ends with it
    calls: bool = False  # it calls tools
    whole: bool = False  # it is known from end to end, and not empty
    cut: bool = False  # it broke off


def read_reply(placed: Placed, messages: Sequence[ReplyMessage], *, reader: Reader, digests: Digests) -> Reply:
    """Return what the choices of a reply are found by."""
    keys: list[int] = []
    echo = 0
    calls: list[int] = []
    empty = False
    for message in messages[:_MOST_CHOICES]:
        facts = reader.reply(message)
        empty = empty or not facts.length
        if len(messages) == 1 and facts.length >= TELLING:
            echo = digests.echo(placed.scope, facts.digest)
        keys.append(digests.step(placed.round.request, facts.digest))
        if placed.begun is not None and (both := reader.prefilled(placed.begun, message)) is not None:
            # It may come back with that beginning, or without.
            keys += (digests.step(placed.before, each.digest) for each in (both, facts))
        if placed.last is not None:
            keys.append(digests.tail(placed.scope, placed.last.digest, facts.digest))
        calls += (digests.step(placed.scope, made) for made in facts.makes if made & 1)
    whole = bool(messages) and not empty and all(message.whole for message in messages)
    cut = not all(message.whole for message in messages)
    return Reply(
        keys=(*keys, *calls[:_MOST_CALLS]),
        echo=echo,
        replies=placed.replies + 1,
        calls=bool(calls),
        whole=whole,
        cut=cut,
    )
