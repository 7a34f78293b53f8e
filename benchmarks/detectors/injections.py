"""Mistakes made on purpose in recorded conversations, each at a known place."""

import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import msgspec

from benchmarks.detectors.cache_injections import cache_broken
from benchmarks.detectors.place import SYSTEM, Injected, Place, Spoil, changed, first_spoken, places, spoilt, without
from benchmarks.identity.ask import Thread, encoded, text_of
from benchmarks.identity.recorded import Conversation
from costproxy.model import MistakeKind

_LEFT_OUT = "(old output left out)"
_LATER = 3  # requests before a mistake, where something must have grown first

Inject = Callable[[Conversation, random.Random], Injected | None]


def _reply_dropped(conversation: Conversation, chance: random.Random) -> Injected | None:
    place = _after_text(conversation, chance)
    if place is None:
        return None
    sent = spoilt(place, lambda texts: without(texts, place.before))
    return Injected(kind=MistakeKind.REPLY_DROPPED, sent=sent, request=place.number, index=place.before)


def _reply_altered(conversation: Conversation, chance: random.Random) -> Injected | None:
    place = _after_text(conversation, chance)
    if place is None:
        return None
    text = text_of(place.thread.messages[place.before])
    words = chance.choice((f"{text} (shortened)", text[: len(text) // 2] or "?", "I have answered this already."))
    altered = encoded(dict(place.thread.messages[place.before]) | {"content": words})
    sent = spoilt(place, lambda texts: changed(texts, place.before, altered))
    return Injected(kind=MistakeKind.REPLY_ALTERED, sent=sent, request=place.number, index=place.before)


def _reply_duplicated(conversation: Conversation, chance: random.Random) -> Injected | None:
    place = _after_text(conversation, chance)
    if place is None:
        return None
    twice = place.thread.texts[place.before]
    sent = spoilt(place, lambda texts: [*texts[: place.before], twice, *texts[place.before :]])
    return Injected(kind=MistakeKind.REPLY_DUPLICATED, sent=sent, request=place.number, index=place.before + 1)


def _after_text(conversation: Conversation, chance: random.Random) -> Place | None:
    """Return a place after a reply of words that a user answers."""
    return next((place for place in places(conversation, chance) if _is_talk(place)), None)


def _is_talk(place: Place) -> bool:
    message = place.thread.messages[place.before]
    calls = message.get("tool_calls") or message.get("function_call")
    return not calls and bool(text_of(message).strip()) and place.thread.role_after(place.before) == "user"


def _orphan_tool_result(conversation: Conversation, chance: random.Random) -> Injected | None:
    """The message with the call is forgotten, or sent without its calls."""
    possible = places(conversation, chance)
    place = next((each for each in possible if each.thread.role_after(each.before) == "tool"), None)
    if place is None:
        return None
    forgotten = chance.random() < 0.5
    bare = encoded({"role": "assistant", "content": text_of(place.thread.messages[place.before]) or "One moment."})
    sent = spoilt(
        place,
        lambda texts: without(texts, place.before) if forgotten else changed(texts, place.before, bare),
    )
    return Injected(
        kind=MistakeKind.ORPHAN_TOOL_RESULT,
        sent=sent,
        request=place.number,
        index=place.before + (not forgotten),
        implied=frozenset(
            {MistakeKind.CACHE_BROKEN, MistakeKind.REPLY_DROPPED if forgotten else MistakeKind.REPLY_ALTERED}
        ),
    )


def _system_changed(conversation: Conversation, chance: random.Random) -> Injected | None:
    place = next((each for each in places(conversation, chance) if each.thread.role(0) in SYSTEM), None)
    if place is None:
        return None
    message = place.thread.messages[0]
    other = encoded(dict(message) | {"content": f"It is {chance.randrange(24)} o'clock now. {text_of(message)}"})
    sent = spoilt(place, lambda texts: changed(texts, 0, other))
    return Injected(kind=MistakeKind.SYSTEM_CHANGED, sent=sent, request=place.number)


def _tools_changed(conversation: Conversation, chance: random.Random) -> Injected | None:
    place = next((each for each in places(conversation, chance) if each.thread.tools), None)
    if place is None or place.thread.tools is None:
        return None
    sent = spoilt(place, lambda texts: texts, tools=_other_tools(place.thread.tools, chance))
    return Injected(kind=MistakeKind.TOOLS_CHANGED, sent=sent, request=place.number)


def _other_tools(tools: bytes, chance: random.Random) -> bytes:
    listed: list[Any] = msgspec.json.decode(tools)
    match chance.randrange(3):
        case 0 if len(listed) > 1:
            listed.pop(chance.randrange(len(listed)))
        case 1 if len(listed) > 1:
            listed = [*listed[1:], listed[0]]
        case _:
            listed.append({"type": "function", "function": {"name": f"another_{chance.getrandbits(32):08x}"}})
    return msgspec.json.encode(listed)


def _history_trimmed(conversation: Conversation, chance: random.Random) -> Injected | None:
    """The oldest turns are left out, or an old message becomes shorter where it stands."""
    for place in places(conversation, chance, _LATER):
        made = _cut(place) if chance.random() < 0.5 else _rewritten(place)
        if made is not None:
            spoil, index = made
            sent = spoilt(place, spoil)
            return Injected(kind=MistakeKind.HISTORY_TRIMMED, sent=sent, request=place.number, index=index)
    return None


def _cut(place: Place) -> tuple[Spoil, int] | None:
    """Leave out the oldest turns but not the last: a user's message is the first then."""
    thread = place.thread
    first = first_spoken(thread)
    last = max((index for index in range(place.before) if thread.role(index) == "user"), default=0)
    starts = [index for index in range(first + 1, last + 1) if thread.role(index) == "user"]
    if not starts:
        return None
    start = place.chance.choice(starts)
    return (lambda texts: [*texts[:first], *texts[start:]]), first


def _rewritten(place: Place) -> tuple[Spoil, int] | None:
    thread = place.thread
    last = thread.replies[place.number - 2]
    old = [index for index in range(first_spoken(thread) + 1, last) if _is_long(thread, index)]
    if not old:
        return None
    index = place.chance.choice(old)
    shorter = encoded(dict(thread.messages[index]) | {"content": _LEFT_OUT})
    return (lambda texts: changed(texts, index, shorter)), index


def _is_long(thread: Thread, index: int) -> bool:
    return thread.role(index) in ("user", "tool") and len(text_of(thread.messages[index])) > len(
        "(old output left out)"
    )


def _cut_by_length(conversation: Conversation, chance: random.Random) -> Injected | None:
    place = next(places(conversation, chance), None)
    if place is None:
        return None
    sent = spoilt(place, lambda texts: texts)
    sent[place.number] = replace(sent[place.number], finish_reason="length")
    return Injected(kind=MistakeKind.CUT_BY_LENGTH, sent=sent, request=place.number)


def _duplicate_in_flight(conversation: Conversation, chance: random.Random) -> Injected | None:
    place = next(places(conversation, chance), None)
    if place is None:
        return None
    sent = spoilt(place, lambda texts: texts)
    sent.insert(place.number, replace(sent[place.number], overlaps=True))
    return Injected(kind=MistakeKind.DUPLICATE_IN_FLIGHT, sent=sent, request=place.number + 1)


INJECTIONS: Mapping[MistakeKind, Inject] = MappingProxyType(
    {
        MistakeKind.REPLY_DROPPED: _reply_dropped,
        MistakeKind.REPLY_ALTERED: _reply_altered,
        MistakeKind.REPLY_DUPLICATED: _reply_duplicated,
        MistakeKind.ORPHAN_TOOL_RESULT: _orphan_tool_result,
        MistakeKind.SYSTEM_CHANGED: _system_changed,
        MistakeKind.TOOLS_CHANGED: _tools_changed,
        MistakeKind.HISTORY_TRIMMED: _history_trimmed,
        MistakeKind.CACHE_BROKEN: cache_broken,
        MistakeKind.CUT_BY_LENGTH: _cut_by_length,
        MistakeKind.DUPLICATE_IN_FLIGHT: _duplicate_in_flight,
    }
)
