"""Threads as plain values that JSON can carry, and back: numbers, names and digests, no words of anybody."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from costproxy.conversations.account import Account
from costproxy.conversations.round import Round
from costproxy.conversations.thread import ROUNDS, Thread

_DIGEST_BITS = 130  # of the chain; see `Digests`


class SavedRound(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A round without what only a running process can know: nobody waits for a reply any more."""

    keys: tuple[str, ...]  # hexadecimal digits
    turn: int
    step: int
    rooted: bool
    at: float
    frame: int
    answered: bool
    cut: bool
    whole: bool
    waits_for_tools: bool
    told: bool


class SavedThread(msgspec.Struct, frozen=True, kw_only=True):
    """A thread; digests as hexadecimal digits, `sent` as base64."""

    id: str
    account: dict[str, Any]
    born: float
    seen: float
    name: str
    rounds: tuple[SavedRound, ...]
    echo: str
    replies: int
    states: tuple[tuple[str, str], ...]  # names of the API's state, and the chain before the reply each stands for
    upstream: str
    app: str | None
    asked_model: str | None
    model: str | None
    home: str
    hints: str
    system: str
    tools: str
    sent: bytes
    sent_count: int
    orphans: tuple[str, ...]


_decoder = msgspec.json.Decoder(SavedThread)


def encoded(thread: Thread, before: Mapping[int, int]) -> bytes:
    """Return a thread as JSON; `before` gives the chain before the reply that each of its states stands for."""
    return msgspec.json.encode(
        SavedThread(
            id=thread.id,
            account=thread.account.state(),
            born=thread.born,
            seen=thread.seen,
            name=_hex(thread.name),
            rounds=tuple(_saved(each) for each in list(thread.rounds)),
            echo=_hex(thread.echo),
            replies=thread.replies,
            states=tuple((_hex(state), _hex(before.get(state, 0))) for state in thread.states),
            upstream=thread.upstream,
            app=thread.app,
            asked_model=thread.asked_model,
            model=thread.model,
            home=_hex(thread.home),
            hints=_hex(thread.hints),
            system=_hex(thread.system),
            tools=_hex(thread.tools),
            sent=thread.sent,
            sent_count=thread.sent_count,
            orphans=tuple(_hex(each) for each in thread.orphans),
        )
    )


def decoded(state: bytes) -> tuple[Thread, dict[int, int]]:
    """Return the thread whose `encoded` this was, and what it was encoded with.

    Raises:
        ValueError: it is no such state.
    """
    saved = _decoder.decode(state)
    if len(saved.rounds) > ROUNDS:
        raise ValueError(f"thread: expected at most {ROUNDS} rounds, found {len(saved.rounds)}")
    thread = Thread(id=saved.id, at=saved.born, name=_number(saved.name))
    thread.account = Account.restore(saved.account)
    thread.seen = saved.seen
    thread.rounds = [_round(each) for each in saved.rounds]
    thread.echo, thread.replies = _number(saved.echo), saved.replies
    thread.upstream, thread.app = saved.upstream, saved.app
    thread.asked_model, thread.model = saved.asked_model, saved.model
    thread.home, thread.hints = _number(saved.home), _number(saved.hints)
    thread.system, thread.tools = _number(saved.system), _number(saved.tools)
    thread.sent, thread.sent_count = saved.sent, saved.sent_count
    thread.orphans = frozenset(_numbers(saved.orphans))
    return thread, {_number(name): _number(before) for name, before in saved.states}


def _saved(round_: Round) -> SavedRound:
    return SavedRound(
        keys=tuple(map(_hex, round_.keys)),
        turn=round_.turn,
        step=round_.step,
        rooted=round_.rooted,
        at=round_.at,
        frame=round_.frame,
        answered=round_.answered,
        cut=round_.cut,
        whole=round_.whole,
        waits_for_tools=round_.waits_for_tools,
        told=round_.told,
    )


def _round(saved: SavedRound) -> Round:
    if not saved.keys:
        raise ValueError("thread: expected a round with a key, found one without")
    keys = _numbers(saved.keys)
    round_ = Round(request=keys[0], turn=saved.turn, step=saved.step, rooted=saved.rooted, at=saved.at)
    round_.keys = keys
    round_.under_way = 0
    round_.answered, round_.cut, round_.whole = saved.answered, saved.cut, saved.whole
    round_.frame = saved.frame
    round_.waits_for_tools, round_.told = saved.waits_for_tools, saved.told
    return round_


def _hex(digest: int) -> str:
    return f"{digest:x}"


def _number(text: str) -> int:
    number = int(text, 16)
    if number < 0 or number.bit_length() > _DIGEST_BITS:
        raise ValueError("thread: expected a digest, found another number")
    return number


def _numbers(texts: Sequence[str]) -> tuple[int, ...]:
    return tuple(map(_number, texts))
