"""A run: the scenarios and the sessions, one after the other."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.identity import recorded, sessions
from benchmarks.identity.ask import Sent
from benchmarks.identity.causes import Cause, causes
from benchmarks.identity.findings import Finding, finding
from benchmarks.identity.progress import Progress
from benchmarks.identity.recorded import Conversation
from benchmarks.identity.scenarios import SCENARIOS, Scenario
from benchmarks.identity.sessions import SessionRequest
from benchmarks.identity.traffic import Seen, Traffic

SESSIONS = "sessions"
_SESSION_FLOOR = 0.86
_FORGETS = "forgetful"
_FIXTURES = "cassettes"  # recorded by tests, which like to send the same again and again


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a run came to."""

    findings: Sequence[Finding]
    causes: Mapping[str, Sequence[Cause]] = field(default_factory=dict)  # by file of sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How to measure."""

    folder: Path
    count: int = 200
    at_once: int = 50
    seed: int = 0
    progress: Progress = field(default_factory=lambda: Progress(None))

    def measure(self, names: Sequence[str] | None = None) -> Result:
        """Measure these scenarios, all of them without names."""
        chosen = [scenario for scenario in SCENARIOS if names is None or scenario.name in names]
        found = list(self._scenarios(chosen)) if chosen else []
        if names is not None and SESSIONS not in names:
            return Result(findings=found)
        of_sessions, why = self._sessions()
        return Result(findings=[*found, *of_sessions], causes=why)

    def _scenarios(self, chosen: Sequence[Scenario]) -> Iterator[Finding]:
        sample = recorded.sample(recorded.conversations(self.folder), self.count, seed=self.seed)
        for scenario in chosen:
            traffic = Traffic(at_once=self.at_once, seed=self.seed)
            seen = traffic.run(self._sent(scenario, sample), self.progress.ticks(scenario.title, len(sample)))
            forgets = scenario.name == _FORGETS
            yield finding(scenario.name, scenario.title, seen, scenario.floors, forgets=forgets)

    def _sent(self, scenario: Scenario, sample: Sequence[Conversation]) -> Iterator[Iterator[Sent]]:
        for number, conversation in enumerate(sample):
            chance = random.Random(f"{self.seed} {scenario.name} {number}")
            yield (ask.sent for ask in scenario.make(conversation, chance))

    def _sessions(self) -> tuple[list[Finding], dict[str, Sequence[Cause]]]:
        files = {
            path.stem.removeprefix("sessions-"): list(sessions.read(path)) for path in recorded.sessions(self.folder)
        }
        fixtures = [session for name, of_file in files.items() if name.startswith(_FIXTURES) for session in of_file]
        every = [session for of_file in files.values() for session in of_file]
        findings: list[Finding] = []
        why: dict[str, Sequence[Cause]] = {}
        for name, of_file in {**files, "all fixtures of tests": fixtures, "all sessions": every}.items():
            floors = {"rand": _SESSION_FLOOR} if of_file is every else {}
            by_session, by_thread, seen = self._told(name, of_file, floors)
            findings += by_session, by_thread
            why[name] = causes(seen)
        return findings, why

    def _told(
        self, name: str, of_file: Sequence[Sequence[SessionRequest]], floors: Mapping[str, float]
    ) -> tuple[Finding, Finding, Sequence[Seen]]:
        order = list(of_file)
        random.Random(self.seed).shuffle(order)
        traffic = Traffic(at_once=self.at_once, seed=self.seed)
        seen = traffic.run(
            ([each.sent for each in session] for session in order), self.progress.ticks(name, len(order))
        )
        thread = {id(each.sent): each.thread for session in order for each in session}
        cut = [replace(each, sent=replace(each.sent, conversation=thread[id(each.sent)])) for each in seen]
        return (
            finding(name, name, seen, floors, forgets=False),
            finding(f"{name}, by thread", "  by thread", cut, {"rand": _SESSION_FLOOR}, forgets=False),
            seen,
        )
