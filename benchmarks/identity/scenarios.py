"""What applications do with a history: each scenario makes requests of a recorded conversation."""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from benchmarks.identity.ask import Ask, Thread, encoded
from benchmarks.identity.echo import echo
from benchmarks.identity.recorded import Conversation
from costproxy.model import ReplyMessage
from costproxy.offline.recorded_replies import chat_reply

SHARE = 0.25  # of requests that are regenerated, of user messages that are edited
WINDOW = 12  # messages
_SYSTEM = ("system", "developer")
_RESULTS = ("tool", "function")
_OPENING = encoded({"role": "user", "content": "Hello"})
_GREETING = {"role": "assistant", "content": "Hello! How can I help you today?"}
_MODEL = "gpt-4o"

Make = Callable[[Conversation, random.Random], Iterator[Ask]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One way to lead conversations, and how well they must be told apart (name of a figure: the least)."""

    name: str
    title: str
    make: Make
    floors: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({"rand": 0.99}))


def _clean(conversation: Conversation, _: random.Random) -> Iterator[Ask]:
    yield from Thread(conversation).asks()


def _echoed(conversation: Conversation, chance: random.Random) -> Iterator[Ask]:
    """The reply comes back as an SDK writes it, the same way from then on."""
    thread = Thread(conversation)
    texts = list(thread.texts)
    for index in thread.replies:
        texts[index] = encoded(echo(thread.messages[index], chance))
    for index in thread.replies:
        yield thread.ask(index, texts[:index])


def _hello(conversation: Conversation, _: random.Random) -> Iterator[Ask]:
    """Everybody opens with the same word to the same application: same system prompt, same tools."""
    yield from _alike(conversation, same_reply=False)


def _hello_same_reply(conversation: Conversation, _: random.Random) -> Iterator[Ask]:
    """And everybody is answered the same."""
    yield from _alike(conversation, same_reply=True)


def _alike(conversation: Conversation, *, same_reply: bool) -> Iterator[Ask]:
    """Cut off what is before a reply that a user answers, and put a greeting there."""
    thread = Thread(conversation)
    begin = next((index for index in thread.replies if thread.role_after(index) == "user"), None)
    if begin is None:
        return
    greeting = encoded(_GREETING) if same_reply else thread.texts[begin]
    for index in thread.replies[thread.replies.index(begin) :]:
        after = [text for place, text in enumerate(thread.texts[:index]) if place > begin and _spoken(thread, place)]
        turn = thread.turns[index] - thread.turns[begin] + 1
        ask = thread.ask(index, [_OPENING, greeting, *after], turn=turn, tools=None, model=_MODEL)
        yield ask if index != begin else _opening(ask, same_reply=same_reply)


def _spoken(thread: Thread, index: int) -> bool:
    return thread.role(index) not in _SYSTEM


def _opening(ask: Ask, *, same_reply: bool) -> Ask:
    return replace(ask, messages=ask.messages[:1], reply=chat_reply(_GREETING) if same_reply else ask.reply)


def _regenerated(conversation: Conversation, chance: random.Random) -> Iterator[Ask]:
    """A quarter of the requests are sent once more, and the second reply is kept.

    Not the first: with nothing of the model in it, it cannot be told from the first request of somebody else who opens
    with the same words, and conversations are never merged for that.
    """
    for number, ask in enumerate(Thread(conversation).asks()):
        if number and chance.random() < SHARE:
            yield replace(ask, reply=_another(chance))
        yield ask


def _regenerated_first(conversation: Conversation, chance: random.Random) -> Iterator[Ask]:
    """The same, the first request included."""
    for ask in Thread(conversation).asks():
        if chance.random() < SHARE:
            yield replace(ask, reply=_another(chance))
        yield ask


def _edited(conversation: Conversation, chance: random.Random) -> Iterator[Ask]:
    """A quarter of the user's messages are answered, then taken back and replaced.

    Not the first: a conversation that opens with another message is another conversation.
    """
    thread = Thread(conversation)
    for number, ask in enumerate(thread.asks()):
        if number and thread.role(ask.index - 1) == "user" and chance.random() < SHARE:
            draft = encoded({"role": "user", "content": f"No, wait: {chance.getrandbits(64):016x}, is that right?"})
            yield replace(ask, messages=(*ask.messages[:-1], draft), reply=_another(chance))
        yield ask


def _another(chance: random.Random) -> ReplyMessage:
    return ReplyMessage(text=f"On second thoughts, the answer has the number {chance.getrandbits(64):016x}.")


def _timestamped(conversation: Conversation, chance: random.Random) -> Iterator[Ask]:
    """The system prompt says what time it is: another one in every request."""
    thread = Thread(conversation)
    rest = next((index for index in range(len(thread.texts)) if thread.role(index) not in _SYSTEM), 0)
    prompt = "".join(str(message.get("content")) for message in conversation.messages[:rest])
    for ask in thread.asks():
        moment = (
            f"The time is {chance.randrange(24):02}:{chance.randrange(60):02}:{chance.randrange(10**6) / 1e4:07.4f}."
        )
        system = encoded({"role": "system", "content": f"{moment} {prompt}"})
        yield replace(ask, messages=(system, *ask.messages[rest:]))


def _windowed(conversation: Conversation, _: random.Random) -> Iterator[Ask]:
    """Only the last messages are sent, and what belongs to the first of them: no tool's result without its call."""
    thread = Thread(conversation)
    system = [index for index in range(len(thread.texts)) if thread.role(index) in _SYSTEM]
    for ask in thread.asks():
        kept = [index for index in range(ask.index) if index not in system]
        first = max(0, len(kept) - WINDOW)
        while first and thread.role(kept[first]) in _RESULTS:
            first -= 1
        kept = kept[first:]
        yield replace(ask, messages=tuple(thread.texts[index] for index in (*system, *kept)))


def _forgetful(conversation: Conversation, _: random.Random) -> Iterator[Ask]:
    """No reply is ever appended, nor what tools returned: users' messages, one after the other."""
    thread, sent = Thread(conversation), 0
    kept = ("user", *_SYSTEM)
    turn = 0
    for ask in thread.asks():
        messages = tuple(text for index, text in enumerate(ask.messages) if thread.role(index) in kept)
        if len(messages) > sent:
            sent, turn = len(messages), turn + 1
            yield replace(ask, messages=messages, turn=turn)


def _summarised(conversation: Conversation, chance: random.Random) -> Iterator[Ask]:
    """When it has grown long, a summary takes the place of all but the last turn, whose reply is kept as it was."""
    thread, summary, before = Thread(conversation), tuple[bytes, ...](), 0
    first = start = next((index for index in range(len(thread.texts)) if _spoken(thread, index)), 0)
    most = chance.randint(8, 14)
    for index in thread.replies:
        last = _last_turn(thread, before)
        compacted = index - start > most and last > start + 2
        if compacted:
            start = last
            text = f"Summary of the conversation so far: {chance.getrandbits(128):032x}, and the rest is as before."
            summary = (encoded({"role": "user", "content": text}),)
        yield thread.ask(index, (*thread.texts[:first], *summary, *thread.texts[start:index]))
        before = index


def _last_turn(thread: Thread, reply: int) -> int:
    """Return where the turn begins that ends with this reply."""
    return next((index for index in range(reply - 1, 0, -1) if thread.role(index) == "user"), reply)


SCENARIOS = (
    Scenario(name="clean", title="clean", make=_clean),
    Scenario(name="echo", title="SDKs rewrite the reply", make=_echoed),
    Scenario(
        name="hello",
        title='everybody opens with "Hello"',
        make=_hello,
        floors=MappingProxyType({"rand": 0.98}),
    ),
    Scenario(
        name="hello-same-reply",
        title="… and gets the same reply",
        make=_hello_same_reply,
        floors=MappingProxyType({"turns": 0.97}),
    ),
    Scenario(name="regenerated", title="25 % regenerated", make=_regenerated),
    Scenario(
        name="regenerated-first",
        title="… the first request included",
        make=_regenerated_first,
        floors=MappingProxyType({}),
    ),
    Scenario(name="edited", title="25 % of user messages edited", make=_edited),
    Scenario(name="timestamp", title="time in the system prompt", make=_timestamped),
    Scenario(name="window", title=f"window of {WINDOW} messages", make=_windowed),
    Scenario(
        name="forgetful",
        title="replies are never appended",
        make=_forgetful,
        floors=MappingProxyType({"rand": 0.92, "said": 0.99}),
    ),
    Scenario(name="summary", title="history becomes a summary", make=_summarised),
)
