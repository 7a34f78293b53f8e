"""How often mistakes are found: `python -m benchmarks.detectors [FOLDER]`. See docs/benchmarks.md."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

if __name__ == "__main__" and not __package__:  # started by its path, it finds its own folder only
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from benchmarks.detectors import report
from benchmarks.detectors.injections import INJECTIONS
from benchmarks.detectors.report import Result
from benchmarks.detectors.trial import of_sessions, quiet, trial
from benchmarks.errors import BenchError
from benchmarks.identity import recorded, sessions
from benchmarks.identity.progress import Progress

_WRONG_COMMAND_LINE = 2
_QUIET, _SESSIONS = "as_recorded", "sessions"
FLOOR = 0.95  # of precision, recall and place


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and return the exit code: 0, 1 for a false alarm or a floor that was missed, 2 for wrong words."""
    options = _parser().parse_args(argv)
    try:
        where = recorded.folder(options.folder)
    except BenchError as error:
        print(f"benchmark: {error}", file=sys.stderr)
        return _WRONG_COMMAND_LINE
    progress = Progress(sys.stderr if sys.stderr.isatty() else None)
    result = _measure(where, options.only, count=options.count, seed=options.seed, progress=progress)
    progress.end()
    print(report.as_json(result) if options.json else "\n".join(report.lines(result)))
    figures = [figure for each in result.trials for figure in (each.precision, each.recall, each.place)]
    low = any(figure is not None and figure < FLOOR for figure in figures)
    return 1 if low or (result.quiet is not None and result.quiet.alarms) else 0


def _measure(where: Path, only: Sequence[str] | None, *, count: int, seed: int, progress: Progress) -> Result:
    every = recorded.conversations(where)
    sample = recorded.sample(every, count, seed=seed)
    kinds = [kind for kind in INJECTIONS if only is None or kind in only]
    calm, calls = None, None
    trials = [trial(kind, sample, seed=seed, tick=progress.ticks(kind, len(sample))) for kind in kinds]
    if only is None or _QUIET in only:
        calm = quiet(every, seed=seed, tick=progress.ticks(_QUIET, len(every)))
    if only is None or _SESSIONS in only:
        recordings = [session for path in recorded.sessions(where) for session in sessions.read(path)]
        sent = [[each.sent for each in session] for session in recordings]
        calls = of_sessions(sent, seed=seed, tick=progress.ticks(_SESSIONS, len(sent)))
    return Result(trials=trials, quiet=calm, sessions=calls)


def _parser() -> argparse.ArgumentParser:
    names = (*INJECTIONS, _QUIET, _SESSIONS)
    parser = argparse.ArgumentParser(prog="python -m benchmarks.detectors", description=__doc__, allow_abbrev=False)
    parser.add_argument("folder", nargs="?", type=Path, help="of recorded conversations, *.jsonl")
    parser.add_argument("--only", nargs="+", choices=names, metavar="MISTAKE", help=", ".join(names))
    parser.add_argument("--count", type=int, default=200, help="conversations with mistakes (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the choice and the order (%(default)s)")
    parser.add_argument("--json", action="store_true", help="the figures for programs")
    return parser


if __name__ == "__main__":
    sys.exit(main())
