"""How well conversations are told apart: `python -m benchmarks.identity [FOLDER]`. See docs/benchmarks.md."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

if __name__ == "__main__" and not __package__:  # started by its path, it finds its own folder only
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from benchmarks.errors import BenchError
from benchmarks.identity import recorded, report
from benchmarks.identity.measure import SESSIONS, Run
from benchmarks.identity.progress import Progress
from benchmarks.identity.scenarios import SCENARIOS

_WRONG_COMMAND_LINE = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and return the exit code: 0, 1 if a floor was missed, 2 for wrong words or no data."""
    options = _parser().parse_args(argv)
    try:
        where = recorded.folder(options.folder)
    except BenchError as error:
        print(f"benchmark: {error}", file=sys.stderr)
        return _WRONG_COMMAND_LINE
    progress = Progress(sys.stderr if sys.stderr.isatty() else None)
    run = Run(folder=where, count=options.count, at_once=options.interleave, seed=options.seed, progress=progress)
    result = run.measure(options.only)
    progress.end()
    print(report.as_json(result) if options.json else "\n".join(report.lines(result, wrong=options.wrong)))
    return 1 if any(each.missed for each in result.findings) else 0


def _parser() -> argparse.ArgumentParser:
    names = (*(scenario.name for scenario in SCENARIOS), SESSIONS)
    parser = argparse.ArgumentParser(prog="python -m benchmarks.identity", description=__doc__, allow_abbrev=False)
    parser.add_argument("folder", nargs="?", type=Path, help="of recorded conversations, *.jsonl")
    parser.add_argument("--only", nargs="+", choices=names, metavar="SCENARIO", help=", ".join(names))
    parser.add_argument("--count", type=_positive, default=200, help="conversations (%(default)s)")
    parser.add_argument("--interleave", type=_positive, default=50, help="of them at a time (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the choice and the order (%(default)s)")
    parser.add_argument("--wrong", action="store_true", help="say which requests were put where they do not belong")
    parser.add_argument("--json", action="store_true", help="the figures for programs")
    return parser


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number above 0, found {text!r}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
