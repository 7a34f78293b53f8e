"""Messages read into facts, each message once, however often it is sent again."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from costproxy.conversations.canonical import LOOSE, Canonical, Kind, canonical, canonical_reply, merged, tokens_of
from costproxy.conversations.digests import Digests
from costproxy.conversations.facts import MOST_TEXT, PLACE, Facts
from costproxy.conversations.spelling import canonical_json, parsed
from costproxy.model import JsonText, Part, ReplyMessage

_T = TypeVar("_T")
_MARKS = frozenset({"cache_control", "strict"})


class Reader:
    """Reads messages; remembers at least the last `keep` that were distinct, and at most twice as many.

    What it has read it finds again by a hash of the JSON as it was written: the interpreter's own, which is seeded
    per process and takes a tenth of the time of a digest. Two generations of memory take the place of a list in
    order of use: what is asked for moves into the young one, and the old one goes when that is full.
    Threads may share it: the worst that can happen is that a message is read twice.
    """

    def __init__(self, digests: Digests, *, keep: int = 32_768) -> None:
        self._digests = digests
        self._keep = keep
        self._young: dict[int, Facts] = {}
        self._old: dict[int, Facts] = {}

    def __repr__(self) -> str:
        return f"<Reader remembers={len(self)}>"

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def messages(self, texts: Sequence[JsonText]) -> list[Facts]:
        """Return the facts of messages; what cannot be read is told by its bytes."""
        young, found = self._young, []
        for text in texts:
            plain = bytes(text)  # a view has a hash only if what it is a view of has one
            key = hash(plain)
            facts = young.get(key)
            if facts is None or facts.size != len(plain):
                facts = self._look(key, plain, self._message)
            found.append(facts)
        return found

    def system(self, text: JsonText) -> Facts:
        """Return the facts of what is sent beside the messages."""
        return self._look(~hash(bytes(text)), text, self._system)

    def tools(self, text: JsonText) -> Facts:
        """Return the facts of the definitions of tools."""
        return self._look(hash(bytes(text)) ^ 0x5BD1E995, text, self._tools)

    def whole(self, texts: Sequence[JsonText]) -> Facts:
        """Return the facts of the one reply that several items make up."""
        key = hash(("pieces", *map(bytes, texts)))
        size = sum(map(len, texts))
        facts = self._young.get(key)
        if facts is None or facts.size != size:
            facts = self._merged(texts, size)
            self._remember(key, facts)
        return facts

    def reply(self, reply: ReplyMessage) -> Facts:
        """Return the facts of a reply, which are those of its echo."""
        form = _lenient(lambda: canonical_reply(reply)) or Canonical(Kind.ASSISTANT, role="unreadable")
        return self._facts(form, 0)

    def prefilled(self, text: JsonText, reply: ReplyMessage) -> Facts | None:
        """Return the facts of a reply together with the beginning the application wrote; None: that is none."""
        begun = _lenient(lambda: canonical(parsed(text)))
        form = _lenient(lambda: canonical_reply(reply))
        if begun is None or form is None or not begun.text or begun.calls:
            return None
        form.text = begun.text + form.text
        return self._facts(form, 0)

    def _look(self, key: int, text: JsonText, read: Callable[[JsonText], Facts]) -> Facts:
        facts = self._young.get(key)
        if facts is not None and facts.size == len(text):
            return facts
        facts = self._old.get(key)
        if facts is None or facts.size != len(text):
            facts = read(text)
        self._remember(key, facts)
        return facts

    def _remember(self, key: int, facts: Facts) -> None:
        if len(self._young) >= self._keep:
            self._old, self._young = self._young, {}
        self._young[key] = facts

    def _message(self, text: JsonText) -> Facts:
        form = _lenient(lambda: canonical(parsed(text)))
        return self._opaque(text, Part.USER) if form is None else self._facts(form, len(text))

    def _system(self, text: JsonText) -> Facts:
        """Read it as a system message's content, for so it may have been sent the time before."""
        form = _lenient(lambda: canonical({"role": "system", "content": parsed(text)}))
        return self._opaque(text, Part.SYSTEM) if form is None else self._facts(form, len(text))

    def _tools(self, text: JsonText) -> Facts:
        spelled = _lenient(lambda: canonical_json(_unmarked(parsed(text))))
        if spelled is None:
            return self._opaque(text, Part.TOOLS)
        return Facts(
            size=len(text),
            kind=Kind.SYSTEM,
            digest=self._digests.of_text("tools", spelled),
            part=PLACE[Part.TOOLS],
            tokens=tokens_of(spelled),
        )

    def _merged(self, texts: Sequence[JsonText], size: int) -> Facts:
        form = _lenient(lambda: merged(parsed(text) for text in texts))
        return self._opaque(b"".join(texts), Part.ASSISTANT) if form is None else self._facts(form, size)

    def _facts(self, form: Canonical, size: int) -> Facts:
        counts = [(PLACE[part], tokens) for part, tokens in form.tokens.items()] or [(PLACE[Part.ASSISTANT], 0)]
        return Facts(
            size=size,
            kind=form.kind,
            digest=self._digests.of(form.digestible()),
            part=counts[0][0],
            tokens=counts[0][1],
            more=tuple(counts[1:]),
            length=min(form.length, MOST_TEXT),
            makes=tuple(self._digests.short(made) if made else 0 for made in form.makes),
            answers=tuple(self._digests.short(answered) if answered else 0 for answered in form.answers),
            piecemeal=form.piecemeal,
            refers=form.refers,
            loose=form.piecemeal or form.kind in LOOSE,
        )

    def _opaque(self, text: JsonText, part: Part) -> Facts:
        digest = self._digests.of_text("unreadable", bytes(text))
        return Facts(size=len(text), kind=Kind.USER, digest=digest, part=PLACE[part], tokens=len(text) // 4)


def _lenient(read: Callable[[], _T]) -> _T | None:
    """Return what is read; None for what is nested too deeply or is no JSON."""
    try:
        return read()
    except (ValueError, RecursionError):
        return None


def _unmarked(tools: Any) -> Any:
    if not isinstance(tools, list):
        return tools
    return [
        {name: value for name, value in tool.items() if name not in _MARKS} if isinstance(tool, dict) else tool
        for tool in tools
    ]
