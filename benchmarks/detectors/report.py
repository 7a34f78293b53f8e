"""What the detectors found, for people and for programs."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.detectors.trial import Alarm, Quiet, Trial

_SHOWN = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a run came to; None was not asked for."""

    trials: Sequence[Trial] = ()
    quiet: Quiet | None = None
    sessions: Quiet | None = None


def lines(result: Result) -> Iterator[str]:
    """Yield a line for each kind of mistake, and what was said about conversations without one."""
    trials, quiet = result.trials, result.quiet
    if trials:
        yield f"{'':22}{'made':>6}{'found':>7}{'precision':>11}{'recall':>8}{'place':>7}  also said"
    for each in trials:
        others = ", ".join(f"{kind} {count}" for kind, count in each.others.items())
        figures = f"{_share(each.precision):>11}{_share(each.recall):>8}{_share(each.place):>7}"
        yield f"{each.kind:22}{each.injected:>6}{each.found:>7}{figures}  {others}"
    for each in trials:
        yield from (f"  {each.kind}: not found in {place}" for place in each.missed[:_SHOWN])
        yield from (f"  {each.kind}: found in {_alarm(alarm)}, too" for alarm in each.extra[:_SHOWN])
    if quiet is not None:
        yield f"\n{quiet.requests:,} requests of conversations as recorded: {len(quiet.alarms)} false alarms"
        yield from (f"  {alarm.mistake.kind} in {_alarm(alarm)}" for alarm in quiet.alarms[:_SHOWN])
    if result.sessions is not None:
        yield f"\n{result.sessions.requests:,} requests of recorded sessions; what was said of them may be true:"
        yield from _said(result.sessions)


def _said(sessions: Quiet) -> Iterator[str]:
    by_kind: defaultdict[str, list[str]] = defaultdict(list)
    for alarm in sessions.alarms:
        by_kind[alarm.mistake.kind].append(_alarm(alarm))
    for kind, places in by_kind.items():
        yield f"{len(places):>6} {kind}: {'; '.join(places[:3])}"


def as_json(result: Result) -> str:
    """Return all of it."""
    found = {
        "mistakes": {each.kind: _trial(each) for each in result.trials},
        "as_recorded": _quiet(result.quiet),
        "sessions": _quiet(result.sessions),
    }
    return json.dumps(found, indent=2, ensure_ascii=False)


def _quiet(each: Quiet | None) -> dict[str, object] | None:
    if each is None:
        return None
    return {"requests": each.requests, "said": [f"{alarm.mistake.kind} {_alarm(alarm)}" for alarm in each.alarms]}


def _trial(each: Trial) -> dict[str, object]:
    return {
        "made": each.injected,
        "found": each.found,
        "precision": each.precision,
        "recall": each.recall,
        "place": each.place,
        "missed": list(each.missed),
        "extra": [_alarm(alarm) for alarm in each.extra],
        "others": dict(each.others),
    }


def _alarm(alarm: Alarm) -> str:
    where = "" if alarm.mistake.index is None else f", message {alarm.mistake.index}"
    return f"{alarm.conversation}#{alarm.request}{where}"


def _share(share: float | None) -> str:
    return "-" if share is None else f"{share:.3f}"
