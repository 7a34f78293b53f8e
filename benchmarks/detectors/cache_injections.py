"""Changes at the front of a prompt that the provider had in its cache."""

import random
from typing import Any

import msgspec

from benchmarks.detectors.place import SYSTEM, Injected, Place, Spoil, changed, first_spoken, places, spoilt
from benchmarks.identity.ask import encoded, text_of
from benchmarks.identity.recorded import Conversation
from costproxy.model import MistakeKind, Region

_ENOUGH = 1600 * 4  # bytes: what a cache holds of a prompt so long is missed when it is lost
_LATER = 3  # requests before, of which the provider must have served one from its cache


def cache_broken(conversation: Conversation, chance: random.Random) -> Injected | None:
    """A change at the front of a prompt that the provider had in its cache, in any of its regions."""
    makers = [_cache_broken_by_tools, _cache_broken_by_system, _cache_broken_by_messages]
    chance.shuffle(makers)
    for place in places(conversation, chance, _LATER):
        if _size(place, place.thread.replies[place.number - 2]) >= _ENOUGH:
            return next((made for maker in makers if (made := maker(place)) is not None), None)
    return None


def _size(place: Place, end: int) -> int:
    return len(place.thread.tools or b"") + sum(map(len, place.thread.texts[:end]))


def _cache_broken_by_tools(place: Place) -> Injected | None:
    tools = place.thread.tools
    if tools is None:
        return None
    first = {"type": "function", "function": {"name": f"another_{place.chance.getrandbits(32):08x}"}}
    other = msgspec.json.encode([first, *msgspec.json.decode(tools)])
    return _broken(place, lambda texts: texts, Region.TOOLS, None, MistakeKind.TOOLS_CHANGED, tools=other)


def _cache_broken_by_system(place: Place) -> Injected | None:
    """Only where what is before the system prompt is little beside what is behind."""
    thread = place.thread
    held = _size(place, thread.replies[place.number - 1])
    if thread.role(0) not in SYSTEM or len(thread.tools or b"") * 2 > held:
        return None
    message = thread.messages[0]
    other = encoded(dict(message) | {"content": f"{place.chance.getrandbits(32):08x} {text_of(message)}"})
    return _broken(place, lambda texts: changed(texts, 0, other), Region.SYSTEM, None, MistakeKind.SYSTEM_CHANGED)


def _cache_broken_by_messages(place: Place) -> Injected | None:
    """Likewise an early message."""
    thread = place.thread
    first, held = first_spoken(thread), _size(place, thread.replies[place.number - 1])
    if thread.role(first) != "user" or _size(place, first) * 2 > held:
        return None
    other = encoded(dict(thread.messages[first]) | {"content": f"At first: {text_of(thread.messages[first])}"})
    spoil: Spoil = lambda texts: changed(texts, first, other)  # noqa: E731
    return _broken(place, spoil, Region.MESSAGES, first, MistakeKind.HISTORY_TRIMMED)


def _broken(
    place: Place, spoil: Spoil, region: Region, index: int | None, implied: MistakeKind, **asked: Any
) -> Injected:
    return Injected(
        kind=MistakeKind.CACHE_BROKEN,
        sent=spoilt(place, spoil, **asked),
        request=place.number,
        index=index,
        region=region,
        implied=frozenset({implied}),
    )
