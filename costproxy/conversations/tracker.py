"""Which conversation a request belongs to, told from its messages; bounded memory."""

from collections.abc import Mapping, Sequence
from sys import intern
from threading import Lock
from types import MappingProxyType

from costproxy.conversations.candidates import Match, Scope
from costproxy.conversations.canonical import Kind
from costproxy.conversations.compaction import Compactions
from costproxy.conversations.digests import Digests
from costproxy.conversations.memory import Memory
from costproxy.conversations.mistakes import mistakes_of_frame, mistakes_of_reply, orphans
from costproxy.conversations.origin import Origin, origin_of, state_of
from costproxy.conversations.placed import Placed
from costproxy.conversations.placing import NONE, Overlap, numbers, overlap, stored_overlap, weights
from costproxy.conversations.reader import Reader
from costproxy.conversations.reply import read_reply
from costproxy.conversations.request import Request, read_request
from costproxy.conversations.round import Round, frame_of
from costproxy.conversations.saved import decoded, encoded
from costproxy.conversations.search import Search
from costproxy.conversations.stored import goes_on, goes_on_named
from costproxy.conversations.thread import MESSAGES, Thread
from costproxy.model import Asked, Mistake, MistakeKind, Placement, ReplyMessage, Verdict

__all__ = ["Placed", "Thread", "Tracker"]

_MOST_READ, _READ_PER_THREAD = 32_768, 4  # messages that are found again without being read
_MOST_ORPHANS = 32  # results of tools without their call that a thread remembers
_REPEATS = (Verdict.RETRY, Verdict.DUPLICATE, Verdict.REGENERATE)
_REWRITTEN = (Verdict.TRIMMED, Verdict.ANCHORED)
_UNTOLD = (Verdict.NEW, Verdict.COMPACTION_SUSPECTED)
_STORING = "responses"  # the API whose replies can be named by a later request


class Tracker:
    """All conversations that are remembered.

    `secret` keys all digests and ids. At most `threads` are remembered, for `idle` seconds after their last use and
    `life` seconds after their first. Two threads of the interpreter may use it at once: what takes long, the
    reading of messages, is done outside its lock.
    """

    def __init__(self, *, secret: bytes, threads: int = 20_000, idle: float = 7200.0, life: float = 86_400.0) -> None:
        self._digests = Digests(secret)
        self._reader = Reader(self._digests, keep=min(_MOST_READ, _READ_PER_THREAD * threads))
        self._memory = Memory(threads=threads, idle=idle, life=life)
        self._compactions = Compactions()
        self._lock = Lock()
        self._born = 0

    def __repr__(self) -> str:
        return f"<Tracker threads={len(self)}>"

    def __len__(self) -> int:
        return len(self._memory)

    def live(self) -> list[Thread]:
        """Return the threads that are remembered, least recently used first."""
        with self._lock:
            return list(self._memory)

    def get(self, id: str) -> Thread | None:  # noqa: A002 — what it is
        """Return the thread of that id; None: there is none, or it is forgotten."""
        return self._memory.get(id)

    @property
    def forgotten(self) -> Mapping[str, int]:
        """How many threads were forgotten, by reason: idle, age, capacity."""
        return MappingProxyType(self._memory.forgotten)

    def export(self, id: str) -> bytes | None:  # noqa: A002 — what it is
        """Return a thread as JSON, in digests and numbers; None: there is none, or it is forgotten."""
        with self._lock:
            thread = self._memory.get(id)
            return None if thread is None else encoded(thread, self._memory.states_of(thread))

    def restore(self, state: bytes) -> bool:
        """Remember a thread that was exported under the same secret; False: it is no state, or there already.

        Threads are to be restored before the first request, that used last at last.
        """
        try:
            thread, states = decoded(state)
        except ValueError:
            return False
        with self._lock:
            if self._memory.get(thread.id) is not None:
                return False
            self._memory.restore(thread, states)
            return True

    def place(self, asked: Asked) -> Placed:
        """Tell which conversation a request belongs to, and enter it there; `answered` must follow."""
        origin = origin_of(asked, self._digests)
        request = read_request(asked.prompt, origin.key, reader=self._reader, digests=self._digests)
        sent = request.sent(MESSAGES)
        with self._lock:
            self._memory.sweep(asked.at)
            match = self._match(asked, origin, request)
            return self._enter(asked, origin, request, match, sent)

    def answered(
        self, placed: Placed, messages: Sequence[ReplyMessage], *, reply_id: str | None, accepted: bool, at: float
    ) -> None:
        """Enter how a placed request ended; `messages` are what came of its reply, none for nothing at all.

        `accepted`: the upstream took the request on. `reply_id` is the id by which a later request may name the reply.
        """
        reply = read_reply(placed, messages, reader=self._reader, digests=self._digests) if accepted else None
        state = state_of(reply_id, self._digests) if reply_id and accepted and placed.stores else 0
        with self._lock:
            round_, thread = placed.round, placed.thread
            round_.under_way = max(0, round_.under_way - 1)
            if reply is None or self._memory.get(thread.id) is not thread:
                return
            self._memory.touch(thread, at)
            _commit(placed)
            self._memory.reply(thread, round_, reply)
            if state:
                self._memory.enter_state(thread, state, round_.request)
            self._compactions.note(thread, placed.scope)

    def _match(self, asked: Asked, origin: Origin, request: Request) -> Match:
        """Return the thread, a new one if there is none."""
        memory, at = self._memory, asked.at
        only = memory.named(origin.name) if origin.name else None
        if only is not None and not memory.is_fresh(only, at):
            only = None
        scope = Scope(
            key=origin.key,
            hard=origin.session or only is not None,
            only=only,
            home=origin.home,
            hints=origin.hints,
            model=asked.request.model,
            frame=frame_of(asked.request.model, request.system, request.tools),
        )
        found = None
        if origin.state:
            found = goes_on(request, origin.state, frame=scope.frame, memory=memory, at=at)
            found = found or (goes_on_named(only, at) if only else None)
        elif only is not None or not origin.name:
            found = Search(request, scope, memory=memory, digests=self._digests, at=at).find()
        return found or self._new(asked, origin, request, scope)

    def _new(self, asked: Asked, origin: Origin, request: Request, scope: Scope) -> Match:
        parent = None if origin.name or origin.state else self._compactions.parent(request, scope, asked.at)
        thread = Thread(id=self._id(asked, origin), at=asked.at, name=origin.name)
        thread.system, thread.tools = request.system, request.tools
        self._memory.add(thread)
        if origin.state:
            self._memory.enter_state(thread, origin.state, 0)
        if parent is None:
            return Match(thread=thread, verdict=Verdict.NEW)
        return Match(thread=thread, verdict=Verdict.COMPACTION_SUSPECTED, parent=parent.id)

    def _id(self, asked: Asked, origin: Origin) -> str:
        """Return an id that is not taken; of a conversation that has a name, the same wherever this secret is."""
        seed = [f"{origin.name}"] if origin.name else [asked.exchange, f"{asked.at}", f"{self._born}"]
        while True:
            self._born += 1
            id = f"{self._digests.of_text('id', *seed) >> 64:016x}"  # noqa: A001 — what it is
            if self._memory.get(id) is None:
                return id
            seed.append(f"{self._born}")

    def _enter(self, asked: Asked, origin: Origin, request: Request, match: Match, sent: bytes) -> Placed:
        thread = match.thread
        turn, step = numbers(match, request, asked.at)
        common = NONE if match.verdict in _UNTOLD else _overlap(match, request, sent, origin)
        mistakes, lost = self._mistakes(match, request, common, origin)
        placement = Placement(
            conversation=thread.id,
            verdict=match.verdict,
            source=asked.prompt.claim.source,
            ambiguous=match.ambiguous,
            parent=match.parent,
            turn=turn,
            step=step,
            messages=len(request.facts),
            known_messages=common.messages,
            extends=common.extends,
            change=common.change,
            weights=weights(request, common),
            mistakes=mistakes,
            ignored_ids=asked.prompt.claim.ignored,
        )
        round_ = self._round(match, request, turn, step, asked)
        _visit(thread, asked, origin)
        self._memory.touch(thread, asked.at)
        return Placed(
            placement=placement,
            thread=thread,
            round=round_,
            scope=origin.key,
            before=request.keys[-2] if request.links else origin.key,
            last=request.links[-1] if request.links else None,
            begun=request.begun(asked.prompt.messages),
            stores=asked.api == _STORING or bool(origin.state),
            system=request.system,
            tools=request.tools,
            sent=sent,
            sent_count=len(request.facts) - request.lead,
            replies=sum(link.kind is Kind.ASSISTANT for link in request.links),
            orphans=frozenset([*thread.orphans, *lost][-_MOST_ORPHANS:]) if lost else thread.orphans,
        )

    def _mistakes(
        self, match: Match, request: Request, common: Overlap, origin: Origin
    ) -> tuple[tuple[Mistake, ...], list[int]]:
        """Return what is wrong with the request, and the results of tools whose call is missing."""
        found: list[Mistake] = []
        if match.verdict not in _UNTOLD:
            found += mistakes_of_reply(request, match)
            found += mistakes_of_frame(request, match)
            if match.verdict in _REWRITTEN and common.differs is not None:
                found.append(Mistake(kind=MistakeKind.HISTORY_TRIMMED, index=common.differs))
        if origin.state or match.verdict in _REPEATS:
            return tuple(found), []
        known = match.thread.orphans
        lost = [each for each in orphans(request, request.lead + common.behind) if each[0] not in known]
        found += (Mistake(kind=MistakeKind.ORPHAN_TOOL_RESULT, index=place) for _, place in lost)
        return tuple(found), [digest for digest, _ in lost]

    def _round(self, match: Match, request: Request, turn: int, step: int, asked: Asked) -> Round:
        """Return the round that the request begins, or is a repetition of."""
        thread, frame = match.thread, frame_of(asked.request.model, request.system, request.tools)
        frame = next((each.frame for each in thread.rounds if each.frame == frame), frame)  # one number for all of them
        if match.verdict in _REPEATS and match.round is not None and match.round in thread.rounds:
            match.round.frame = frame
            self._memory.again(thread, match.round, asked.at)
            return match.round
        round_ = Round(
            request=request.known_by,
            turn=turn,
            step=step,
            rooted=match.is_reply or (match.round is not None and match.round.rooted),
            at=asked.at,
            frame=frame,
        )
        self._memory.begin(thread, round_)
        return round_


def _overlap(match: Match, request: Request, sent: bytes, origin: Origin) -> Overlap:
    return stored_overlap(match, request) if origin.state else overlap(match, request, sent)


def _visit(thread: Thread, asked: Asked, origin: Origin) -> None:
    model = asked.request.model
    thread.upstream, thread.app, thread.asked_model = asked.upstream, asked.app, model and intern(model)
    thread.model = thread.model or thread.asked_model
    thread.home, thread.hints = origin.home, origin.hints


def _commit(placed: Placed) -> None:
    """Let the next request be compared with this one, which the upstream took."""
    thread = placed.thread
    thread.system, thread.tools = placed.system, placed.tools
    thread.sent, thread.sent_count = placed.sent, placed.sent_count
    thread.orphans = placed.orphans
